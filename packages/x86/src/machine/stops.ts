import { Breakpoints, linear, type Address } from './breakpoints.js';

/** All addresses before which a run stops: the breakpoints, and those of the run in hand. */
export class Stops {
  readonly breakpoints = new Breakpoints();
  private readonly until = new Breakpoints();
  private wanted = '';
  private given: readonly Address[] = [];
  /** Where the last run was stopped: the next one gets away from there. */
  private passes: bigint | undefined;

  /** Changes whenever `hasPage` may give another answer. */
  get version(): number {
    return this.breakpoints.version + this.until.version;
  }

  get size(): number {
    return this.breakpoints.size + this.until.size;
  }

  /** Pages with one are for the interpreter alone. */
  hasPage(lo: number, hi: number): boolean {
    return this.breakpoints.hasPage(lo, hi) || this.until.hasPage(lo, hi);
  }

  /** A run begins; `passes` is where the one before was stopped by an address, if nothing has happened since. */
  begin(until: readonly Address[], passes: bigint | undefined): void {
    this.passes = passes;
    if (until === this.given && until.length > 0) return;
    const key = until.map((own) => (typeof own === 'object' ? `${own.start}-${own.end}` : `${own}`)).join();
    // a run in slices has the same addresses again and again
    if (key !== this.wanted) {
      this.wanted = '';
      this.until.clear();
      for (const address of until) this.until.add(address);
      this.wanted = key;
    }
    this.given = until;
  }

  /** Why the run stops before the instruction there, if it does. */
  reason(lo: number, hi: number): 'breakpoint' | 'until' | undefined {
    const isUntil = this.until.has(lo, hi);
    const passes = this.passes;
    this.passes = undefined;
    if (!isUntil && !this.breakpoints.has(lo, hi)) return undefined;
    if (passes !== undefined && linear(lo, hi) === passes) return undefined;
    return isUntil ? 'until' : 'breakpoint';
  }
}
