import type { PlanProtocol } from '../load-plan.js';
import { elfboot } from './elfboot.js';
import { linux16 } from './linux16.js';
import { linux32, linux64 } from './linux.js';
import { multiboot, multiboot2 } from './multiboot.js';
import type { Protocol } from './protocol.js';
import { pvh } from './pvh.js';
import { xenPv } from './xen-pv.js';

/** Every protocol that a load plan can follow. */
export const PROTOCOLS: Readonly<Record<PlanProtocol, Protocol>> = {
  linux16,
  linux32,
  linux64,
  pvh,
  multiboot,
  multiboot2,
  elfboot,
  'xen-pv': xenPv,
};
