import { CR4, WORD } from '../cpu/state.js';

/** What R/Wn of DR7 says of a breakpoint; 0, on execution, is the interpreter's. Source: Intel SDM vol. 3B, 17.2.4. */
const KIND = { write: 1, port: 2, access: 3 } as const;
/** Bytes by LENn. */
const LENGTHS = [1, 2, 8, 4] as const;

interface DebugPoint {
  /** Of DR6. */
  readonly bit: number;
  readonly kind: number;
  /** Linear address (canonical ones are exact as numbers), or port: a multiple of the length. */
  readonly start: number;
  readonly length: number;
}

const linear = (lo: number, hi: number): number => hi * 2 ** 32 + (lo >>> 0);

/** The breakpoints of DR0 to DR3 on data and ports, and which of them the instruction in hand has met. Source: Intel SDM vol. 3B, 17.2.4 and 17.2.5. */
export class DebugPoints {
  /** Bits 0 to 3 of DR6. */
  hits = 0;
  /** One of them is enabled, and of memory. */
  isOnMemory = false;
  isOnPorts = false;
  /** Others than before are on memory: pages with one may not be plain. */
  onChange: () => void = () => undefined;
  private points: readonly DebugPoint[] = [];

  /** Takes what the debug registers of a state block say. */
  arm(words: Int32Array): void {
    const dr7 = words[WORD.dr + 14] as number;
    if ((dr7 & 0xff) === 0 && this.points.length === 0) return;
    const hasPorts = ((words[WORD.cr + 8] as number) & CR4.DE) !== 0;
    const points = [0, 1, 2, 3].flatMap((index) => pointOf(words, index, dr7) ?? []);
    const armed = points.filter(({ kind }) => kind !== KIND.port || hasPorts);
    if (isSame(armed, this.points)) return;
    this.points = armed;
    this.isOnMemory = armed.some(({ kind }) => kind !== KIND.port);
    this.isOnPorts = armed.some(({ kind }) => kind === KIND.port);
    this.onChange();
  }

  /** Is there one in the page of a linear address? */
  isInPage(lo: number, hi: number): boolean {
    const page = linear(lo & -4096, hi);
    return this.points.some(({ kind, start }) => kind !== KIND.port && start >= page && start < page + 4096);
  }

  accessed(lo: number, hi: number, size: number, write: boolean): void {
    this.note(linear(lo, hi), size, write ? KIND.write : 0, KIND.access);
  }

  accessedPort(port: number, size: number): void {
    this.note(port, size, KIND.port, KIND.port);
  }

  private note(start: number, size: number, kind: number, other: number): void {
    for (const point of this.points)
      if (
        (point.kind === kind || point.kind === other) &&
        start < point.start + point.length &&
        point.start < start + size
      )
        this.hits |= point.bit;
  }
}

function pointOf(words: Int32Array, index: number, dr7: number): DebugPoint | undefined {
  const kind = (dr7 >> (16 + 4 * index)) & 3;
  if (((dr7 >> (2 * index)) & 3) === 0 || kind === 0) return undefined;
  const length = LENGTHS[(dr7 >> (18 + 4 * index)) & 3] ?? 1;
  const lo = (words[WORD.dr + 2 * index] as number) & -length;
  const start = kind === KIND.port ? lo >>> 0 : linear(lo, words[WORD.dr + 2 * index + 1] as number);
  return { bit: 1 << index, kind, start, length };
}

const isSame = (some: readonly DebugPoint[], others: readonly DebugPoint[]): boolean =>
  some.length === others.length &&
  some.every(({ bit, kind, start, length }, i) => {
    const other = others[i];
    return other?.bit === bit && other.kind === kind && other.start === start && other.length === length;
  });
