/** Bytes of guest physical memory. */
export interface PhysicalRange {
  readonly start: number;
  readonly length: number;
}

/** A range whose accesses are told. */
export interface Watch extends PhysicalRange {
  readonly access: 'r' | 'w' | 'rw';
}

/** Ranges of physical memory whose accesses somebody wants to know of. Their pages get no tags. */
export class Watches {
  /** An access that was made has touched a watched range. */
  onHit: (watch: Watch, physical: number, size: number, write: boolean) => void = () => undefined;
  private list: readonly Watch[] = [];

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  add(watch: Watch): void {
    this.list = [...this.list, watch];
  }

  delete(watch: Watch): void {
    this.list = this.list.filter((own) => own !== watch);
  }

  /** One of them lies in the page that begins there, if only with a byte. */
  isInPage(page: number): boolean {
    return this.list.some((own) => overlaps(own, page, 4096));
  }

  accessed(physical: number, size: number, write: boolean): void {
    for (const watch of this.list)
      if (overlaps(watch, physical, size) && watch.access.includes(write ? 'w' : 'r'))
        this.onHit(watch, physical, size, write);
  }
}

const overlaps = (range: PhysicalRange, start: number, length: number): boolean =>
  start < range.start + range.length && range.start < start + length;
