import { alignDown, alignUp, concat, fromHex, le, raw, setU64, struct, u32, u64 } from '@bzelf/bytes';
import {
  EM_386,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  planElf,
  PT_LOAD,
  readElf,
  segmentBytes,
  writeElf,
  type Piece,
} from '@bzelf/elf';
import { LAUNCHER_HEX } from './launcher.generated.js';
import { multibootHeader } from './container.js';

/** Bytes that are to be somewhere in physical memory when the stub is entered. */
export interface Placed {
  readonly at: number | bigint;
  readonly bytes: Uint8Array;
}

/** The state in which a container is entered. */
export interface LaunchState {
  readonly mode: 32 | 64;
  readonly entry: number;
  readonly registers?: Partial<Record<'rax' | 'rbx' | 'rcx' | 'rdx' | 'rsi' | 'rdi' | 'rbp' | 'rsp', number | bigint>>;
  /** Bits of CR0 to set. */
  readonly cr0?: number;
  readonly memory: readonly Placed[];
  /** With mode 64: what the page tables map, besides the launcher. Everything up to 8 GiB when absent. */
  readonly mapped?: readonly { readonly start: number | bigint; readonly size: number }[];
}

/** Out of the way of every container of the tests. */
const LAUNCHER = 0x200_0000;
const STORE = 0x202_0000;
const TABLES = 0x220_0000;
const FULL_TABLES = 0x224_0000;
const CODE_SIZE = 0x1000;

// prettier-ignore
const PLAN = struct('plan', [
  [0x00, raw(4), 'magic',    '"plan"'],
  [0x04, u32,    'mode',     '32 or 64'],
  [0x08, u64,    'entry',    'physical'],
  [0x10, u64,    'cr3_full', 'maps the first 8 GiB'],
  [0x18, u64,    'cr3',      'in force at entry'],
  [0x20, u64,    'cr0_set',  'bits'],
  [0x28, u64,    'rax', ''], [0x30, u64, 'rbx', ''], [0x38, u64, 'rcx', ''], [0x40, u64, 'rdx', ''],
  [0x48, u64,    'rsi', ''], [0x50, u64, 'rdi', ''], [0x58, u64, 'rbp', ''], [0x60, u64, 'rsp', ''],
  [0x68, u64,    'copies',   'count; they follow'],
]);

/** The PT_LOADs of an ELF file, at their addresses moved by `delta`, and the rest of their memory filled with ones. */
export function placeElf(file: Uint8Array, delta = 0): Placed[] {
  const elf = readElf(file);
  return elf.segments
    .filter((segment) => segment.p_type === PT_LOAD)
    .flatMap((segment) => {
      const bytes = segmentBytes(elf, segment);
      const at = Number(segment.p_paddr) + delta;
      const rest = Math.min(Number(segment.p_memsz) - bytes.length, 0x1_0000);
      return [
        { at, bytes },
        { at: at + bytes.length, bytes: new Uint8Array(rest).fill(0xff) },
      ];
    });
}

/** An ELF file for `qemu -kernel` (Multiboot 1) that makes this state and jumps to the entry. */
export function launcherElf(state: LaunchState): Uint8Array {
  const mib = 0x10_0000;
  const stored: { from: number; to: bigint; bytes: Uint8Array }[] = [];
  const direct: { at: number; bytes: Uint8Array }[] = [];
  let store = STORE;
  for (const { at, bytes } of state.memory) {
    if (bytes.length === 0) continue;
    if (at >= mib && at < LAUNCHER) {
      direct.push({ at: Number(at), bytes });
    } else {
      stored.push({ from: store, to: BigInt(at), bytes });
      store = alignUp(store + bytes.length, 16);
    }
  }
  const mapped = state.mapped && [...state.mapped, { start: LAUNCHER, size: CODE_SIZE + 0x1000 }];
  const plan = concat([
    PLAN.encode({
      mode: state.mode,
      entry: BigInt(state.entry),
      cr3_full: BigInt(FULL_TABLES),
      cr3: BigInt(mapped ? TABLES : FULL_TABLES),
      cr0_set: BigInt(state.cr0 ?? 0),
      ...Object.fromEntries(Object.entries(state.registers ?? {}).map(([name, value]) => [name, BigInt(value)])),
      copies: BigInt(stored.length),
    }),
    ...stored.flatMap(({ from, to, bytes }) => [le(from, 8), le(to, 8), le(bytes.length, 8)]),
  ]);
  return writeLauncher([
    ...direct,
    { at: LAUNCHER, bytes: concat([fromHex(LAUNCHER_HEX), plan]) },
    ...stored.map(({ from, bytes }) => ({ at: from, bytes })),
    ...(mapped ? [{ at: TABLES, bytes: strictTables(TABLES, mapped) }] : []),
    ...(state.mode === 64 ? [{ at: FULL_TABLES, bytes: fullTables(FULL_TABLES) }] : []),
  ]);
}

