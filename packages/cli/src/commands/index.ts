import type { CommandModule } from 'yargs';
import { configCommand } from './config.js';
import { diffCommand } from './diff.js';
import { extractCommand } from './extract.js';
import { infoCommand } from './info.js';
import { initHooksCommand } from './init-hooks.js';
import { libvirtCommand } from './libvirt.js';
import { mapCommand } from './map.js';
import { notesCommand } from './notes.js';
import { planCommand } from './plan.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { targetsCommand } from './targets.js';
import { unwrapCommand } from './unwrap.js';
import { verifyCommand } from './verify.js';
import { wrapCommand } from './wrap.js';

/** Every command, in the order of the help text. */
export const COMMANDS = [
  wrapCommand,
  unwrapCommand,
  extractCommand,
  notesCommand,
  infoCommand,
  mapCommand,
  planCommand,
  verifyCommand,
  reportCommand,
  runCommand,
  configCommand,
  diffCommand,
  targetsCommand,
  initHooksCommand,
  libvirtCommand,
] as unknown as readonly CommandModule[];
