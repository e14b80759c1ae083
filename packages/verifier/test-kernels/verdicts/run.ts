/** Verifies every kernel in every form by every profile: scripts/verdicts.mjs bundles and runs this. */
import { argv } from 'node:process';
import { parseArgs } from 'node:util';
import { verify, type VerifyReport } from '../../src/verify';
import type { Finding } from '../../src/finding';
import { fileOf, FORM_NAMES, KERNEL_FILES, profileNames, type FormName } from './files';
import { writePage } from './page';
import { keyOf, readRecord, renewRecord, STRUCTURE, type Verdict } from './record';

/** Each call decompresses the kernel once more; what a killed run loses is one call. */
const PROFILES_A_CALL = 4;
const DEADLINE = 300_000;
/** From cheap to dear: the rest are cheap. */
const DEAR = ['61-64-lzma', '61-64-bzip2', 'debian-6.12-cloud', 'debian-6.12-amd64', 'debian-installer-i386', 'debian-6.1-amd64']; // prettier-ignore

const { values, positionals } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: {
    check: { type: 'boolean', default: false },
    missing: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    profile: { type: 'string', multiple: true },
    form: { type: 'string', multiple: true },
  },
});

let isBad = false;

async function runFile(kernel: string, form: FormName, file: Uint8Array): Promise<void> {
  const before = new Map(readRecord().map((row) => [keyOf(row), row]));
  const names = [STRUCTURE, ...profileNames(file)];
  const isStale = (row: Verdict): boolean => row.kernel === kernel && row.form === form && !names.includes(row.profile);
  const wanted = names
    .slice(1)
    .filter(
      (profile) =>
        (values.profile === undefined || values.profile.includes(profile)) &&
        !(values.missing && before.has(keyOf({ kernel, form, profile }))),
    );
  for (let first = 0; first < wanted.length; first += PROFILES_A_CALL) {
    const profiles = wanted.slice(first, first + PROFILES_A_CALL);
    const started = performance.now();
    const fresh = verdictsOf(kernel, form, await verify(file, { profiles, deadline: DEADLINE }));
    const seconds = (performance.now() - started) / 1000;
    const changed = fresh.filter((row) => values.check && !isSame(row, before.get(keyOf(row))));
    const wrong = fresh.filter(({ verdict }) => verdict !== 'pass');
    isBad ||= changed.length > 0 || wrong.length > 0;
    console.log(`${seconds.toFixed(1)} s  ${kernel} ${form} ${profiles.join(' ')}`);
    for (const row of new Set([...changed, ...wrong])) console.log(`  ${Object.values(row).join(' ')}`);
    if (!values.check) writePage(renewRecord(fresh, isStale));
  }
}

/** A stub of another length counts other instructions. */
const isSame = (row: Verdict, old: Verdict | undefined): boolean =>
  old !== undefined && row.verdict === old.verdict && row.reached === old.reached && row.findings === old.findings;

function verdictsOf(kernel: string, form: FormName, { structure, payload, runs }: VerifyReport): Verdict[] {
  const before = [...structure, ...payload];
  const isBroken = before.some(({ severity }) => severity === 'error');
  return [
    {
      ...{ kernel, form, profile: STRUCTURE, verdict: isBroken ? 'fail' : 'pass' },
      ...{ reached: '', instructions: '', findings: codesOf(before) },
    },
    ...runs.map(({ profile, verdict, reached, instructions, findings }) => ({
      ...{ kernel, form, profile, verdict, reached, instructions: String(instructions), findings: codesOf(findings) },
    })),
  ];
}

/** Notes are nothing to worry about. */
const codesOf = (findings: readonly Finding[]): string =>
  [...new Set(findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code))].join(' ');

const known = KERNEL_FILES.map(({ id }) => id);
const strangers = positionals.filter((name) => !known.includes(name));
if (strangers.length > 0) throw new Error(`no kernel ${strangers.join(', ')}: there are ${known.join(', ')}`);
const chosen = KERNEL_FILES.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
for (const { id, path } of values.page ? [] : chosen.sort((a, b) => DEAR.indexOf(a.id) - DEAR.indexOf(b.id))) {
  if (path === undefined) console.log(`${id} is not fetched here`);
  else
    for (const form of FORM_NAMES.filter((name) => values.form?.includes(name) !== false)) {
      const file = await fileOf(path, form);
      if (file !== undefined) await runFile(id, form, file);
    }
}
if (!values.check) writePage(readRecord());
process.exitCode = isBad ? 1 : 0;
