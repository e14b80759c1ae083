/** docs/checks.md is what the checks say of themselves; UPDATE_GOLDEN=1 writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@bzelf/testkit';
import { FILE_CHECK } from '../../src/checks/check.js';
import { INNER_CHECK } from '../../src/inner-kernel.js';
import { TARGET_CHECK } from '../../src/checks/target.js';
import {
  CHECKS,
  EXECUTION_FINDINGS,
  LOADERS,
  PROFILES,
  SEVERITIES,
  TARGET_LOADERS,
  type Check,
} from '../../src/index.js';

const PAGE = join(repositoryRoot(), 'docs/checks.md');

const INTRO = `# What the structure checks find

\`verifyStructure\` of \`@bzelf/verifier\` reads a bzImage or an ELF file and says what is wrong with it, odd, or worth knowing.
It runs nothing. Each finding has a code that does not change, a severity, the place in the file, what was found there
and what was expected.

- **error**: a loader that the file is for will fail, or the file contradicts itself.
- **warning**: some loader has trouble with it.
- **note**: worth knowing, and no fault.

Nothing in a file may bring a check to its end in another way. \`npm run fuzz -- --count 100000 --seed 4\` gave 100,000 mutated files to
them, to what decompresses the payload, and to the code of every other command on 23 November 2026: errors of malformed input and
findings, at most 508 MiB of memory, none that took ten seconds.

This page is made from the checks (\`packages/verifier/src/checks\`).
`;

const section = ({ name, doc, findings }: Pick<Check, 'name' | 'doc' | 'findings'>): string =>
  [
    `## ${name}\n`,
    `${doc}\n`,
    ...Object.entries(findings).flatMap(([code, { severity, title, explanation, remedy }]) => [
      `### \`${code}\`\n`,
      `**${severity}**: ${title}.\n`,
      `${explanation}\n`,
      `Remedy: ${remedy}.\n`,
    ]),
  ].join('\n');

/** The loaders that a target may be, and who a target of the writer stands for. */
function loaderTable(): string {
  const servesOf = (name: string) =>
    Object.entries(TARGET_LOADERS)
      .filter(([, loaders]) => loaders.includes(name))
      .map(([target]) => `\`${target}\``)
      .join(', ');
  const rows = LOADERS.map(({ name, doc, source }) => [`\`${name}\``, doc, servesOf(name), source]);
  return tableText([['loader', 'is', 'target of `bzelf wrap`', 'its rules were read in'], ...rows]);
}

function tableText(all: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...body] = all;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}

/** Loaders without a row, and why. */
const WITHOUT_PROFILE = `libvirt and virt-manager start kernels by QEMU: the profiles of QEMU stand for them. SYSLINUX's \`linux\` and QEMU's \`-kernel\` of a
bzImage enter the setup code, as \`linux16\` and \`qemu-linux16\` do. OVMF, systemd-boot and GRUB's \`linux\` on EFI start the PE executable or its handover
entry, with boot services behind it that nothing here plays; the same goes for paravirtualized domains of Xen.
`;

/** Not a check: what `verify` says of runs. */
const EXECUTION = {
  name: 'execution',
  doc: 'What `verify` finds when it executes the file. It plays one of the loaders below, from the memory that the file declares.',
  findings: EXECUTION_FINDINGS,
};

const profileTable = (): string =>
  tableText([
    ['profile', 'protocol', 'stands for', 'source'],
    ...PROFILES.map(({ name, protocol, doc, source }) => [`\`${name}\``, protocol, doc, source]),
  ]);

test('docs/checks.md has every check and every finding', () => {
  const page = [
    INTRO,
    ...[FILE_CHECK, ...CHECKS, INNER_CHECK, TARGET_CHECK].map(section),
    loaderTable(),
    section(EXECUTION),
    profileTable(),
    WITHOUT_PROFILE,
  ].join('\n');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, page);
  else expect(readFileSync(PAGE, 'utf8')).toBe(page);
});

const all = [...CHECKS, INNER_CHECK, TARGET_CHECK, EXECUTION].flatMap(({ findings }) =>
  Object.entries(findings).map(([code, kind]) => ({ code, ...kind })),
);

test.each(all)('$code is worded for people', ({ severity, title, explanation, remedy }) => {
  expect(SEVERITIES).toContain(severity);
  expect(title).toMatch(/^\S.*[^.]$/);
  expect(explanation).toMatch(/^\S.*\.$/);
  expect(remedy).toMatch(/^\S.*[^.]$/);
});
