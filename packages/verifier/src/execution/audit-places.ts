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
  readonly hi: number;
  readonly key: number;
  readonly facts: T;
  times: number;
}

/** Instructions with something about them: a row for each place and each thing (`key`) that happens there. Finding a row again is cheap. */
export class PlaceList<T extends object> {
  private readonly byPlace = new Map<number, Row<T>[]>();
  private size = 0;

  constructor(private readonly most: number) {}

  add({ lo, hi }: Place, key: number, look: (place: Place) => Look, facts: () => T): void {
    const known = this.byPlace.get(lo);
    const row = known?.find((own) => own.hi === hi && own.key === key);
    if (row !== undefined) row.times++;
    else if (this.size < this.most) {
      this.size++;
      const next = { ...look({ lo, hi }), hi, key, facts: facts(), times: 1 };
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
