/** Files to test with, and outside judges. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  EM_X86_64,
  ET_EXEC,
  PF_R,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  encodeNotes,
  planElf,
  writeElf,
  type ElfClass,
  type ElfSpec,
  type RawNote,
} from '../src/index.js';

export const TEST_IMAGES = join(__dirname, '../../../test-images');

const works = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
export const hasReadelf = works('readelf');

/** `test` when a judge is there, else a test that is reported as skipped. */
export const testWith = (judge: boolean) => (judge ? test : test.skip);

/** Runs a judge on bytes, put into a file whose name replaces `FILE`. */
export function judge(
  command: string,
  args: readonly string[],
  bytes: Uint8Array,
): { out: string; err: string; status: number } {
  const folder = mkdtempSync(join(tmpdir(), 'bzelf-test-'));
  try {
    const file = join(folder, 'file.elf');
    writeFileSync(file, bytes);
    const env = { ...process.env, LC_ALL: 'C' };
    const { stdout, stderr, status } = spawnSync(command, [...args, file], {
      encoding: 'utf8',
      env,
      maxBuffer: 1 << 26,
    });
    return { out: stdout, err: stderr, status: status ?? -1 };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const readFile = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
export const readIfThere = (path: string): Uint8Array | undefined => (existsSync(path) ? readFile(path) : undefined);

/** The decompressed payload of a gzip kernel of test-images: vmlinux, then its relocation table. */
export function innerVmlinux(name: string): Uint8Array {
  const image = readFileSync(join(TEST_IMAGES, name));
  const protectedMode = ((image[0x1f1] ?? 0) + 1) * 512;
  const payload = protectedMode + image.readUInt32LE(0x248);
  return new Uint8Array(gunzipSync(image.subarray(payload, payload + image.readUInt32LE(0x24c))));
}

export interface SmallElf {
  readonly class?: ElfClass;
  readonly notes?: readonly RawNote[];
  /** Instead of `notes`, as they stand. */
  readonly noteBytes?: Uint8Array;
  readonly p_align?: bigint;
  readonly sections?: boolean;
  readonly spec?: Partial<ElfSpec>;
}

/** A note segment and five bytes of code, optionally with sections for both. */
export function smallSpec({
  class: elfClass = 64,
  notes = [],
  noteBytes,
  p_align = 4n,
  sections = false,
  spec = {},
}: SmallElf): ElfSpec {
  const bytes = noteBytes ?? encodeNotes(notes);
  return {
    class: elfClass,
    e_type: ET_EXEC,
    e_machine: EM_X86_64,
    e_entry: 0x200000n,
    pieces: [
      { name: 'notes', size: bytes.length, align: 8, bytes },
      { name: 'text', size: 5, align: 0x1000, bytes: Uint8Array.of(0xf4, 0xeb, 0xfd, 1, 2) },
    ],
    segments: [
      // prettier-ignore
      { p_type: PT_NOTE, p_flags: PF_R, p_vaddr: 0n, p_paddr: 0n, p_memsz: BigInt(bytes.length), p_align, piece: 'notes' },
      // prettier-ignore
      { p_type: PT_LOAD, p_flags: PF_R | PF_X, p_vaddr: 0x200000n, p_paddr: 0x200000n, p_memsz: 0x1801n, p_align: 0x1000n, piece: 'text' },
    ],
    ...(sections
      ? {
          sections: [
            { name: '.note.bzelf', sh_type: 7, sh_flags: 0, sh_addr: 0n, piece: 'notes', sh_addralign: p_align },
            { name: '.text', sh_type: 1, sh_flags: 6, sh_addr: 0x200000n, piece: 'text', sh_addralign: 0x1000n },
          ],
        }
      : {}),
    ...spec,
  };
}

export const smallElf = (options: SmallElf): Uint8Array => writeElf(planElf(smallSpec(options)));

/** Owner and descriptor size of every line of `readelf -nW`. */
export function readelfNotes(bytes: Uint8Array): { owner: string; descsz: number }[] {
  return [...judge('readelf', ['-nW'], bytes).out.matchAll(/^ {2}(\S*)\s+0x([0-9a-f]{8})\t/gm)].map(
    ([, owner, size]) => ({
      owner: (owner ?? '').trim(),
      descsz: parseInt(size ?? '', 16),
    }),
  );
}
