import { CR0, CR4, EFER, WORD, type Touch, type TouchKind } from '../src/index';

/** What an access ends with when it is not made. */
export class Refused extends Error {
  constructor(readonly how: object) {
    super('refused');
  }
}

const BIT = (n: number): bigint => 1n << BigInt(n);
const bits = (value: bigint, high: number, low: number): bigint => (value >> BigInt(low)) & (BIT(high - low + 1) - 1n);
export const R = 1;
export const W = 2;
export const X = 4;

interface Found {
  readonly physical: number;
  /** Addresses of entries, and what is set in their low byte. */
  readonly sets: (readonly [number, number])[];
}

/**
 * Guest memory as one would write it from the manual without a thought of speed: a walk for each access, a right for each byte, nothing kept.
 * It is what GuestMemory is compared with, so it shares no code with it.
 */
export class NaiveMemory {
  readonly ram: Uint8Array;
  readonly rights: Uint8Array;
  readonly device = new Uint8Array(0x20);
  readonly touched = new Map<string, Touch>();
  readonly codeLines = new Set<number>();
  codeWritten: number[] = [];
  step = 0;
  private pdptes: bigint[] = [0n, 0n, 0n, 0n];

  constructor(
    size: number,
    /** The state block of the memory that this one is compared with. */
    private readonly words: Int32Array,
    private readonly ones: boolean,
    private readonly deviceAt: number,
  ) {
    this.ram = new Uint8Array(size);
    this.rights = new Uint8Array(size).fill(R | W | X);
  }

  // bytes

  private rightsAt(physical: number): number {
    return this.rights[physical] ?? (this.ones ? R | W | X : 0);
  }

  private inDevice(physical: number): boolean {
    return physical >= this.deviceAt && physical < this.deviceAt + this.device.length;
  }

  private byte(physical: number): number {
    if (this.inDevice(physical)) return this.device[physical - this.deviceAt] as number;
    return this.ram[physical] ?? 0xff;
  }

  private setByte(physical: number, value: number): void {
    if (this.inDevice(physical)) this.device[physical - this.deviceAt] = value;
    else if (physical < this.ram.length) this.ram[physical] = value;
  }

  private touch(physical: number, kind: TouchKind): void {
    const page = Math.floor(physical / 4096);
    const key = `${page} ${kind}`;
    if (!this.touched.has(key))
      this.touched.set(key, { page, kind, count: BigInt(this.step), rip: BigInt(-this.step) });
  }

  private checkBytes(physical: number, length: number, right: number, kind: string): void {
    for (let i = 0; i < length; i++) {
      if ((this.rightsAt(physical + i) & right) === 0) throw new Refused({ denied: kind, physical: physical + i });
    }
  }

  // paging

  private cr(n: number): bigint {
    return BigInt((this.words[WORD.cr + 2 * n] as number) >>> 0);
  }

  private has(n: number, bit: number): boolean {
    return (this.cr(n) & BigInt(bit >>> 0)) !== 0n;
  }

  private efer(bit: number): boolean {
    return ((this.words[WORD.efer] as number) & bit) !== 0;
  }

  private entry(at: number, size: number, noticed: boolean): bigint {
    let value = 0n;
    for (let part = 0; part < size; part += 4) {
      if (noticed) {
        this.checkBytes(at + part, 4, R, 'walk');
        this.touch(at, 'walk');
      }
      for (let i = part; i < part + 4; i++) value |= BigInt(this.byte(at + i)) << BigInt(8 * i);
    }
    return value;
  }

  /** MOV to CR3 and the like. */
  flush(): void {
    if (!this.has(0, CR0.PG) || !this.has(4, CR4.PAE) || this.efer(EFER.LMA)) return;
    const table = Number(this.cr(3) & ~31n);
    const loaded = [0, 1, 2, 3].map((i) => this.entry(table + 8 * i, 8, true));
    const bad = (entry: bigint): boolean => {
      const reserved = (bits(entry, 2, 1) | bits(entry, 8, 5) | bits(entry, 63, 40)) !== 0n;
      return (entry & 1n) === 1n && reserved;
    };
    if (!loaded.some(bad)) this.pdptes = loaded;
  }