function writeLauncher(parts: readonly { at: number; bytes: Uint8Array }[]): Uint8Array {
  const sorted = [...parts].sort((a, b) => a.at - b.at);
  const piece = (name: string, bytes: Uint8Array, align: number): Piece => ({ name, size: bytes.length, align, bytes });
  return writeElf(
    planElf({
      class: 32,
      e_type: ET_EXEC,
      e_machine: EM_386,
      e_entry: BigInt(LAUNCHER),
      segments: sorted.map(({ at, bytes }, i) => ({
        p_type: PT_LOAD,
        p_flags: PF_R | PF_W | PF_X,
        p_vaddr: BigInt(at),
        p_paddr: BigInt(at),
        p_memsz: BigInt(bytes.length),
        p_align: 1n,
        piece: `part${i}`,
      })),
      pieces: [piece('multiboot', multibootHeader(), 4), ...sorted.map(({ bytes }, i) => piece(`part${i}`, bytes, 4))],
    }),
  );
}

const PRESENT_WRITABLE = 0x3n;
const LARGE = 0x80n;

/** Identity map of the first 8 GiB in pages of 2 MiB. */
function fullTables(at: number): Uint8Array {
  const tables = new Uint8Array(0x1000 * (2 + 8));
  setU64(tables, 0, BigInt(at + 0x1000) | PRESENT_WRITABLE);
  for (let gib = 0; gib < 8; gib++) {
    setU64(tables, 0x1000 + 8 * gib, BigInt(at + 0x1000 * (2 + gib)) | PRESENT_WRITABLE);
    for (let i = 0; i < 512; i++) {
      setU64(tables, 0x1000 * (2 + gib) + 8 * i, (BigInt(gib) << 30n) | (BigInt(i) << 21n) | PRESENT_WRITABLE | LARGE);
    }
  }
  return tables;
}

/** Identity map of exactly these ranges, in pages of 4 KiB. */
function strictTables(at: number, ranges: readonly { start: number | bigint; size: number }[]): Uint8Array {
  const pages: Uint8Array[] = [new Uint8Array(0x1000)];
  const below = new Map<string, number>();
  const next = (table: number, index: number): number => {
    const key = `${table}/${index}`;
    const known = below.get(key);
    if (known !== undefined) return known;
    const made = pages.push(new Uint8Array(0x1000)) - 1;
    below.set(key, made);
    setU64(pages[table] ?? new Uint8Array(8), 8 * index, BigInt(at + 0x1000 * made) | PRESENT_WRITABLE);
    return made;
  };
  for (const { start, size } of ranges) {
    const end = BigInt(start) + BigInt(size);
    for (let page = alignDown(BigInt(start), 0x1000n); page < end; page += 0x1000n) {
      const index = (shift: bigint) => Number((page >> shift) & 511n);
      const table = next(next(next(0, index(39n)), index(30n)), index(21n));
      setU64(pages[table] ?? new Uint8Array(8), 8 * index(12n), page | PRESENT_WRITABLE);
    }
  }
  return concat(pages);
}
