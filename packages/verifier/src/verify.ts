import { isBzelfError, toSource, type ByteSource } from '@bzelf/bytes';
import { probeElf } from '@bzelf/elf';
import { openKernel, type KernelImage } from '@bzelf/loader';
import type { Tier } from '@bzelf/x86';
import { loadersOf } from './checks/target.js';
import { executionFinding } from './execution/findings.js';
import { prepare, type Prepared } from './execution/prepare.js';
import type { ProfileReport, Until } from './execution/report.js';
import { runProfile } from './execution/run-profile.js';
import { inspectPayload } from './inner-kernel.js';
import type { Finding } from './finding.js';
import { findProfile, profilesFor } from './profiles/find.js';
import type { Profile } from './profiles/profile.js';
import { unenteredFindings } from './profiles/unentered.js';
import { verifyStructure } from './structure.js';

export interface VerifyOptions {
  /** `entry` unless told: the first instruction of the kernel itself. */
  readonly until?: Until;
  /** Names; those that show each entry unless told. `all`: every one that the file can be started by. */
  readonly profiles?: readonly string[];
  /** A loader or a target of the writer, whose wishes are checked, too. */
  readonly target?: string;
  /** Bytes of RAM; 256 MiB unless told. */
  readonly ram?: number;
  readonly cmdline?: string;
  /** 9000 bytes of no meaning unless told. */
  readonly initrd?: Uint8Array;
  /** Milliseconds of each run; a minute unless told. */
  readonly deadline?: number;
  /** Instructions of each run; 10 thousand million unless told. */
  readonly instructions?: number;
  readonly tier?: Tier;
  /** Called, and waited for, before each run. */
  readonly onRun?: (profile: string) => void | Promise<void>;
}

export interface VerifyReport {
  readonly verdict: 'pass' | 'fail';
  readonly form: KernelImage['form'];
  readonly kernelVersion?: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly structure: readonly Finding[];
  /** What is wrong with the kernel inside, before anything runs. */
  readonly payload: readonly Finding[];
  readonly runs: readonly ProfileReport[];
}

const DEFAULT_RAM = 256 << 20;
const DEFAULT_CMDLINE = 'earlyprintk=ttyS0 console=ttyS0';
const DEFAULT_DEADLINE = 60_000;
const DEFAULT_INSTRUCTIONS = 10_000_000_000;
/** Not whole pages, so that a size that is rounded shows. */
const INITRD_SIZE = 9000;

/**
 * Says of a bzImage or ELF file whether it is well formed, and proves by execution that its entries lead to the kernel inside, from exactly the
 * memory that it declares. Throws loader/not-a-kernel for a file of neither kind, verifier/unknown-profile and verifier/unknown-target.
 */
export async function verify(input: Uint8Array | ByteSource, options: VerifyOptions = {}): Promise<VerifyReport> {
  const source = toSource(input);
  const { target, until = 'entry', onRun } = options;
  const asked = checkVerifyOptions(options);
  const structure = verifyStructure(source, target === undefined ? {} : { target });
  const kernel = openSafely(source);
  if (kernel === undefined)
    return {
      verdict: 'fail',
      form: probeElf(source) ? 'elf' : 'bzimage',
      size: source.size,
      structure,
      payload: [],
      runs: [],
    };
  const { prepared, payload: inside } = await prepareSafely(kernel);
  const payload = prepared === undefined ? inside : [...inside, ...unenteredFindings(kernel)];
  const runs: ProfileReport[] = [];
  for (const profile of profilesOf(kernel, options, asked)) {
    if (prepared === undefined) break;
    await onRun?.(profile.name);
    runs.push(
      await runProfile(prepared, profile, {
        until,
        ram: options.ram ?? DEFAULT_RAM,
        cmdline: options.cmdline ?? DEFAULT_CMDLINE,
        initrd: options.initrd ?? patternBytes(INITRD_SIZE),
        deadline: options.deadline ?? DEFAULT_DEADLINE,
        instructions: options.instructions ?? DEFAULT_INSTRUCTIONS,
        ...(options.tier === undefined ? {} : { tier: options.tier }),
      }),
    );
  }
  const isBad = [...structure, ...payload].some(({ severity }) => severity === 'error');
  const { kernelVersion } = kernel;
  return {
    verdict: isBad || runs.some(({ verdict }) => verdict === 'fail') ? 'fail' : 'pass',
    form: kernel.form,
    ...(kernelVersion === undefined ? {} : { kernelVersion }),
    size: source.size,
    structure,
    payload,
    runs,
  };
}

/** The profiles that are named. Throws verifier/unknown-profile and verifier/unknown-target, as verify does. */
export function checkVerifyOptions({ profiles = [], target }: VerifyOptions): Profile[] {
  if (target !== undefined) loadersOf(target);
  return profiles.filter((name) => name !== 'all').map(findProfile);
}

/** Undefined for a file so malformed that only the structure checks have a word for it. */
function openSafely(source: ByteSource): KernelImage | undefined {
  try {
    return openKernel(source);
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    return undefined;
  }
}

async function prepareSafely(
  kernel: KernelImage,
): Promise<{ readonly prepared?: Prepared; readonly payload: readonly Finding[] }> {
  const { findings: found, payload } = await inspectPayload(kernel.source);
  if (payload === undefined && found.length > 0) return { payload: found };
  try {
    return { prepared: await prepare(kernel, payload), payload: found };
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    if (found.some(({ severity }) => severity === 'error')) return { payload: found };
    const { field, found: value, expected, code, message } = error;
    const where = {
      field: field ?? code,
      found: `${message} (${code})${value === undefined ? '' : `: ${value}`}`,
      ...(expected === undefined ? {} : { expected }),
    };
    return { payload: [...found, executionFinding('image/payload', where)] };
  }
}

function profilesOf(
  kernel: KernelImage,
  { profiles = [] }: VerifyOptions,
  asked: readonly Profile[],
): readonly Profile[] {
  const possible = profilesFor(kernel);
  if (profiles.includes('all')) return possible;
  if (asked.length > 0) return asked;
  const basic = possible.filter((own) => own.basic === true);
  // those that show each entry have no BIOS; a kernel that needs one is shown by the first that has
  return basic.length > 0 ? basic : possible.filter((own, i) => firstOf(possible, own.protocol) === i);
}

const firstOf = (profiles: readonly Profile[], wanted: Profile['protocol']): number =>
  profiles.findIndex(({ protocol }) => protocol === wanted);

/** The same bytes every time, no two pages alike. */
const patternBytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