  /** The way down: table, index, and what is meant by level. */
  private translate(linear: bigint, asked: Asked, noticed = true): Found {
    if (!this.has(0, CR0.PG)) return { physical: Number(linear & 0xffffffffn), sets: [] };
    const long = this.efer(EFER.LMA);
    const wide = this.has(4, CR4.PAE);
    const nxe = wide && this.efer(EFER.NXE);
    const sets: (readonly [number, number])[] = [];
    const fault = (code: number): Refused => {
      if (noticed) this.applySets(sets);
      const fetch = asked.fetch && (nxe || this.has(4, CR4.SMEP)) ? 0x10 : 0;
      return new Refused({ fault: code | (asked.write ? 2 : 0) | (asked.user ? 4 : 0) | fetch, linear });
    };
    const levels = long ? [39, 30, 21, 12] : wide ? [21, 12] : [22, 12];
    let table = Number(this.cr(3) & ~0xfffn);
    if (wide && !long) {
      const pdpte = this.pdptes[Number(bits(linear, 31, 30))] as bigint;
      if ((pdpte & 1n) === 0n) throw fault(0);
      table = Number(bits(pdpte, 39, 12) << 12n);
    }
    let writable = true;
    let user = true;
    let noExecute = false;
    for (const shift of levels) {
      const size = wide ? 8 : 4;
      const index = Number(wide ? bits(linear, shift + 8, shift) : bits(linear, shift + 9, shift));
      const at = table + size * index;
      const entry = this.entry(at, size, noticed);
      if ((entry & 1n) === 0n) throw fault(0);
      const ps = bits(entry, 7, 7) === 1n && shift !== 12;
      const leaf = shift === 12 || (ps && shift !== 39 && (wide || this.has(4, CR4.PSE)));
      let reserved = wide ? bits(entry, long ? 51 : 62, 40) : 0n;
      if (wide && !nxe) reserved |= bits(entry, 63, 63);
      if (shift === 39) reserved |= bits(entry, 7, 7);
      if (leaf && shift === 30) reserved |= bits(entry, 29, 13);
      if (leaf && shift === 21) reserved |= bits(entry, 20, 13);
      if (leaf && shift === 22) reserved |= bits(entry, 21, 21);
      if (reserved !== 0n) throw fault(9);
      writable &&= bits(entry, 1, 1) === 1n;
      user &&= bits(entry, 2, 2) === 1n;
      noExecute ||= wide && bits(entry, 63, 63) === 1n;
      if (!leaf) {
        sets.push([at, 0x20]);
        table = Number(bits(entry, wide ? 39 : 31, 12) << 12n);
        continue;
      }
      if (!asked.anyone && !this.granted(asked, writable, user, noExecute)) throw fault(1);
      sets.push([at, asked.write ? 0x60 : 0x20]);
      let base = bits(entry, wide ? 39 : 31, shift) << BigInt(shift);
      if (shift === 22) base |= bits(entry, 20, 13) << 32n;
      return { physical: Number(base | (linear & (BIT(shift) - 1n))), sets };
    }
    throw new Error('no level maps a page');
  }

  private granted(asked: Asked, writable: boolean, userPage: boolean, noExecute: boolean): boolean {
    const ac = ((this.words[WORD.eflags] as number) & (1 << 18)) !== 0;
    if (asked.user) {
      if (!userPage) return false;
      return asked.fetch ? !noExecute : !asked.write || writable;
    }
    if (asked.fetch) return !noExecute && !(userPage && this.has(4, CR4.SMEP));
    if (userPage && this.has(4, CR4.SMAP) && (asked.implicit || !ac)) return false;
    return !asked.write || writable || !this.has(0, CR0.WP);
  }

  private applySets(sets: Found['sets']): void {
    this.checkSets(sets);
    for (const [at, set] of sets) {
      const low = this.byte(at);
      if ((low & set) !== set) this.write(at, [low | set]);
    }
  }

