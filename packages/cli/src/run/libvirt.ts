import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BzelfError } from '@bzelf/bytes';
import { openKernel, type KernelImage } from '@bzelf/loader';
import type { LibvirtArgs } from '../commands/libvirt.js';
import { FindingsFound, UsageError } from '../exit.js';
import { checkOutput, readInput, writeOutput } from '../io.js';
import { readDomain, type Domain } from '../libvirt/domain.js';
import { libvirtDocument, type Report } from '../libvirt/document.js';
import { forecast, type Forecast, type Problem } from '../libvirt/forecast.js';
import { machineOf, type Machine } from '../libvirt/machine.js';
import { optionsFor, withKernel, wrapFor } from '../libvirt/rewrite.js';
import { libvirtText } from '../libvirt/text.js';
import { extractVmlinux } from '../payload.js';
import { jsonText } from '../print/json.js';
import { stderrPaint, stdoutPaint, writeStderr, writeStdout } from '../terminal.js';

export async function runLibvirt(args: LibvirtArgs): Promise<void> {
  checkWords(args);
  const text = decodeXml(readInput(args.file));
  const domain = readDomain(text);
  const report = args.rewrite ? await rewrite(args, text, domain) : await look(args, domain);
  // Standard output may be taken by the XML.
  const show = args.output === '-' ? writeStderr : writeStdout;
  const paint = args.output === '-' ? stderrPaint() : stdoutPaint();
  show(args.json ? jsonText(libvirtDocument(report)) : libvirtText(report, paint));
  if (report.forecast.problems.some(({ severity }) => severity === 'error')) throw new FindingsFound();
}

function checkWords({ rewrite: wanted, output, 'kernel-out': kernelOut }: LibvirtArgs): void {
  if (wanted && (output === undefined || kernelOut === undefined)) {
    throw new UsageError('--rewrite wants -o FILE for the XML and --kernel-out FILE for the kernel');
  }
  if (!wanted && (output !== undefined || kernelOut !== undefined)) {
    throw new UsageError('-o and --kernel-out go with --rewrite');
  }
  if (kernelOut === '-') throw new UsageError('--kernel-out wants a file, because the XML will name it');
}

/** libvirt writes UTF-8. A byte order mark stays in the text, so that it comes out again. */
function decodeXml(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BzelfError('cli/bad-xml', 'This XML is not in UTF-8', { hint: 'iconv -t UTF-8 converts it', cause });
  }
}

async function look(args: LibvirtArgs, domain: Domain): Promise<Report> {
  const machine = machineOf(domain);
  const path = args.kernel ?? domain.kernel;
  if (domain.kernel === undefined || path === undefined) {
    return { file: args.file, domain, machine, forecast: { problems: problemsWithoutKernel(domain) } };
  }
  return reportOf(args, domain, machine, readInput(path));
}

async function reportOf(args: LibvirtArgs, domain: Domain, machine: Machine, bytes: Uint8Array): Promise<Report> {
  const kernel = openKernel(bytes);
  const found = await forecastOf(domain, machine, kernel);
  const problems = [...found.problems, ...initrdProblems(domain)];
  return { file: args.file, domain, machine, kernel, forecast: { ...found, problems } };
}

const forecastOf = (domain: Domain, machine: Machine, kernel: KernelImage): Promise<Forecast> =>
  forecast({ domain, machine, kernel, inner: async () => (await extractVmlinux(kernel.source)).elf });

function problemsWithoutKernel({ initrd, cmdline }: Domain): Problem[] {
  if (initrd === undefined && cmdline === undefined) return [];
  return [{ severity: 'warning', text: 'without <kernel>, <initrd> and <cmdline> have no effect' }];
}

function initrdProblems({ initrd }: Domain): Problem[] {
  if (initrd === undefined || existsSync(initrd)) return [];
  return [{ severity: 'warning', text: `there is no initrd ${initrd} here` }];
}

/** The kernel is written first: XML that names it must not be there before it is. */
async function rewrite(args: LibvirtArgs, text: string, domain: Domain): Promise<Report> {
  const { file, output = '', 'kernel-out': kernelOut = '' } = args;
  const from = args.kernel ?? domain.kernel;
  if (domain.kernel === undefined || from === undefined) {
    throw new BzelfError('cli/no-kernel', 'The domain names no kernel, so there is nothing to rewrite');
  }
  checkOutput(kernelOut, { input: from });
  checkOutput(output, { input: file });
  const machine = machineOf(domain);
  const bytes = readInput(from);
  const result = await wrapFor(openKernel(bytes), bytes, optionsFor(machine, domain));
  const path = resolve(kernelOut);
  const changed = withKernel(text, domain, path);
  const report = await reportOf(args, { ...domain, kernel: path }, machine, result.bytes);
  await writeOutput(kernelOut, result.parts, { input: from });
  await writeOutput(output, new TextEncoder().encode(changed), { input: file });
  return { ...report, rewritten: { kernel: path, output, form: result.form, target: result.target } };
}
