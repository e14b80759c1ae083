import type { KernelImage } from '@bzelf/loader';
import type { Domain } from './domain.js';
import type { Forecast } from './forecast.js';
import type { Machine } from './machine.js';

/** What was written by --rewrite. */
export interface Rewritten {
  readonly kernel: string;
  readonly output: string;
  readonly form: string;
  readonly target: string;
}

export interface Report {
  readonly file: string;
  readonly domain: Domain;
  readonly machine: Machine;
  readonly kernel?: KernelImage;
  readonly forecast: Forecast;
  readonly rewritten?: Rewritten;
}

/** `bzelf libvirt --json`, documented in docs/libvirt.md. */
export function libvirtDocument({ file, domain, machine, kernel, forecast, rewritten }: Report) {
  const { name, type, osType, arch, machine: machineType, firmware, memory, kernel: path, initrd, cmdline } = domain;
  return {
    schema: 'bzelf.libvirt/1',
    file,
    domain: { name, type, osType, arch, machine: machineType, firmware, memory, loadedBy: machine.text },
    ...(path === undefined
      ? {}
      : { kernel: { path, form: kernel?.form, bits: kernel?.bits, version: kernel?.kernelVersion } }),
    initrd,
    cmdline,
    boot: forecast.boot ?? null,
    problems: forecast.problems,
    rewritten,
  };
}
