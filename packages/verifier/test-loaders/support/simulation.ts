/** A loader's hand-over, played in the core from a profile. */
import { parseProbeReport, type ProbeReport } from '@bzelf/testkit';
import type { Prepared } from '../../src/execution/prepare';
import { runProfile } from '../../src/execution/run-profile';
import { findProfile } from '../../src/profiles/find';
import { handOver, type HandOver } from '../../src/profiles/hand-over';

/** How it ended, for a test to judge. */
export interface Simulation {
  readonly given: HandOver;
  /** What the kernel would read, where it was found in boot_params; the probe says it itself. */
  readonly cmdline?: string;
  readonly probe?: ProbeReport;
  /** Why it is not what it is to be. */
  readonly problems: readonly string[];
}

export interface Input {
  readonly ram: number;
  readonly cmdline: string;
  readonly initrd: Uint8Array;
}

/** From the loader's jump to the kernel's own entry, or to the end of the probe's report. */
export async function startByProfile(prepared: Prepared, name: string, input: Input): Promise<Simulation> {
  const profile = findProfile(name);
  const given = handOver(prepared.kernel, profile, { ...input, ram: BigInt(input.ram) });
  const limits = { until: 'entry', deadline: 120_000, instructions: 1e10 } as const;
  const { verdict, reached, ended, findings, serial, cmdline } = await runProfile(prepared, profile, {
    ...input,
    ...limits,
  });
  const wrong = findings.filter(({ severity }) => severity === 'error');
  const wanted = prepared.point === undefined ? 'milestone' : 'entry';
  const probe = parseProbeReport(serial);
  return {
    given,
    ...(cmdline === undefined ? {} : { cmdline }),
    ...(probe === undefined ? {} : { probe }),
    problems: [
      ...(verdict === 'pass' && reached === wanted ? [] : [`${verdict} at ${reached}: ${ended}`]),
      ...wrong.map(({ code, found }) => `${code}: ${found ?? ''}`),
    ],
  };
}
