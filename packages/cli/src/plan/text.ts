import { hex } from '@bzelf/bytes';
import { copyLength, type Copy, type CpuState, type LoadPlan, type PlanRange } from '@bzelf/loader';
import type { Paint } from '../print/paint.js';
import { printable } from '../print/printable.js';
import { RANGE_HEADINGS, rangeRow, rangeText, sizeText } from '../print/ranges.js';
import { table } from '../print/table.js';
import { decodeParameterBlock } from './parameter-block.js';

/** The plan in the order in which a loader carries it out. */
export function planText(file: string, plan: LoadPlan, setupHeader: Uint8Array | undefined, paint: Paint): string {
  const { protocol, entry, cpu, copies, zeros, reserve, parameterBlock, pageTables, mappings, warnings } = plan;
  const section = (title: string, rows: readonly (readonly string[])[], right: readonly number[] = []) =>
    rows.length === 0 ? '' : `${paint.cyan(title)}\n${table(rows, { indent: 2, right })}`;
  const map = mappings === undefined || mappings.length === 0 ? [] : [RANGE_HEADINGS, ...mappings.map(rangeRow)];
  return [
    `${paint.bold(printable(file))} by ${protocol}, entry ${hex(entry)}\n`,
    section('copy', [...copies].sort(byAddress).map(copyRow), [1]),
    section('fill with zeros', zeros.map(planRow), [1]),
    section('keep free', reserve.map(planRow), [1]),
    pageTables === undefined
      ? ''
      : section(
          `map (${pageTables.mode} page tables, ${sizeText(pageTables.bytes.length)} at ${hex(pageTables.root)})`,
          map,
          [1],
        ),
    parameterBlock === undefined
      ? ''
      : section(
          `${parameterBlock.kind} at ${hex(parameterBlock.address)}${setupHeader === undefined ? '' : ', beside the setup_header of the file'}`,
          decodeParameterBlock(parameterBlock, setupHeader).map(({ offset, name, value, meaning }) => [
            hex(offset, 3),
            name,
            printable(value),
            meaning,
          ]),
        ),
    section('processor', cpuRows(cpu)),
    warnings.map((warning) => `${paint.yellow('warning:')} ${printable(warning)}\n`).join(''),
  ].join('');
}

const byAddress = (a: Copy, b: Copy): number => (a.to < b.to ? -1 : a.to > b.to ? 1 : 0);

function copyRow(copy: Copy): string[] {
  const length = copyLength(copy);
  return [rangeText(copy.to, BigInt(length)), sizeText(length), copy.purpose, sourceText(copy.from)];
}

function sourceText(from: Copy['from']): string {
  if ('bytes' in from) return 'made by the loader';
  if ('initrdOffset' in from) return `initrd at ${hex(from.initrdOffset)}`;
  return `file at ${hex(from.fileOffset)}`;
}

const planRow = ({ start, length, purpose }: PlanRange): string[] => [
  rangeText(start, length),
  sizeText(length),
  purpose,
];

/** What differs from a processor whose registers are all 0. */
function cpuRows({ mode, rip, cr0, cr3, cr4, efer, rflags, gdt, idt, segments, registers }: CpuState): string[][] {
  const general = Object.entries(registers).filter(([, value]) => value !== 0n);
  const selectors = Object.entries(segments).map(([name, { selector }]) => `${name} ${hex(selector)}`);
  return [
    ['mode', mode],
    [mode === 'long64' ? 'rip' : mode === 'real16' ? 'ip' : 'eip', hex(rip)],
    [
      'registers',
      [...general.map(([name, value]) => `${registerName(name, mode)} ${hex(value)}`), 'others 0'].join(', '),
    ],
    [
      'control',
      [`cr0 ${hex(cr0)}`, `cr3 ${hex(cr3)}`, `cr4 ${hex(cr4)}`, `efer ${hex(efer)}`, `flags ${hex(rflags)}`].join(', '),
    ],
    ['segments', selectors.join(', ')],
    ...(gdt === undefined ? [] : [['gdt', `${hex(gdt.address)}, limit ${hex(gdt.bytes.length - 1)}`]]),
    ['idt', `${hex(idt.base)}, limit ${hex(idt.limit)}`],
  ];
}

/** The half of a register that the mode knows: rbx is ebx in protected mode. */
const registerName = (name: string, mode: CpuState['mode']): string =>
  mode === 'long64' || !name.startsWith('r') ? name : name.replace(/^r/, mode === 'real16' ? '' : 'e');