  private checkSets(sets: Found['sets']): void {
    for (const [at, set] of sets) if ((this.byte(at) & set) !== set) this.checkBytes(at, 4, W, 'walk');
  }

  // accesses

  /** Physical addresses of the bytes of an access that may be made. */
  private find(linear: bigint, size: number, asked: Asked): number[] {
    const long = this.words[WORD.codeSize] === 64;
    const at = (i: number): bigint => BigInt.asUintN(long ? 64 : 32, linear + BigInt(i));
    const room = 4096 - Number(linear & 0xfffn);
    const found = [this.translate(linear, asked)];
    if (size > room) found.push(this.translate(at(room), asked));
    const bytes: number[] = [];
    for (let i = 0; i < size; i++) {
      const page = found[i < room ? 0 : 1] as Found;
      bytes.push(page.physical + (i < room ? i : i - room));
    }
    for (const physical of bytes) {
      const lacks = asked.needs & ~this.rightsAt(physical);
      if (lacks !== 0) throw new Refused({ denied: lacks & X ? 'fetch' : lacks & R ? 'read' : 'write', physical });
    }
    for (const { sets } of found) this.checkSets(sets);
    for (const { sets, physical } of found) {
      this.applySets(sets);
      if (asked.needs & R) this.touch(physical, 'read');
      if (asked.needs & W) this.touch(physical, 'write');
      if (asked.needs & X) this.touch(physical, 'fetch');
    }
    return bytes;
  }

  load(linear: bigint, size: number, modify: boolean, implicit: boolean): bigint {
    const found = this.find(linear, size, this.asked(modify ? R | W : R, implicit));
    return found.reduce((value, at, i) => value | (BigInt(this.byte(at)) << BigInt(8 * i)), 0n);
  }

  /** Returns whether page tables, below `tables`, were hit. */
  store(linear: bigint, size: number, value: bigint, implicit: boolean, tables: number): boolean {
    const found = this.find(linear, size, this.asked(W, implicit));
    found.forEach((at, i) => {
      this.write(at, [Number((value >> BigInt(8 * i)) & 0xffn)]);
    });
    return found.some((at) => at < tables);
  }

  private write(physical: number, values: number[]): void {
    values.forEach((value, i) => {
      this.setByte(physical + i, value);
    });
    const line = Math.floor(physical / 64);
    if (!this.codeLines.has(line) || this.inDevice(physical)) return;
    const page = Math.floor(physical / 4096);
    this.codeWritten.push(page);
    for (let i = 0; i < 64; i++) this.codeLines.delete(64 * page + i);
  }

  /** Bytes of code up to the first that cannot be fetched. */
  code(linear: bigint, count: number): number[] {
    const bytes: number[] = [];
    const long = this.words[WORD.codeSize] === 64;
    for (let i = 0; i < count; i++) {
      const physical = this.quietly(BigInt.asUintN(long ? 64 : 32, linear + BigInt(i)));
      if (physical < 0 || (this.rightsAt(physical) & X) === 0) break;
      bytes.push(this.byte(physical));
    }
    return bytes;
  }

  private quietly(linear: bigint): number {
    try {
      return this.translate(linear, this.asked(X, false), false).physical;
    } catch (refused) {
      if (refused instanceof Refused) return -1;
      throw refused;
    }
  }

  /** An instruction was decoded. */
  fetched(linear: bigint, length: number): void {
    for (const at of this.find(linear, length, this.asked(X, false))) {
      if (at < this.ram.length) this.codeLines.add(Math.floor(at / 64));
    }
  }

  private asked(needs: number, implicit: boolean): Asked {
    const user = this.words[WORD.cpl] === 3 && !implicit;
    return { needs, write: (needs & W) !== 0, fetch: (needs & X) !== 0, user, implicit, anyone: false };
  }
}

interface Asked {
  readonly needs: number;
  readonly write: boolean;
  readonly fetch: boolean;
  readonly user: boolean;
  readonly implicit: boolean;
  readonly anyone: boolean;
}
