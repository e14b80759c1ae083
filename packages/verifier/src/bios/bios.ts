import { thousands } from '@bzelf/bytes';
import type { MemoryRange } from '@bzelf/loader';
import { executionFinding } from '../execution/findings.js';
import type { Finding } from '../finding.js';
import { FLAG, Guest, type BiosMachine } from './guest.js';
import { ROM, ROM_SEGMENT, stubOf } from './memory.js';
import type { BiosAnswer, Service } from './service.js';
import { OTHER_SERVICES, SYSTEM_SERVICES } from './system.js';
import { VIDEO_SERVICES } from './video.js';

export const BIOS_SERVICES: readonly Service[] = [...VIDEO_SERVICES, ...SYSTEM_SERVICES, ...OTHER_SERVICES];

/** How often a program has called a function of the BIOS. */
export interface BiosCall {
  /** `int 15h, ax=e820`: the vector, and as much of AX as chooses the function; AH where it is unknown. */
  readonly call: string;
  readonly name: string;
  readonly answer: BiosAnswer;
  readonly count: number;
}

/** Below are exceptions and hardware interrupts. */
const FIRST_SERVICE = 0x10;
const ROM_SIZE = 0x1_0000;

/**
 * The services of a PC's BIOS for a program in real mode, as far as the setup code of a kernel asks for them: a text screen, a memory map, no disks, no keys,
 * no APM, no PCI. What nobody knows is answered by the carry flag, and counted as everything is. Source: SeaBIOS; Ralf Brown's interrupt list.
 */
export class Bios {
  private readonly guest: Guest;
  private readonly counts = new Map<string, { readonly call: Omit<BiosCall, 'count'>; count: number }>();

  constructor(
    machine: BiosMachine,
    private readonly map: readonly MemoryRange[],
  ) {
    this.guest = new Guest(machine);
  }

  /** The hook for INT n: done here, unless a program has put itself in front. */
  interrupt(vector: number): 'skip' | 'deliver' {
    if (this.guest.isProtected() || !this.isOurs(vector)) return 'deliver';
    const ax = this.guest.get('ax');
    const service = BIOS_SERVICES.find((own) => own.vector === vector && isAsked(own, ax));
    this.note(vector, ax, service);
    if (service !== undefined) service.run(this.guest, this.map);
    else this.guest.setFlag(FLAG.carry, true);
    return 'skip';
  }

  /** By vector and function, the same in every run. */
  get calls(): BiosCall[] {
    const byCall = (a: BiosCall, b: BiosCall) => (a.call < b.call ? -1 : 1);
    return [...this.counts.values()].map(({ call, count }) => ({ ...call, count })).sort(byCall);
  }

  /** The vector leads to our ROM, or the call comes from there: somebody has called the old vector. */
  private isOurs(vector: number): boolean {
    if (vector < FIRST_SERVICE) return false;
    const { linearRip } = this.guest.machine;
    if (linearRip >= BigInt(ROM) && linearRip < BigInt(ROM + ROM_SIZE)) return true;
    const entry = this.guest.view(4 * vector, 4).getUint32(0, true);
    return entry === ROM_SEGMENT * 0x10000 + stubOf(vector);
  }

  private note(vector: number, ax: number, service: Service | undefined): void {
    const chosen = service === undefined || service.ax?.[0] === 0xff00;
    const digits = chosen ? `, ah=${hex(ax >> 8, 2)}` : service.ax === undefined ? '' : `, ax=${hex(ax, 4)}`;
    const call = `int ${hex(vector, 2)}h${digits}`;
    const known = this.counts.get(call);
    if (known !== undefined) known.count++;
    else if (this.counts.size < MOST_CALLS)
      this.counts.set(call, {
        call: { call, name: service?.name ?? 'unknown', answer: service?.answer ?? 'unknown' },
        count: 1,
      });
  }
}

/** One finding for each. */
export const unknownCalls = (calls: readonly BiosCall[]): Finding[] =>
  calls
    .filter(({ answer }) => answer === 'unknown')
    .map(({ call, count }) =>
      executionFinding('run/bios-unknown', { field: call, found: count === 1 ? 'once' : `${thousands(count)} times` }),
    );

/** Functions, known or not, that a report lists. */
const MOST_CALLS = 1000;

const isAsked = ({ ax }: Service, value: number): boolean => ax === undefined || (value & ax[0]) === ax[1];
const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
