import { copyLength, type LoadPlan } from '@bzelf/loader';
import type { Machine, MachineHooks } from '@bzelf/x86';
import type { Audit } from './report.js';

const PAGE = 4096;
const LOW_PAGES = 256;

/** Listens to what a kernel asks of its processor. */
export class AuditLog {
  private readonly cpuid = new Set<number>();
  private readonly msrReads = new Set<number>();
  private readonly msrWrites = new Set<number>();

  /** They change nothing. */
  readonly hooks: MachineHooks = {
    cpuid: (leaf) => {
      this.cpuid.add(leaf >>> 0);
      return undefined;
    },
    readMsr: (index) => {
      this.msrReads.add(index >>> 0);
      return undefined;
    },
    writeMsr: (index) => {
      this.msrWrites.add(index >>> 0);
      return false;
    },
  };

  result({ ports, touches }: Machine, { copies }: LoadPlan): Audit {
    const brought = new Set<number>();
    for (const copy of copies)
      for (let at = Number(copy.to); at < Number(copy.to) + copyLength(copy) && at < LOW_PAGES * PAGE; at += PAGE)
        brought.add(Math.floor(at / PAGE));
    let lowMemoryPages = 0;
    for (let page = 0; page < LOW_PAGES; page++) if (touches.has(page, 'read') && !brought.has(page)) lowMemoryPages++;
    return {
      ports: ports.map(({ port, device, reads, writes }) => ({
        port,
        ...(device === undefined ? {} : { device }),
        reads,
        writes,
      })),
      cpuid: sorted(this.cpuid),
      msrReads: sorted(this.msrReads),
      msrWrites: sorted(this.msrWrites),
      lowMemoryPages,
    };
  }
}

const sorted = (set: ReadonlySet<number>): number[] => [...set].sort((a, b) => a - b);
