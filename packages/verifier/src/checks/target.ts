import { fail } from '../errors.js';
import { makeFinding, type Finding, type FindingKind } from '../finding.js';
import { LOADERS, TARGET_LOADERS } from '../loaders/index.js';
import type { Forecast, Loader, Outcome } from '../loaders/loader.js';
import type { Subject } from '../subject.js';
import type { FindingTable } from './check.js';

// prettier-ignore
const FINDINGS = {
  'target/refuses': {
    severity: 'error', title: 'The loader will refuse the file',
    explanation: 'By its own rules; what it will say is under "found" where it is known.', remedy: 'wrap the bzImage for this loader (`bzelf targets`)',
  },
  'target/hangs': {
    severity: 'error', title: 'The loader will hang without a word',
    explanation: 'It takes the file for something else, or clears what it has loaded.', remedy: 'wrap the bzImage for this loader (`bzelf targets`)',
  },
  'target/misreads': {
    severity: 'error', title: 'The loader will enter the file in a way that it does not know',
    explanation: 'It finds an entry by its own rules, and the code there wants another processor mode or other parameters.', remedy: 'wrap the bzImage for this loader (`bzelf targets`)',
  },
  'target/unknown': {
    severity: 'note', title: 'What the loader does depends on the kernel inside',
    explanation: 'It unpacks the bzImage, which these checks do not.', remedy: 'look at the notes of the kernel inside',
  },
  'target/loses': {
    severity: 'note', title: 'The loader will not pass everything on',
    explanation: 'It has no way to give the kernel what is under "found".', remedy: 'build it in: `bzelf wrap --cmdline`, `--initrd`',
  },
  'target/enters': {
    severity: 'note', title: 'The loader will enter the kernel',
    explanation: 'By the protocol and at the address under "found".', remedy: 'nothing',
  },
} as const satisfies FindingTable;

/** What loaders do; not among the checks of every file. */
export const TARGET_CHECK = {
  name: 'target',
  doc: 'What a loader will do with the file. Only with a target: one of the loaders below, or a target of `bzelf wrap`, which stands for the loaders that it is for.',
  findings: FINDINGS as FindingTable,
};

const CODES: Readonly<Record<Outcome, keyof typeof FINDINGS>> = {
  enters: 'target/enters',
  refuses: 'target/refuses',
  hangs: 'target/hangs',
  misreads: 'target/misreads',
  unknown: 'target/unknown',
};

/** Throws verifier/unknown-target. */
export function loadersOf(target: string): Loader[] {
  const names = Object.hasOwn(TARGET_LOADERS, target) ? (TARGET_LOADERS[target] ?? []) : [target];
  const loaders = LOADERS.filter(({ name }) => names.includes(name));
  if (loaders.length === 0)
    throw fail('verifier/unknown-target', {
      found: target,
      expected: [...LOADERS.map(({ name }) => name), ...Object.keys(TARGET_LOADERS)].join(', '),
    });
  return loaders;
}

export const checkTarget = (subject: Subject, target: string): Finding[] =>
  loadersOf(target).flatMap((loader) => findingsOf(loader, loader.forecast(subject)));

function findingsOf({ name }: Loader, forecast: Forecast): Finding[] {
  const { outcome, because, protocol, entry, loses = [] } = forecast;
  const kindOf = (code: keyof typeof FINDINGS): FindingKind => FINDINGS[code];
  const way = [protocol, entry === undefined ? undefined : `at 0x${entry.toString(16)}`].filter(Boolean).join(' ');
  const found = outcome === 'enters' && way !== '' ? `${way}: ${because}` : because;
  const code = CODES[outcome];
  return [
    makeFinding(code, kindOf(code), { field: name, found }),
    ...(loses.length === 0
      ? []
      : [makeFinding('target/loses', kindOf('target/loses'), { field: name, found: loses.join(', ') })]),
  ];
}
