import { phys } from '@bzelf/bytes';
import { buildPageTables, type PageRange } from '@bzelf/loader';
import type { Machine } from '@bzelf/x86';
import type { AllowedRange } from '../execution/rights.js';

const PAGE = 0x1000;
/** Room for the tables of both modes; a kernel of 64 MiB in pages of 4 KiB has 35 of them. */
export const TABLES_SIZE = 0x40_0000;

/** The page tables under a guest: of the declared ranges, P==V, and of nothing else. They lie behind the memory that the guest has been told of. */
export class AddressSpace {
  private readonly ranges: PageRange[];

  constructor(
    private readonly machine: Machine,
    private readonly at: number,
    ranges: readonly AllowedRange[],
  ) {
    this.ranges = ranges.map(({ start, end, access }) => ({
      start: phys(start),
      length: BigInt(end - start),
      virtOffset: 0n,
      write: access.includes('w'),
      execute: true,
    }));
  }

  /** Writes the tables; gives what CR3 must hold. */
  build(mode: 'pae' | 'long'): bigint {
    const { root, bytes } = buildPageTables({ mode, ranges: this.ranges, at: phys(this.at) });
    if (bytes.length > TABLES_SIZE) throw new Error(`${bytes.length} bytes of page tables`);
    this.machine.ram.fill(0, this.at, this.at + TABLES_SIZE);
    this.machine.write(root, bytes);
    return root;
  }

  /** The page of an address, too, with every right: whether it may be used, is decided elsewhere. False when it is not memory of the guest. */
  add(address: bigint): boolean {
    if (address >= BigInt(this.at)) return false;
    const start = phys(address - (address % BigInt(PAGE)));
    this.ranges.push({ start, length: BigInt(PAGE), virtOffset: 0n, write: true, execute: true });
    return true;
  }
}
