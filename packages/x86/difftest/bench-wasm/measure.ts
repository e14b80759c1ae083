/** Nanoseconds of one of `count` things that `work` does, the best of some rounds: other processes only make it longer. */
export function best(rounds: number, count: number, work: () => void): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    work();
    least = Math.min(least, Number(process.hrtime.bigint() - start) / count);
  }
  return least;
}

/** The same for work that is different each time, made beforehand. */
export function bestOf<T>(rounds: number, count: number, make: () => T, work: (made: T) => void): number {
  let least = Infinity;
  for (let round = 0; round < rounds; round++) {
    const made = Array.from({ length: count }, make);
    const start = process.hrtime.bigint();
    for (const one of made) work(one);
    least = Math.min(least, Number(process.hrtime.bigint() - start) / count);
  }
  return least;
}
