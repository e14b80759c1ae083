import type { Machine } from '@bzelf/x86';

/** What services need of a machine. */
export type BiosMachine = Pick<
  Machine,
  'ram' | 'register' | 'setRegister' | 'segment' | 'setSegment' | 'wrote' | 'devices' | 'linearRip'
>;

export const FLAG = { carry: 1n, zero: 0x40n } as const;

/** The registers and the memory of a program in real mode that has called the BIOS. */
export class Guest {
  constructor(readonly machine: BiosMachine) {}

  /** By the names of the manual: `ah`, `ax`, `eax`, `es`. */
  get(name: string): number {
    return Number(this.machine.register(name));
  }

  set(values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) this.machine.setRegister(name, BigInt(value));
  }

  /** As an instruction in real mode loads it. */
  setSegment(name: 'ds' | 'es', selector: number): void {
    this.machine.setSegment(name, { ...this.machine.segment(name), selector, base: BigInt(selector) * 16n });
  }

  setFlag(flag: bigint, set: boolean): void {
    const flags = this.machine.register('rflags');
    this.machine.setRegister('rflags', set ? flags | flag : flags & ~flag);
  }

  isProtected(): boolean {
    return (this.machine.register('cr0') & 1n) !== 0n;
  }

  view(at: number, length: number): DataView {
    const { ram } = this.machine;
    return new DataView(ram.buffer, ram.byteOffset + at, length);
  }

  /** Writes bytes; what lies above RAM is nowhere. */
  store(at: number, bytes: Uint8Array): void {
    const { ram } = this.machine;
    if (at + bytes.length > ram.length) return;
    ram.set(bytes, at);
    this.machine.wrote(at, bytes.length);
  }
}

/** A physical address of real mode. */
export const realAddress = (segment: number, offset: number): number => segment * 16 + offset;
