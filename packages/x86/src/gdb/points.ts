import { type WatchHit } from '../machine/exit.js';
import { type Machine } from '../machine/machine.js';
import { type Watch } from '../memory/watches.js';

/** gdb's numbers of watchpoints, and how a stop names them. */
const WATCHES: Readonly<Record<string, { readonly access: Watch['access']; readonly name: string }>> = {
  2: { access: 'w', name: 'watch' },
  3: { access: 'r', name: 'rwatch' },
  4: { access: 'rw', name: 'awatch' },
};

interface Placed {
  readonly kind: string;
  readonly address: bigint;
  readonly watch: Watch;
}

/** Breakpoints and watchpoints of gdb in a machine. Watchpoints hold to the physical memory that their address led to when they were set. */
export class Points {
  private readonly breakpoints = new Map<bigint, number>();
  private readonly watches: Placed[] = [];

  constructor(private readonly machine: Machine) {}

  /** Undefined when the kind is unknown, false when it cannot be had. */
  add(kind: string, address: bigint, length: number): boolean | undefined {
    if (kind === '0' || kind === '1') {
      this.breakpoints.set(address, (this.breakpoints.get(address) ?? 0) + 1);
      this.machine.breakpoints.add(address);
      return true;
    }
    const type = WATCHES[kind];
    if (type === undefined) return undefined;
    const start = this.machine.physicalOf(address);
    if (start === undefined || !(length > 0) || (start % 4096) + length > 4096) return false;
    const watch = { start, length, access: type.access };
    this.watches.push({ kind, address, watch });
    this.machine.watch(watch);
    return true;
  }

  remove(kind: string, address: bigint, length: number): boolean | undefined {
    if (kind === '0' || kind === '1') {
      const left = (this.breakpoints.get(address) ?? 0) - 1;
      if (left > 0) this.breakpoints.set(address, left);
      else {
        this.breakpoints.delete(address);
        this.machine.breakpoints.delete(address);
      }
      return true;
    }
    if (WATCHES[kind] === undefined) return undefined;
    const at = this.watches.findIndex(
      (own) => own.kind === kind && own.address === address && own.watch.length === length,
    );
    const [placed] = at < 0 ? [] : this.watches.splice(at, 1);
    if (placed !== undefined) this.machine.unwatch(placed.watch);
    return true;
  }

  clear(): void {
    for (const address of this.breakpoints.keys()) this.machine.breakpoints.delete(address);
    for (const { watch } of this.watches) this.machine.unwatch(watch);
    this.breakpoints.clear();
    this.watches.length = 0;
  }

  /** `watch:7c00;`: the watchpoint that was hit, by its own address. */
  describe({ physical, size, write }: WatchHit): string {
    const hit = this.watches.find(
      ({ watch }) =>
        physical < watch.start + watch.length &&
        watch.start < physical + size &&
        watch.access.includes(write ? 'w' : 'r'),
    );
    return hit === undefined ? '' : `${WATCHES[hit.kind]?.name ?? 'watch'}:${hit.address.toString(16)};`;
  }
}
