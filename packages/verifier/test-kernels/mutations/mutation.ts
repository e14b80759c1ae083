/** A file that is broken in one way, and what `verify` must say of it. */
import { verify, type VerifyReport } from '../../src/verify';
import { baseOf, fileOf, type BaseName } from './bases';
import type { Inside } from './small-kernel';

export interface FileMutation {
  readonly name: string;
  readonly base: BaseName;
  /** The profile that runs; that of the base unless told. */
  readonly by?: string;
  /** Before the kernel is compressed. */
  readonly inside?: Inside;
  /** Changes the bytes, or gives others; what it returns beside bytes is nothing. */
  readonly change?: ((bytes: Uint8Array) => unknown) | undefined;
  /** The finding that must be among those of the report. */
  readonly code: string;
}

/** All kernels of the suite run in this: bytes. */
export const RAM = 96 << 20;
/** More than any good run takes: 11 million of a small kernel, 83 of a whole one. */
const INSTRUCTIONS = { small: 20_000_000, whole: 120_000_000 };

export async function brokenFile({ base, inside, change }: Omit<FileMutation, 'code' | 'name'>): Promise<Uint8Array> {
  const bytes = await fileOf(baseOf(base), inside);
  const changed = change?.(bytes);
  return changed instanceof Uint8Array ? changed : bytes;
}

/** Structure, payload and execution by one profile. */
export const judge = (bytes: Uint8Array, base: BaseName, profile = baseOf(base).by): Promise<VerifyReport> =>
  verify(bytes, {
    profiles: [profile],
    ram: RAM,
    instructions: INSTRUCTIONS[baseOf(base).whole === true ? 'whole' : 'small'],
    cmdline: 'console=ttyS0',
  });

export const findingsOf = ({ structure, payload, runs }: VerifyReport) => [
  ...structure,
  ...payload,
  ...runs.flatMap(({ findings }) => findings),
];
