import type { KernelEntry, KernelImage } from '../kernel.js';
import type { LoadPlan, PlanProtocol } from '../load-plan.js';
import type { PlanBuilder } from '../plan-builder.js';

/** A way to enter a kernel. */
export interface Protocol {
  readonly name: PlanProtocol;
  /** One sentence for `--help`. */
  readonly doc: string;
  /** `entry` is of this protocol. */
  plan(kernel: KernelImage, entry: KernelEntry, builder: PlanBuilder): LoadPlan;
}
