import type { MemoryRange } from '@bzelf/loader';

/** What the shim needs of a machine whose INT n it answers. */
export interface ShimMachine {
  readonly ram: Uint8Array;
  register(name: string): bigint;
  setRegister(name: string, value: bigint): void;
}

const CF = 1n;
const SMAP = 0x534d4150n;
const E820_SIZE = 20n;
const KIB = 1024n;
const MIB = 1024n * KIB;

/**
 * As much of a PC's BIOS as the real-mode part of Linux asks for: the memory map, a text mode, no disks, no keyboard. A20 is left to the
 * kernel's other ways. `said` gets what is printed by INT 10h. Source: arch/x86/boot of Linux; Ralf Brown's interrupt list.
 */
export class BiosShim {
  said = '';

  constructor(
    private readonly machine: ShimMachine,
    private readonly map: readonly MemoryRange[],
  ) {}

  /** The hook for INT n: done here, or left to the guest's own handler. */
  interrupt(vector: number): 'skip' | 'deliver' {
    const services: Record<number, (() => void) | undefined> = {
      0x10: () => this.video(),
      0x13: () => this.fail(0x01n),
      0x15: () => this.system(),
      0x16: () => this.keyboard(),
    };
    const service = services[vector];
    if (service === undefined) return 'deliver';
    service();
    return 'skip';
  }

  private video(): void {
    const ax = this.word('rax');
    if (ax >> 8n === 0x0en) this.said += String.fromCharCode(Number(ax & 0xffn));
    else if (ax >> 8n === 0x0fn)
      this.answer({ rax: 0x5003n, rbx: 0n }); // 80 columns, mode 3, page 0
    else if (ax >> 8n === 0x03n) this.answer({ rcx: 0x0607n, rdx: 0n }); // the cursor, in the corner
  }

  private system(): void {
    const ax = this.word('rax');
    if (ax === 0xe820n) this.memoryMap();
    else if (ax === 0xe801n) this.memorySizes();
    else if (ax >> 8n === 0x88n) this.answer({ rax: min(this.extended() / KIB, 0xfc00n) });
    else this.fail(0x86n);
  }

  private keyboard(): void {
    if (this.word('rax') >> 8n === 0x02n) this.answer({ rax: 0x0200n });
  }

  /** INT 15h, AX = E820: the row that EBX counts goes to ES:DI. */
  private memoryMap(): void {
    const index = Number(this.machine.register('rbx') & 0xffffffffn);
    const row = this.map[index];
    if (row === undefined || (this.machine.register('rdx') & 0xffffffffn) !== SMAP) return this.fail(0x86n);
    const at = Number(this.word('es') * 16n + this.word('rdi'));
    const view = new DataView(this.machine.ram.buffer, this.machine.ram.byteOffset + at, Number(E820_SIZE));
    view.setBigUint64(0, row.start, true);
    view.setBigUint64(8, row.length, true);
    view.setUint32(16, row.type, true);
    const next = index + 1 < this.map.length ? BigInt(index + 1) : 0n;
    for (const [name, value] of Object.entries({ rax: SMAP, rbx: next, rcx: E820_SIZE }))
      this.machine.setRegister(name, value);
    this.carry(false);
  }

  /** INT 15h, AX = E801: KiB from 1 to 16 MiB, and 64 KiB blocks above. */
  private memorySizes(): void {
    const all = this.extended();
    const low = min(all, 15n * MIB) / KIB;
    const high = all > 15n * MIB ? (all - 15n * MIB) / (64n * KIB) : 0n;
    this.answer({ rax: low, rbx: high, rcx: low, rdx: high });
  }

  /** RAM from 1 MiB on. */
  private extended(): bigint {
    return this.map.find(({ start, type }) => start === MIB && type === 1)?.length ?? 0n;
  }

  private answer(words: Readonly<Record<string, bigint>>): void {
    for (const [name, value] of Object.entries(words)) this.setWord(name, value);
    this.carry(false);
  }

  private fail(ah: bigint): void {
    this.setWord('rax', (ah << 8n) | (this.word('rax') & 0xffn));
    this.carry(true);
  }

  private word(name: string): bigint {
    return this.machine.register(name) & 0xffffn;
  }

  private setWord(name: string, value: bigint): void {
    this.machine.setRegister(name, (this.machine.register(name) & ~0xffffn) | value);
  }

  private carry(set: boolean): void {
    const flags = this.machine.register('rflags');
    this.machine.setRegister('rflags', set ? flags | CF : flags & ~CF);
  }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
