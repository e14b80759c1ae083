import type { CountedPlace, PhaseName } from './report.js';

/** Linear address as two words. */
export interface Place {
  readonly lo: number;
  readonly hi: number;
}

/** What is known of an instruction when it comes for the first time. */
export interface Look {
  readonly rip: bigint;
  readonly text: string;
  readonly count: bigint;
}

interface Row<T> extends Look {
  readonly lo: number;
  readonly hi: number;
  readonly key: number;
  readonly facts: T;
  times: number;
}

const RECENT = 64;

/** Instructions with something about them: a row for each place and each thing (`key`) that happens there. Finding a row again is cheap. */
export class PlaceList<T extends object> {
  private readonly byPlace = new Map<number, Row<T>[]>();
  /** By the low bits of the address: a loop may come to a row ten million times. */
  private readonly recent = new Array<Row<T> | undefined>(RECENT).fill(undefined);
  private size = 0;

  constructor(private readonly most: number) {}

  /** Counts it, if it is one of the latest that came. */
  again(lo: number, hi: number, key: number): boolean {
    const row = this.recent[lo & (RECENT - 1)];
    if (row?.lo !== lo || row.hi !== hi || row.key !== key) return false;
    row.times++;
    return true;
  }

  add({ lo, hi }: Place, key: number, look: (place: Place) => Look, facts: () => T): void {
    const known = this.byPlace.get(lo);
    const row = known?.find((own) => own.hi === hi && own.key === key);
    if (row !== undefined) {
      row.times++;
      this.recent[lo & (RECENT - 1)] = row;
    } else if (this.size < this.most) {
      this.size++;
      const next = { ...look({ lo, hi }), lo, hi, key, facts: facts(), times: 1 };
      if (known === undefined) this.byPlace.set(lo, [next]);
      else known.push(next);
    }
  }

  /** In the order of the first time. */
  rows(phaseOf: (count: bigint) => PhaseName): (CountedPlace & T)[] {
    return [...this.byPlace.values()]
      .flat()
      .sort((a, b) => Number(a.count - b.count))
      .map(({ rip, text, count, times, facts }) => ({
        rip,
        text,
        phase: phaseOf(count),
        first: count,
        times,
        ...facts,
      }));
  }
}
