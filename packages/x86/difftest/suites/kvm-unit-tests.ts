/**
 * kvm-unit-tests: system mode. Each image is a multiboot program that tells on COM1 what passed and leaves through the exit port; status 0 is success.
 * Images that are built for other accelerators, more processors or virtualization extensions are left out, each with its reason.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FULL_FEATURES, Machine, type CpuFeature, type CpuProfile, type MachineExit } from '../core';
import { loadMultiboot, readProgram } from './multiboot';
import { type Device } from '../../src/devices/device';
import { type MachineHooks } from '../../src/machine/wiring';
import { pcDevices } from '../../src/machine/pc';
import { TestDevice } from './test-device';
import { type SuiteOptions, type TestOutcome } from './suite';

interface TestRow {
  readonly file: string;
  readonly args?: string;
  /** Default: both. */
  readonly bits?: 32 | 64;
  readonly without?: readonly CpuFeature[];
  /** Of the time-stamp counter an instruction: benchmarks go on for 2^30 cycles. */
  readonly cycles?: number;
  /** A processor of AMD's: SYSCALL in compatibility mode. */
  readonly amd?: boolean;
  /** It has so many whatever the limit of the others is. */
  readonly seconds?: number;
  /** MiB. */
  readonly ram?: number;
  readonly skip?: string;
}

const FAST = { cycles: 256 };
/** Performance counters and what they count, which AMD's processors have always had; the core's have none. */
const COUNTERS: MachineHooks = {
  readMsr: (index) => (isCounter(index) ? { lo: 0, hi: 0 } : undefined),
  writeMsr: (index) => isCounter(index),
};
const isCounter = (index: number): boolean => index >>> 3 === 0xc0010000 >>> 3;

const SVM = 'SVM is not advertised';
const SEVERAL = 'wants several processors';

/** Names are those of unittests.cfg. */
// prettier-ignore
export const KVM_TESTS: Readonly<Record<string, TestRow>> = {
  x2apic: { file: 'apic', bits: 64, skip: SEVERAL }, xapic: { file: 'apic', bits: 64, skip: SEVERAL },
  ioapic: { file: 'ioapic', bits: 64, skip: 'no I/O APIC' },
  smptest: { file: 'smptest', skip: SEVERAL }, smptest3: { file: 'smptest', skip: SEVERAL },
  cmpxchg8b: { file: 'cmpxchg8b', bits: 32 },
  vmexit_cpuid: { file: 'vmexit', args: 'cpuid', ...FAST },
  vmexit_vmcall: { file: 'vmexit', args: 'vmcall', skip: 'VMCALL is for guests of a hypervisor' },
  vmexit_mov_from_cr8: { file: 'vmexit', args: 'mov_from_cr8', ...FAST }, vmexit_mov_to_cr8: { file: 'vmexit', args: 'mov_to_cr8', ...FAST },
  vmexit_inl_pmtimer: { file: 'vmexit', args: 'inl_from_pmtimer', skip: 'no ACPI, which tells the port' },
  vmexit_ipi: { file: 'vmexit', args: 'ipi', skip: SEVERAL }, vmexit_ipi_halt: { file: 'vmexit', args: 'ipi_halt', skip: SEVERAL },
  vmexit_ple_round_robin: { file: 'vmexit', args: 'ple_round_robin', ...FAST },
  vmexit_tscdeadline: { file: 'vmexit', args: 'tscdeadline', skip: 'TSC deadline mode is not advertised' },
  vmexit_tscdeadline_immed: { file: 'vmexit', args: 'tscdeadline_immed', skip: 'TSC deadline mode is not advertised' },
  vmexit_cr0_wp: { file: 'vmexit', args: 'toggle_cr0_wp', ...FAST }, vmexit_cr4_pge: { file: 'vmexit', args: 'toggle_cr4_pge', ...FAST },
  access: { file: 'access_test', bits: 64, seconds: 300 },
  smap: { file: 'smap' }, pku: { file: 'pku', bits: 64 }, pks: { file: 'pks', bits: 64 },
  asyncpf: { file: 'asyncpf', skip: 'paravirtual' },
  emulator: { file: 'emulator' }, eventinj: { file: 'eventinj' },
  hypercall: { file: 'hypercall', skip: 'VMCALL is for guests of a hypervisor' },
  idt_test: { file: 'idt_test', bits: 64 }, memory: { file: 'memory', bits: 64 },
  msr: { file: 'msr' }, realmode: { file: 'realmode' }, s3: { file: 's3', skip: 'no ACPI' },
  setjmp: { file: 'setjmp' }, sieve: { file: 'sieve' }, syscall: { file: 'syscall', bits: 64, amd: true },
  tsc: { file: 'tsc' }, tsc_adjust: { file: 'tsc_adjust' }, xsave: { file: 'xsave', bits: 64 }, rmap_chain: { file: 'rmap_chain', bits: 64 },
  svm: { file: 'svm', bits: 64, skip: SVM }, svm_npt: { file: 'svm_npt', bits: 64, skip: SVM },
  taskswitch: { file: 'taskswitch', bits: 32 }, taskswitch2: { file: 'taskswitch2', bits: 32 },
  kvmclock_test: { file: 'kvmclock_test', skip: 'paravirtual' },
  'pcid-enabled': { file: 'pcid', bits: 64 }, 'pcid-disabled': { file: 'pcid', bits: 64, without: ['pcid'] },
  rdpru: { file: 'rdpru', bits: 64 }, umip: { file: 'umip' }, la57: { file: 'la57' },
  vmx: { file: 'vmx', bits: 64, skip: 'VMX is not advertised' },
  debug: { file: 'debug', bits: 64 }, cet: { file: 'cet', bits: 64 }, lam: { file: 'lam', bits: 64 },
  hyperv_synic: { file: 'hyperv_synic', skip: 'paravirtual' }, intel_iommu: { file: 'intel-iommu', bits: 64, skip: 'no IOMMU' },
  tsx_ctrl: { file: 'tsx-ctrl', bits: 64 },
};

