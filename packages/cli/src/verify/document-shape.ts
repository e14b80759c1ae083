/** `bzelf.verify/1`, field by field. Source: docs/json.md. */
import { SEVERITIES } from '@bzelf/verifier';
import { PLAN_PROTOCOLS } from '@bzelf/loader';
import { VERIFY_SCHEMA } from './document.js';
import {
  address,
  distance,
  flag,
  instructions,
  listOf,
  natural,
  object,
  oneOf,
  seconds,
  text,
  type Shape,
} from './shape.js';

const verdict = oneOf('pass', 'fail');
const phase = oneOf('stub', 'setup', 'before copy', 'decompression', 'start', 'after jump');
const place = { rip: address, text, phase, first: instructions };
const counted = { ...place, times: natural };
const extent = { start: address, length: address };

const finding = object({
  code: text,
  severity: oneOf(...SEVERITIES),
  title: text,
  explanation: text,
  remedy: text,
  'offset?': natural,
  'field?': text,
  'found?': text,
  'expected?': text,
});

const audit = object({
  ports: listOf(object({ port: natural, 'device?': text, reads: natural, writes: natural })),
  privileged: listOf(object({ ...counted, needs: oneOf('cpl0', 'iopl') })),
  segmentLoads: listOf(object({ ...counted, register: text, selector: natural, 'delivery?': flag })),
  cpuid: listOf(object({ ...counted, leaf: natural, 'subleaf?': natural })),
  msrs: listOf(
    object({ ...counted, index: natural, 'name?': text, access: oneOf('read', 'write'), 'value?': address }),
  ),
  pageTableWrites: listOf(object({ ...place, page: address, walked: instructions })),
  lowMemory: listOf(object({ ...place, area: text, address })),
  framebuffer: listOf(object({ ...place, page: address })),
});

const range = object({
  ...extent,
  purpose: text,
  'row?': natural,
  access: text,
  required: flag,
  pages: natural,
  touchedPages: natural,
  'touched?': object(extent),
});

const touch = object({
  ...extent,
  kind: oneOf('fetch', 'read', 'write', 'walk'),
  phase,
  first: instructions,
  last: instructions,
  pages: natural,
});

const run = object({
  profile: text,
  protocol: oneOf(...PLAN_PROTOCOLS),
  verdict,
  reached: oneOf('nothing', 'start', 'entry', 'banner', 'milestone'),
  ended: text,
  instructions,
  'entry?': address,
  'slides?': object({ physical: distance, virtual: distance }),
  comparedBytes: natural,
  'cmdline?': text,
  'evidence?': oneOf('declared', 'plan', 'all'),
  phases: listOf(
    object({ name: phase, from: instructions, to: instructions, fetched: natural, read: natural, written: natural }),
  ),
  ranges: listOf(range),
  touches: listOf(touch),
  'audit?': audit,
  'screen?': listOf(text),
  'bios?': listOf(object({ call: text, name: text, answer: oneOf('answered', 'absent', 'unknown'), count: natural })),
  'ring1?': object({
    trapped: listOf(object({ ...counted, reason: oneOf('privileged', 'iopl', 'ring-0 selector') })),
    sensitive: listOf(object(counted)),
    longMode: flag,
  }),
  serial: text,
  serialMarks: listOf(object({ count: instructions, line: text })),
  findings: listOf(finding),
  seconds,
});

const file = object({
  file: text,
  verdict,
  form: oneOf('bzimage', 'inplace', 'container', 'vmlinux', 'elf'),
  'kernelVersion?': text,
  size: natural,
  structure: listOf(finding),
  payload: listOf(finding),
  runs: listOf(run),
});

const failure = object({
  file: text,
  exit: natural,
  code: text,
  message: text,
  'offset?': natural,
  'field?': text,
  'found?': text,
  'expected?': text,
  'hint?': text,
});

export const DOCUMENT: Shape = object({
  schema: oneOf(VERIFY_SCHEMA),
  verdict,
  'shard?': object({ index: natural, count: natural, files: listOf(text) }),
  files: listOf(file),
  'failures?': listOf(failure),
});
