/** A page walk by the manual (Intel SDM vol. 3A, "4-level paging", "PAE paging"), apart from the code that builds tables. */
export interface Walked {
  readonly physical: bigint;
  readonly writable: boolean;
  readonly executable: boolean;
  readonly pageSize: number;
}

export type ReadWord = (physical: bigint) => bigint;

export function walk(read: ReadWord, mode: 'long' | 'pae', root: bigint, virtual: bigint): Walked | undefined {
  const shifts = mode === 'long' ? [39, 30, 21, 12] : [30, 21, 12];
  let table = root;
  let writable = true;
  let executable = true;
  for (const shift of shifts) {
    const mask = mode === 'pae' && shift === 30 ? 3n : 511n;
    const entry = read(table + ((virtual >> BigInt(shift)) & mask) * 8n);
    if ((entry & 1n) === 0n) return undefined;
    const isPaeRoot = mode === 'pae' && shift === 30;
    if (isPaeRoot && (entry & 0b111100110n) !== 0n) throw new Error(`reserved bits in a PDPTE: ${entry.toString(16)}`);
    if (!isPaeRoot) writable &&= (entry & 2n) !== 0n;
    executable &&= entry >> 63n === 0n;
    const base = entry & 0xf_ffff_ffff_f000n;
    if (shift === 12 || (shift < 39 && !isPaeRoot && (entry & 0x80n) !== 0n)) {
      const low = (1n << BigInt(shift)) - 1n;
      if ((base & low) !== 0n) throw new Error(`reserved address bits in a large page: ${entry.toString(16)}`);
      return { physical: base | (virtual & low), writable, executable, pageSize: 1 << shift };
    }
    table = base;
  }
  return undefined;
}

/** Every mapped page of the tables, by reading every present entry. */
export function allPages(read: ReadWord, mode: 'long' | 'pae', root: bigint): { virtual: bigint; size: bigint }[] {
  const shifts = mode === 'long' ? [39n, 30n, 21n, 12n] : [30n, 21n, 12n];
  const found: { virtual: bigint; size: bigint }[] = [];
  const visit = (table: bigint, level: number, base: bigint) => {
    const shift = shifts[level] ?? 0n;
    const count = mode === 'pae' && level === 0 ? 4n : 512n;
    for (let i = 0n; i < count; i++) {
      const entry = read(table + i * 8n);
      if ((entry & 1n) === 0n) continue;
      let virtual = base + (i << shift);
      if (mode === 'long' && level === 0 && i >= 256n) virtual += 0xffff_0000_0000_0000n;
      const leaf = shift === 12n || ((entry & 0x80n) !== 0n && shift < 39n);
      if (leaf) found.push({ virtual, size: 1n << shift });
      else visit(entry & 0xf_ffff_ffff_f000n, level + 1, virtual);
    }
  };
  visit(root, 0, 0n);
  return found;
}

export function readerOf(bytes: Uint8Array, at: bigint): ReadWord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (physical) => view.getBigUint64(Number(physical - at), true);
}
