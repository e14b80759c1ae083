import { ATTRIBUTE, CR0, CR4, EFER, type Machine, type SegmentName } from '@bzelf/x86';
import type { AddressSpace } from './address-space.js';

/** Present, and of code or data: DPL is bits 5 and 6. */
const DPL = 0x60;
const DPL_1 = 0x20;
const ALL = ['es', 'ds', 'fs', 'gs'] as const;
const pairOf = (value: bigint) => ({
  lo: Number(BigInt.asIntN(32, value)),
  hi: Number(BigInt.asIntN(32, value >> 32n)),
});
const bit = (flag: number): bigint => BigInt(flag >>> 0);
const PG = bit(CR0.PG);
const PE = bit(CR0.PE);
const WP = bit(CR0.WP);
const PAE = bit(CR4.PAE);
const LME = bit(EFER.LME);
const LMA = bit(EFER.LMA);

/** The control registers as the guest believes them to be, over a processor that is in ring 1 with paging on. */
export class VirtualProcessor {
  readonly cr = new Map<number, bigint>();
  efer: bigint;
  /** IF of the guest; interrupts are always off. */
  interrupts = false;

  constructor(
    private readonly machine: Machine,
    private readonly space: AddressSpace,
  ) {
    for (const number of [0, 2, 3, 4, 8]) this.cr.set(number, machine.register(`cr${number}`));
    this.efer = machine.register('efer');
  }

  get isLong(): boolean {
    return (this.efer & LMA) !== 0n;
  }

  read(number: number): bigint {
    return number === 2 || number === 8 ? this.machine.register(`cr${number}`) : (this.cr.get(number) ?? 0n);
  }

  /** False when the guest leaves protected mode, or goes to page tables that have its code elsewhere: this monitor does not follow. */
  write(number: number, value: bigint): boolean {
    if (number === 2 || number === 8) this.machine.setRegister(`cr${number}`, value);
    const old = this.read(number);
    this.cr.set(number, value);
    if (number === 4) this.machine.setRegister('cr4', value | PAE);
    if (number === 3) return !this.isLong || this.isAtItsPlace();
    if (number !== 0) return true;
    if ((value & PE) === 0n) return false;
    if (((old ^ value) & PG) !== 0n) this.switchMode((value & PG) !== 0n && (this.efer & LME) !== 0n);
    this.setReal0();
    return !this.isLong || this.isAtItsPlace();
  }

  /** What RDMSR gives, as two words. */
  readEfer = () => pairOf(this.efer);

  writeEfer(value: bigint): void {
    this.efer = (value & ~LMA) | (this.efer & LMA);
  }

  /** From the state of a loader to ring 1 with PAE paging. */
  start(): void {
    this.machine.setRegister('cr4', this.read(4) | PAE);
    this.reload();
    this.setReal0();
    this.deprivilege();
  }

  /** The tables anew: ranges have come. */
  reload(): void {
    this.machine.setRegister('cr3', this.space.build(this.isLong ? 'long' : 'pae'));
  }

  /** Ring 0 for one instruction, done for the guest. */
  privilege(): void {
    for (const name of ['cs', 'ss'] as const) this.setRing(name, 0);
  }

  /** Back to ring 1, whatever segments that instruction has loaded. */
  deprivilege(): void {
    for (const name of ['ss', 'cs'] as const) this.setRing(name, 1);
    for (const name of ALL) this.setDpl(name);
    // too short for an I/O map, whatever the guest has loaded: no port is its own
    this.machine.setSegment('tr', { ...this.machine.segment('tr'), limit: 0 });
  }

  private setRing(name: 'cs' | 'ss', ring: 0 | 1): void {
    const segment = this.machine.segment(name);
    const dpl = segment.attributes & ATTRIBUTE.present ? ring << 5 : segment.attributes & DPL;
    this.machine.setSegment(name, {
      ...segment,
      selector: (segment.selector & 0xfffc) | ring,
      attributes: (segment.attributes & ~DPL) | dpl,
    });
  }

  private setDpl(name: SegmentName): void {
    const segment = this.machine.segment(name);
    if (segment.attributes & ATTRIBUTE.present)
      this.machine.setSegment(name, { ...segment, attributes: (segment.attributes & ~DPL) | DPL_1 });
  }

  /** The guest turns paging on or off: long mode comes and goes with it. Its own page tables are nobody's. */
  private switchMode(long: boolean): void {
    const { machine } = this;
    machine.setRegister('cr0', machine.register('cr0') & ~PG);
    this.efer = long ? this.efer | LMA : this.efer & ~LMA;
    machine.setRegister('efer', (machine.register('efer') & ~(LME | LMA)) | (long ? LME | LMA : 0n));
    this.reload();
  }

  /** By the guest's own page tables, the next instruction is where it is by ours. */
  private isAtItsPlace(): boolean {
    const { machine } = this;
    const own = machine.register('cr3');
    machine.setRegister('cr3', this.read(3));
    const physical = machine.physicalOf(machine.linearRip);
    machine.setRegister('cr3', own);
    return physical !== undefined && BigInt(physical) === machine.linearRip;
  }

  private setReal0(): void {
    this.machine.setRegister('cr0', this.read(0) | PE | PG | WP);
  }
}