const RAM_MIB = 256;
const INFO = 0x90000;
/** In instructions. */
const BUDGET = 40e9;

export function* runKvmUnitTests(
  path: string,
  { tier, only, verbose, seconds: limit }: SuiteOptions,
): Generator<TestOutcome> {
  const bits = readFileSync(join(path, 'config.mak'), 'utf8').includes('ARCH=x86_64') ? 64 : 32;
  for (const [name, row] of Object.entries(KVM_TESTS)) {
    const image = join(path, 'x86', `${row.file}.flat`);
    if ((row.bits ?? bits) !== bits || !name.includes(only)) continue;
    if (row.skip !== undefined) yield { name, verdict: 'skip', detail: row.skip };
    else if (!existsSync(image)) yield { name, verdict: 'skip', detail: 'not built' };
    else {
      const { machine, exit, seconds } = runImage(readFileSync(image), row, tier, limit);
      const text = machine.serial.output;
      if (verbose) console.log(text);
      yield { name, ...verdict(exit, text, seconds, machine) };
    }
  }
}

function runImage(image: Uint8Array, row: TestRow, tier: SuiteOptions['tier'], limit: number) {
  const ram = (row.ram ?? RAM_MIB) << 20;
  const features = new Set<CpuFeature>([...FULL_FEATURES, 'apic']);
  for (const feature of row.without ?? []) features.delete(feature);
  const cpu: Partial<CpuProfile> = {
    features,
    tscPerInstruction: row.cycles ?? 1,
    ...(row.amd && { vendor: 'AuthenticAMD' }),
  };
  const devices = [...pcDevices({ ram, apic: true }), new TestDevice()];
  const machine = new Machine({
    ram,
    cpu,
    unmapped: 'ones',
    unimplemented: 'ud',
    tier,
    devices,
    ...(row.amd && { hooks: COUNTERS }),
  });
  const environment = new TextEncoder().encode(
    `NR_CPUS=1\nMEMSIZE=${ram >> 20}\nMEMLIMIT=${ram >> 20}\nTEST_DEVICE=1\n`,
  );
  loadMultiboot(machine, readProgram(image), {
    at: INFO,
    ram,
    commandLine: `${row.file} ${row.args ?? ''}`,
    module: environment,
  });
  likeBios(machine, devices);
  const start = performance.now();
  const exit = machine.run({ budget: BUDGET, deadline: 1000 * Math.max(limit, row.seconds ?? 0) });
  return { machine, exit, seconds: (performance.now() - start) / 1000 };
}

/** Interrupt controllers, timer and vectors as a BIOS leaves them; tests of real mode wait for an interrupt. */
function likeBios(machine: Machine, devices: readonly Device[]): void {
  const out = (port: number, value: number) => {
    devices
      .find(({ ports }) => ports?.some(({ start, count }) => port >= start && port < start + count))
      ?.out?.(port, 1, value);
  };
  const [IVT, HANDLER] = [0, 0x600];
  for (const [first, vector, line] of [
    [0x20, 0x08, 4],
    [0xa0, 0x70, 2],
  ] as const)
    // prettier-ignore
    for (const [i, value] of [0x11, vector, line, 1, 0].entries()) out(first + Math.min(i, 1), value);
  for (const [port, value] of [[0x43, 0x34], [0x40, 0], [0x40, 0]] as const) out(port, value); // prettier-ignore
  // push ax; mov al, 20h; out 0a0h, al; out 20h, al; pop ax; iret
  machine.write(HANDLER, Uint8Array.of(0x50, 0xb0, 0x20, 0xe6, 0xa0, 0xe6, 0x20, 0x58, 0xcf));
  machine.write(IVT, new Uint8Array(Uint32Array.from({ length: 256 }, () => HANDLER).buffer));
}

/** The exit port gets the status; the text says of each check how it went. */
function verdict(exit: MachineExit, text: string, seconds: number, machine: Machine): Omit<TestOutcome, 'name'> {
  const failed = text.split(/\r?\n/).filter((line) => line.startsWith('FAIL'));
  const summary = /^SUMMARY: .*$/m.exec(text)?.[0].trim() ?? 'no summary';
  const speed = `${seconds.toFixed(1)} s, ${(Number(machine.count) / 1e6 / seconds).toFixed(0)} MIPS`;
  if (exit.reason === 'exit' && exit.value === 0 && failed.length === 0)
    return { verdict: 'pass', detail: `${summary}, ${speed}` };
  const SKIPPED = 77 >> 1; // as the suite writes it, for QEMU's sake
  if (exit.reason === 'exit' && exit.value === SKIPPED) return { verdict: 'skip', detail: lastLine(text) };
  const why =
    exit.reason === 'exit'
      ? `status ${exit.value}`
      : JSON.stringify(exit, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString(16) : value));
  return {
    verdict: 'fail',
    detail: [`${why}; ${summary}, ${speed}`, ...failed.slice(0, 12), `last: ${lastLine(text)}`].join('\n    '),
  };
}

const lastLine = (text: string): string => text.trim().split(/\r?\n/).at(-1) ?? '';
