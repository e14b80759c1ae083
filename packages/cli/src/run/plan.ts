import { readFileSync } from 'node:fs';
import { phys } from '@bzelf/bytes';
import {
  openKernel,
  pcMemoryMap,
  planLoad,
  type KernelImage,
  type LoadPlan,
  type MemoryRange,
  type PlanOptions,
} from '@bzelf/loader';
import type { PlanArgs } from '../commands/plan.js';
import { openInput, readInput } from '../io.js';
import { planDocument } from '../plan/document.js';
import { planText } from '../plan/text.js';
import { jsonText } from '../print/json.js';
import { stdoutPaint, writeStdout } from '../terminal.js';
import { parseMemoryMap, parseNumber, parseSize } from '../values.js';

export function runPlan(args: PlanArgs): void {
  const { file, json } = args;
  const input = openInput(file);
  try {
    const kernel = openKernel(input);
    const plan = planLoad(kernel, optionsOf(args));
    writeStdout(
      json ? jsonText(planDocument(file, plan)) : planText(file, plan, setupHeaderOf(kernel, plan), stdoutPaint()),
    );
  } finally {
    input.close();
  }
}

/** The bytes that the loader copied into boot_params, from 0x1f1 on. */
function setupHeaderOf({ bzImage }: KernelImage, { parameterBlock }: LoadPlan): Uint8Array | undefined {
  return parameterBlock?.kind === 'boot_params' ? bzImage?.headerBytes : undefined;
}

function optionsOf(args: PlanArgs): PlanOptions {
  const { protocol, cmdline, initrd, 'acpi-rsdp': acpiRsdp, 'relocate-to': relocateTo } = args;
  return {
    memoryMap: memoryMapOf(args),
    ...(protocol === undefined ? {} : { protocol }),
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(initrd === undefined ? {} : { initrd: initrdOf(initrd) }),
    ...(acpiRsdp === undefined ? {} : { acpiRsdp: phys(parseNumber(acpiRsdp, '--acpi-rsdp')) }),
    ...(relocateTo === undefined ? {} : { relocateTo: phys(parseNumber(relocateTo, '--relocate-to')) }),
  };
}

function memoryMapOf({ memory, 'memory-map': file }: PlanArgs): MemoryRange[] {
  if (file === undefined) return pcMemoryMap(parseSize(memory, '--memory'));
  return parseMemoryMap(readFileSync(file, 'utf8'), file);
}

/** Only the size of an initrd counts for a plan. */
function initrdOf(text: string): { size: number } {
  if (text.startsWith('size:')) return { size: Number(parseSize(text.slice(5), '--initrd')) };
  return { size: readInput(text).length };
}
