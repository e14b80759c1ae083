/** Firmware that hands a program nothing but the processor: what there is to know is in the coreboot table in low memory. */
import { concat, le, phys } from '@bzelf/bytes';
import { parseProbeReport } from '@bzelf/testkit';
import { Machine } from '@bzelf/x86';
import { textAt, bytesText } from '../../src/execution/accesses';
import { exitText } from '../../src/execution/exits';
import { checkImage } from '../../src/execution/image';
import { checkParams } from '../../src/execution/params';
import type { Prepared } from '../../src/execution/prepare';
import { isAtEntry } from '../../src/kernel-entry';
import { COREBOOT_TABLE } from '../../src/profiles/coreboot-table';
import { handOver, type HandOver } from '../../src/profiles/hand-over';
import type { CpuChange, Profile } from '../../src/profiles/profile';
import { startPlan } from '../../src/start';
import type { Simulation } from './simulation';

const STACK = 0x8_0000n;
const CR4_OSFXSR = 0x200n;

interface Bare {
  readonly source: string;
  readonly cpu: CpuChange;
  /** What stands above the return address. */
  readonly argument: bigint;
}

// prettier-ignore
export const BARE: Readonly<Record<string, Bare>> = {
  coreboot: { source: 'coreboot src/arch/x86/boot.c, src/cpu/x86/32bit/entry32.inc', argument: COREBOOT_TABLE,
    cpu: { selectors: [8, 0x10], idt: { base: 0n, limit: 0 }, cr4: CR4_OSFXSR, registers: { rax: 0n, rbx: 0n, rsp: STACK } } },
  // argc in eax and argv in edx: arguments that are nowhere else, of which there are none
  'uboot on coreboot': { source: 'U-Boot cmd/elf.c, bootelf_exec; arch/x86/cpu/i386/cpu.c', argument: 0n,
    cpu: { selectors: [0x10, 0x18], registers: { rax: 1n, rbx: 0n, rdx: STACK + 8n, rsp: STACK } } },
};

/** From the jump to the kernel's own entry, or to the end of the probe's report. */
export function startBare(prepared: Prepared, { source, cpu, argument }: Bare, ram: number): Simulation {
  const given = bareHandOver(prepared, { source, cpu, argument }, BigInt(ram));
  const machine = new Machine({ ram });
  startPlan(machine, given.plan, { kernel: prepared.kernel.source });
  const { point, inner, kernel } = prepared;
  if (point === undefined || inner === undefined) {
    const exit = machine.run({ until: () => machine.serial.output.includes('probe: end'), budget: 1e9 });
    const probe = parseProbeReport(machine.serial.output);
    const report = probe === undefined ? {} : { probe };
    return { given, ...report, problems: exit.reason === 'until' ? [] : [exitText(exit, 'start')] };
  }
  for (;;) {
    const exit = machine.run({ until: point.address, budget: 1e10 });
    if (exit.reason !== 'until')
      return { given, problems: [`${exitText(exit, 'start')}: ${textAt(machine, bytesText)}`] };
    if (!isAtEntry(machine, point)) continue;
    const image = checkImage(machine.ram, kernel, inner, machine.linearRip);
    const params = checkParams(machine, kernel, given);
    const problems = [...image.findings, ...params.findings].map(({ code, found }) => `${code}: ${found ?? ''}`);
    return { given, ...(params.cmdline === undefined ? {} : { cmdline: params.cmdline }), problems };
  }
}

/** As FILO's, without its records. */
function bareHandOver({ kernel }: Prepared, { source, cpu, argument }: Bare, ram: bigint): HandOver {
  // prettier-ignore
  const profile: Profile = { name: 'bare', doc: '', source, protocol: 'elfboot', mapped: 'all', firmware: 'coreboot-table', kaslr: true, cpu };
  const given = handOver(kernel, profile, { ram, cmdline: '' });
  const copies = given.plan.copies.filter(({ purpose }) => purpose !== 'elfboot' && purpose !== 'stack');
  const stack = { to: phys(STACK), from: { bytes: concat([le(0, 4), le(argument, 4)]) }, purpose: 'stack' };
  return { ...given, plan: { ...given.plan, copies: [...copies, stack] } };
}
