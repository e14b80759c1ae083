import { fail } from './errors.js';
import type { KernelEntry, KernelImage } from './kernel.js';
import { PLAN_PROTOCOLS, type LoadPlan, type PlanOptions, type PlanProtocol } from './load-plan.js';
import { PlanBuilder } from './plan-builder.js';
import { PROTOCOLS } from './protocols/index.js';

/** The protocols by which this kernel can be planned, best first (the order of PLAN_PROTOCOLS). */
export function planProtocols(kernel: KernelImage): PlanProtocol[] {
  return PLAN_PROTOCOLS.filter((name) => canPlan(kernel, name));
}

function canPlan(kernel: KernelImage, name: PlanProtocol): boolean {
  if (!kernel.entries.some((entry) => entry.protocol === name)) return false;
  // The setup code of a container is not among its segments.
  return name !== 'linux16' || kernel.form === 'bzimage' || kernel.form === 'inplace';
}

/**
 * What a loader does to boot this kernel, as data. Pure: nothing of the kernel's code is read.
 * Throws loader/… with the reason when it cannot be done on this machine.
 */
export function planLoad(kernel: KernelImage, options: PlanOptions): LoadPlan {
  const protocol = options.protocol ?? planProtocols(kernel)[0];
  const entry = kernel.entries.find((e) => e.protocol === protocol);
  if (protocol === undefined || entry === undefined) throw noEntry(kernel, protocol);
  const planner = Object.hasOwn(PROTOCOLS, protocol) ? PROTOCOLS[protocol] : undefined;
  if (planner === undefined) throw unplanned(protocol);
  return planner.plan(kernel, entry, new PlanBuilder(options));
}

function noEntry(kernel: KernelImage, protocol: string | undefined) {
  const offered = planProtocols(kernel);
  return fail('loader/no-entry', {
    field: 'protocol',
    found: protocol ?? 'none that a load plan can follow',
    expected: offered.length === 0 ? 'a kernel with an entry' : offered.join(', '),
    hint: hintFor(kernel.entries, protocol),
  });
}

function hintFor(entries: readonly KernelEntry[], protocol: string | undefined): string {
  if (protocol === 'pvh') return 'wrap the bzImage first, or use a vmlinux built with CONFIG_PVH';
  return `the file offers ${entries.map((e) => e.protocol).join(', ') || 'no entry at all'}`;
}

const unplanned = (protocol: string) =>
  fail('loader/unplanned-protocol', { field: 'protocol', found: protocol, expected: PLAN_PROTOCOLS.join(', ') });
