import { equalBytes, phys } from '@bzelf/bytes';
import { PT_LOAD } from '@bzelf/elf';
import type { KernelImage } from '@bzelf/loader';
import { CMDLINE_MODES, STUB_PARAMS } from '@bzelf/writer';

/** What a container brings for the kernel beside the kernel. */
export interface BuiltIn {
  readonly cmdline: string;
  readonly mode: (typeof CMDLINE_MODES)[number];
  /** Bytes of a command line that the kernel takes. */
  readonly limit: number;
  readonly initrd?: Uint8Array;
}

/** Command lines are bytes; loaders and `bzelf wrap` write UTF-8. */
export const TEXT = new TextDecoder('utf-8', { ignoreBOM: true });

const MAGIC = new TextEncoder().encode('bzst');
/** The stub puts them on a multiple of it. Source: packages/writer/src/stub/data.S. */
const ALIGNMENT = 16;

/** Reads it where the entry stub does; undefined for a file without a stub. */
export function readBuiltIn(kernel: KernelImage): BuiltIn | undefined {
  if (kernel.form !== 'container') return undefined;
  const address = kernel.entries.find(({ setupRelative }) => !setupRelative)?.address ?? 0n;
  const home = segmentAt(kernel, address);
  if (home === undefined) return undefined;
  const blob = kernel.source.read(Number(home.p_offset), Number(home.p_filesz));
  const at = findParams(blob);
  if (at === undefined) return undefined;
  const { cmdline_offset, cmdline_size, cmdline_mode, cmdline_max, initrd_offset, initrd_size } = STUB_PARAMS.read(
    blob,
    at,
  );
  const line = blob.subarray(cmdline_offset, cmdline_offset + Math.max(cmdline_size - 1, 0));
  const initrd = initrd_size === 0 ? undefined : bytesAt(kernel, home.p_paddr + BigInt(initrd_offset | 0), initrd_size);
  return {
    cmdline: TEXT.decode(line),
    mode: CMDLINE_MODES[cmdline_mode] ?? 'default',
    limit: cmdline_max,
    ...(initrd === undefined ? {} : { initrd }),
  };
}

type Container = Extract<KernelImage, { form: 'container' }>;

const segmentAt = ({ elf }: Container, address: bigint) =>
  elf.segments.find(
    ({ p_type, p_paddr, p_filesz, p_offset }) =>
      p_type === PT_LOAD &&
      address >= p_paddr &&
      address < p_paddr + p_filesz &&
      p_offset + p_filesz <= BigInt(elf.source.size),
  );

function findParams(blob: Uint8Array): number | undefined {
  for (let at = 0; at + STUB_PARAMS.size <= blob.length; at += ALIGNMENT)
    if (equalBytes(blob.subarray(at, at + MAGIC.length), MAGIC)) return at;
  return undefined;
}

function bytesAt(kernel: Container, start: bigint, length: number): Uint8Array | undefined {
  const segment = segmentAt(kernel, phys(start));
  if (segment === undefined || start + BigInt(length) > segment.p_paddr + segment.p_filesz) return undefined;
  return kernel.source.read(Number(segment.p_offset + start - segment.p_paddr), length);
}

/** What the stub makes of the loader's line. Source: packages/writer/src/stub/cmdline.S, store_cmdline. */
export function lineFrom(builtIn: BuiltIn | undefined, loaders: string): string {
  if (builtIn === undefined) return loaders;
  const { cmdline, mode, limit } = builtIn;
  return TEXT.decode(new TextEncoder().encode(joined(cmdline, mode, loaders)).subarray(0, limit));
}

function joined(own: string, mode: BuiltIn['mode'], loaders: string): string {
  if (loaders === '') return own;
  if (mode === 'override') return own;
  return mode === 'append' && own !== '' ? `${own} ${loaders}` : loaders;
}
