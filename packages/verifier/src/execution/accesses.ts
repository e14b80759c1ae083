import { toHex } from '@bzelf/bytes';
import type { Denied, Machine, TraceEntry } from '@bzelf/x86';

const PAGE = 4096;
/** After so many pages it is clear that something is wrong. */
const MOST_PAGES = 256;

/** Accesses of one instruction to memory that was not there for it, page after page; or instructions there, one behind the other. */
export interface Unmapped {
  readonly kind: Denied['kind'];
  readonly start: number;
  /** One past the last page that was touched. */
  end: number;
  /** Bytes of the first access. */
  readonly size: number;
  readonly rip: bigint;
  /** Instructions before the first access. */
  readonly count: bigint;
  readonly text: string;
}

export type Disassembler = (entry: Pick<TraceEntry, 'bytes' | 'bits' | 'rip'>) => string;

/** Where there is no disassembler: the bytes. */
export const bytesText: Disassembler = ({ bytes }) => toHex(bytes);

/** Lets the machine go on behind accesses that are denied, and keeps account of them. */
export class UnmappedLog {
  readonly list: Unmapped[] = [];
  private pages = 0;

  constructor(
    private readonly machine: Machine,
    private readonly text: Disassembler,
  ) {}

  /** Notes it and gives the page. False when there were too many. */
  allow({ physical, kind, size }: Denied, rip: bigint, count: bigint): boolean {
    const start = physical - (physical % PAGE);
    const last = this.list.findLast((own) => own.kind === kind && (kind === 'fetch' || own.rip === rip));
    if (last?.end === start) last.end += PAGE;
    else
      this.list.push({
        kind,
        start: physical,
        end: start + PAGE,
        size,
        rip,
        count,
        text: textAt(this.machine, this.text),
      });
    this.machine.map({ start, length: PAGE, access: 'rwx' });
    return ++this.pages < MOST_PAGES;
  }
}

/** The next instruction of a machine. */
export const textAt = (machine: Machine, text: Disassembler): string => instructionAt(machine, text, machine.linearRip);

/** The instruction at a linear address, by the mode and the page tables of now. */
export function instructionAt(machine: Machine, text: Disassembler, rip: bigint): string {
  const at = machine.physicalOf(rip);
  if (at === undefined || at >= machine.ram.length) return '?';
  const left = PAGE - (at % PAGE);
  const rest = left < 15 ? machine.physicalOf(rip + BigInt(left)) : undefined;
  const head = machine.ram.subarray(at, at + Math.min(15, left));
  const tail = rest === undefined ? new Uint8Array(0) : machine.ram.subarray(rest, rest + 15 - left);
  return text({ bytes: Uint8Array.from([...head, ...tail]), bits: machine.bits, rip });
}
