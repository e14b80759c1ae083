/** docs/systems.md is what executing the files says; UPDATE_GOLDEN=1 writes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { subarchName } from '@bzelf/elf';
import { openKernel } from '@bzelf/loader';
import { kernel as fetched, repositoryRoot, testImage } from '@bzelf/testkit';
import { unwrap, wrap } from '@bzelf/writer';
import { verify } from '../src/verify';
import { SYSTEMS, type SystemRow } from './systems';

const PAGE = join(repositoryRoot(), 'docs/systems.md');
const OPTIONS = { ram: 128 << 20, deadline: 60_000 } as const;
/** An EFI executable. */
const EFI_KERNEL = fetched('debian-6.12-cloud');

const INTRO = `# The systems that asked for an ELF header on bzImage

In 2006 and 2007 an ELF header on bzImage was proposed for loaders that were not a PC's BIOS. This page names each of them, and what a file made today
says for it and does in its place. Each verdict is from executing the file in the core, by the profiles named, up to the first instruction of
the kernel inside, with boot_params (command line, memory map, initrd, hardware_subarch, RSDP) compared there. The profiles are described in
[checks.md](checks.md#execution). A test keeps this page as it is.
`;

const bytesOf = async ({ kernel, options }: SystemRow): Promise<Uint8Array> => {
  const image = new Uint8Array(readFileSync(testImage(`${kernel}.bzImage`)));
  return options === undefined ? image : (await wrap(image, options)).bytes;
};

/** What stands in the notes. */
function notesText(bytes: Uint8Array): string {
  const { entries, subarch = { subarch: 0, data: 0n } } = openKernel(bytes);
  const name = subarchName(subarch.subarch) ?? `number ${subarch.subarch}`;
  return `SUBARCH ${name}; ENTRY ${entries.map(({ protocol }) => protocol).join(', ')}`;
}

async function section(row: SystemRow): Promise<string> {
  const bytes = await bytesOf(row);
  const { runs } = await verify(bytes, { ...OPTIONS, profiles: row.profiles });
  const rows = runs.map(({ profile, verdict, reached, findings }) => {
    const worse = findings.filter(({ severity }) => severity !== 'note').map(({ code }) => `\`${code}\``);
    return [`\`${profile}\``, verdict, reached === 'entry' ? 'kernel entered' : reached, worse.join(', ')];
  });
  return [
    `## ${row.name}\n`,
    `${row.what}\n`,
    `- File: \`bzelf ${row.command}\`, ${row.kernel}. Its notes: ${notesText(bytes)}.`,
    `- Real loader: ${row.judge}.\n`,
    tableText([['profile', 'verdict', 'reached', 'findings'], ...rows]),
  ].join('\n');
}

/** As prettier has it. */
function tableText(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  const [head = [], ...body] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}

/** Nothing here plays EFI firmware: what can be proved is that nothing of the executable is lost. */
const EFI = `## EFI

Firmware starts a bzImage as a PE executable, and boot loaders by its handover entry; both need boot services behind them, which no profile plays.
A container keeps the whole bzImage, and \`bzelf unwrap\` gives back the executable bit for bit, signature and all. The
form \`inplace\` takes the PE header's place, and \`wrap\` refuses an EFI executable without
\`--allow-efi-loss\`. A file with nothing but an EFI entry gets the warning \`run/no-profile\`.

- Real loader: QEMU with OVMF, \`packages/cli/test-loaders/libvirt.test.ts\`.
`;

(EFI_KERNEL === undefined ? test.skip : test)(
  EFI_KERNEL === undefined
    ? 'an EFI executable comes back whole [skipped: not fetched]'
    : 'an EFI executable comes back whole, and is not made an ELF file by mistake',
  async () => {
    const image = new Uint8Array(readFileSync(EFI_KERNEL ?? ''));
    expect(String.fromCharCode(...image.subarray(0, 2))).toBe('MZ');
    const { bytes } = await wrap(image);
    expect(Buffer.compare(unwrap(bytes), image)).toBe(0);
    await expect(wrap(image, { form: 'inplace' })).rejects.toMatchObject({ hint: expect.stringContaining('efi') });
  },
);

test('docs/systems.md is what was executed', async () => {
  const sections: string[] = [];
  for (const row of SYSTEMS) sections.push(await section(row));
  const page = [INTRO, ...sections, EFI].join('\n');
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(PAGE, page);
  else expect(readFileSync(PAGE, 'utf8')).toBe(page);
  expect(page).not.toMatch(/\| fail/);
}, 300_000);
