/** The tables of docs/verdicts.md: scripts/verdicts.mjs bundles and runs this. */
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { isBzelfError } from '@bzelf/bytes';
import { openKernel } from '@bzelf/loader';
import { FETCHED_KERNELS, kernel, SMALL_KERNELS, testImage } from '@bzelf/testkit';
import { wrap, type WrapOptions } from '@bzelf/writer';
import { profilesFor } from '../src/profiles/find';
import { verify, type VerifyReport } from '../src/verify';

const PAGE = 'docs/verdicts.md';
const [BEGIN, END] = ['<!-- verdicts: written by scripts/verdicts.mjs -->', '<!-- end of verdicts -->'];
const HEADINGS = ['kernel', 'file', 'passes by', 'fails by', 'million instructions'];

const KERNELS = [
  ...['probe', ...SMALL_KERNELS].map((id) => ({ id, path: testImage(`${id}.bzImage`) })),
  ...FETCHED_KERNELS.map((id) => ({ id, path: kernel(id) })),
];
/** Every profile, not only those that show each entry. */
const THOROUGH: readonly string[] = ['probe', '61-64-lzo', '61-32-gzip'];
/** ELF32, for loaders of that class. */
const ONLY_THOROUGH: readonly string[] = ['container multiboot', 'container elfboot32'];
/** They take thousands of millions of instructions to unpack, the same by every profile. */
const SLOW: readonly string[] = ['debian-6.1-amd64', 'debian-6.12-amd64', 'debian-installer-i386'];

/** They call the BIOS, which is behind no profile of a container. */
const REAL_MODE: readonly string[] = ['ipxe', 'memdisk'];

const FILES: Readonly<Record<string, WrapOptions | undefined>> = {
  bzImage: undefined,
  'container pvh': { target: 'pvh' },
  'container universal': { target: 'universal' },
  'container multiboot': { target: 'multiboot' },
  'container multiboot2': { target: 'multiboot2' },
  'container elfboot32': { target: 'elfboot32' },
  inplace: { form: 'inplace', allowEfiLoss: true },
  vmlinux: { form: 'vmlinux' },
};

type Row = readonly string[];
const keyOf = ([id = '', file = '']: Row): string => `${id} ${file}`;
const names = argv.slice(2).filter((word) => !word.startsWith('--'));
const isCheck = argv.includes('--check');

const before = pageRows(readFileSync(PAGE, 'utf8'));
const rows = new Map(before.map((row) => [keyOf(row), row]));
let isBad = false;
for (const { id, path } of KERNELS) {
  if (path === undefined || (names.length > 0 && !names.includes(id))) continue;
  for (const file of Object.keys(FILES)) {
    const row = await rowOf(id, path, file);
    if (row === undefined) continue;
    console.log(row.join(' | '));
    isBad ||= row[3] !== '-' || (isCheck && row[2] !== rows.get(keyOf(row))?.[2]);
    rows.set(keyOf(row), row);
    if (!isCheck) await writePage();
  }
}
process.exitCode = isBad ? 1 : 0;

/** Undefined for a form that this kernel cannot have. */
async function rowOf(id: string, path: string, file: string): Promise<Row | undefined> {
  const image = new Uint8Array(readFileSync(path));
  const options = FILES[file];
  if (ONLY_THOROUGH.includes(file) && !THOROUGH.includes(id)) return undefined;
  if (REAL_MODE.includes(id) && file.startsWith('container')) return undefined;
  if (SLOW.includes(id) && file !== 'bzImage' && file !== 'vmlinux') return undefined;
  try {
    const bytes = options === undefined ? image : (await wrap(image, options)).bytes;
    const possible = profilesFor(openKernel(bytes));
    if (possible.length === 0) return undefined;
    const wanted = possible.filter(({ basic }) => THOROUGH.includes(id) || (basic === true && !SLOW.includes(id)));
    const profiles = (wanted.length > 0 ? wanted : possible.slice(0, 1)).map(({ name }) => name);
    return cells(id, file, await verify(bytes, { profiles, deadline: 300_000 }));
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    return undefined;
  }
}

function cells(id: string, file: string, { structure, payload, runs }: VerifyReport): Row {
  const wrong = [...structure, ...payload].filter(({ severity }) => severity === 'error').map(({ code }) => code);
  const by = (verdict: 'pass' | 'fail') => runs.filter((run) => run.verdict === verdict);
  const passed = by('pass').map(({ profile }) => profile);
  const failed = by('fail').map(({ profile, findings }) => {
    const codes = findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);
    return `${profile} (${[...new Set(codes)].join(', ')})`;
  });
  const most = runs.reduce((count, { instructions }) => (instructions > count ? instructions : count), 0n);
  const list = (texts: readonly string[]) => (texts.length === 0 ? '-' : texts.join(', '));
  return [id, file, list(passed), list([...wrong, ...failed]), (Number(most) / 1e6).toFixed(1)];
}

function pageRows(text: string): Row[] {
  const [, inside = ''] = text.split(BEGIN);
  const lines = (inside.split(END)[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

async function writePage(): Promise<void> {
  const { format, resolveConfig } = await import('prettier');
  const text = readFileSync(PAGE, 'utf8');
  const order = KERNELS.flatMap(({ id }) => Object.keys(FILES).map((file) => `${id} ${file}`));
  const sorted = order.flatMap((key) => [rows.get(key)].filter((row) => row !== undefined));
  const table = [HEADINGS, HEADINGS.map(() => '---'), ...sorted].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const [head = ''] = text.split(BEGIN);
  const [, tail = ''] = text.split(END);
  const config = await resolveConfig(PAGE);
  writeFileSync(PAGE, await format(`${head}${BEGIN}\n\n${table}\n\n${END}${tail}`, { ...config, filepath: PAGE }));
}
