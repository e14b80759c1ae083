import { createHash } from 'node:crypto';
import { equalBytes, hex, isBzelfError, toHex, toSource, type BzelfError, type ByteSource } from '@bzelf/bytes';
import {
  DEFAULT_LIMIT,
  extractPayload,
  placeVmlinux,
  splitVmlinux,
  type BzImage,
  type Relocations,
  type VmlinuxPlacement,
} from '@bzelf/bzimage';
import { BZELF_PAYLOAD, readElf, readNotes, type Note } from '@bzelf/elf';
import type { FindingTable } from './checks/check.js';
import { makeFinding, type Finding, type Where } from './finding.js';
import { isElfSubject, notesOf, openSubject, type Subject } from './subject.js';

// prettier-ignore
const FINDINGS = {
  'inner/corrupt': {
    severity: 'error', title: 'The payload cannot be decompressed',
    explanation: 'The kernel\'s own decompressor will say so at boot, or write something else than the kernel.', remedy: 'get the kernel again',
  },
  'inner/sha256': {
    severity: 'error', title: 'What is inside is not what PAYLOAD says was inside',
    explanation: 'The SHA-256 of the decompressed kernel differs from that of the note.', remedy: 'get the file again, or wrap the bzImage again',
  },
  'inner/vmlinux': {
    severity: 'error', title: 'What is inside is no ELF file that can be loaded',
    explanation: 'The decompressor places the kernel by its program headers.', remedy: 'get the kernel again',
  },
  'inner/relocations': {
    severity: 'error', title: 'The relocation table behind the vmlinux is damaged',
    explanation: 'A relocatable kernel is patched by it when it does not run where it was linked: with KASLR, always.', remedy: 'get the kernel again',
  },
  'inner/init-size': {
    severity: 'error', title: 'The kernel inside needs more memory than init_size says',
    explanation: 'Loaders put other things behind init_size, and the kernel clears its bss over them.', remedy: 'build the kernel again',
  },
  'inner/notes': {
    severity: 'warning', title: 'A note that was carried over is not in the kernel inside',
    explanation: 'Build ID, version and salt of a wrapped kernel are copies; tools find symbols by them.', remedy: 'wrap the bzImage again, with --inspect-payload',
  },
} as const satisfies FindingTable;

/** What decompressing the kernel shows; not among the checks that only read. */
export const INNER_CHECK = {
  name: 'inner',
  doc: 'The kernel inside, decompressed: whole, the one that was wrapped, and within init_size (`verifyPayload`).',
  findings: FINDINGS as FindingTable,
};

const finding = (code: keyof typeof FINDINGS, where: Where = {}): Finding => makeFinding(code, FINDINGS[code], where);

const whereOf = ({ offset, field, found, expected, message }: BzelfError): Where => ({
  ...(offset === undefined ? {} : { offset }),
  ...(field === undefined ? {} : { field }),
  found: found ?? message,
  ...(expected === undefined ? {} : { expected }),
});

export interface PayloadOptions {
  /** The largest decompressed kernel, bytes; 1 GiB unless told. */
  readonly limit?: number;
}

/**
 * Decompresses the kernel inside a bzImage, container or inplace file and compares it with what headers and notes say.
 * Nothing is found of a file without a payload. Throws what openKernel throws.
 */
export async function verifyPayload(input: Uint8Array | ByteSource, options: PayloadOptions = {}): Promise<Finding[]> {
  return (await inspectPayload(input, options)).findings;
}

/** The same, with what was decompressed: undefined where there is no payload, or one that cannot be. */
export async function inspectPayload(
  input: Uint8Array | ByteSource,
  { limit = DEFAULT_LIMIT }: PayloadOptions = {},
): Promise<{ readonly findings: Finding[]; readonly payload?: Uint8Array }> {
  const subject = openSubject(toSource(input));
  const { bz } = subject;
  if (bz?.payload === undefined) return { findings: [] };
  try {
    const payload = await extractPayload(bz, { limit });
    return { findings: judge(subject, bz, payload), payload };
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    return { findings: [finding('inner/corrupt', whereOf(error))] };
  }
}

function judge(subject: Subject, bz: BzImage, inner: Uint8Array): Finding[] {
  const findings = sha256Findings(subject, inner);
  try {
    const { elf, relocations } = splitVmlinux(inner);
    const placed = placeVmlinux(elf);
    const { linkBase, end } = placed;
    if (relocations !== undefined) findings.push(...relocationFindings(relocations, placed));
    findings.push(...entryFindings(placed));
    const { init_size } = bz.header;
    if (init_size !== undefined && end - linkBase > BigInt(init_size))
      findings.push(
        finding('inner/init-size', {
          offset: 0x260,
          field: 'init_size',
          found: init_size,
          expected: `${hex(end - linkBase)} or more`,
        }),
      );
    return [...findings, ...noteFindings(subject, elf)];
  } catch (error) {
    if (!isBzelfError(error)) throw error;
    const code = error.code === 'bzimage/bad-relocations' ? 'inner/relocations' : 'inner/vmlinux';
    // Offsets of these errors count from the start of the decompressed kernel.
    const { offset, field, ...where } = whereOf(error);
    const place =
      offset === undefined ? field : `vmlinux at 0x${offset.toString(16)}${field === undefined ? '' : `, ${field}`}`;
    return [...findings, finding(code, { ...where, ...(place === undefined ? {} : { field: place }) })];
  }
}

/** Where the decompressor jumps to has to be code that it has placed. */
function entryFindings({ entry, segments }: VmlinuxPlacement): Finding[] {
  const isLoaded = segments.some(({ paddr, filesz }) => entry >= paddr && entry < paddr + BigInt(filesz));
  return isLoaded
    ? []
    : [finding('inner/vmlinux', { field: 'e_entry', found: entry, expected: 'an address in a segment' })];
}

/** The decompressor stops at a word outside of the kernel. Source: arch/x86/boot/compressed/misc.c, handle_relocations. */
function relocationFindings(relocations: Relocations, { linkBase, end, virtualBase }: VmlinuxPlacement): Finding[] {
  const start = Number(BigInt.asUintN(32, virtualBase + linkBase));
  const size = Number(end - linkBase);
  const outside = Object.entries(relocations).flatMap(([list, words]: [string, Uint32Array]) => {
    const word = words.find((address) => (address - start) >>> 0 >= size);
    return word === undefined ? [] : [{ list, word }];
  });
  return outside.map(({ list, word }) =>
    finding('inner/relocations', {
      field: list,
      found: word,
      expected: `an address in 0x${start.toString(16)}-0x${(start + size - 1).toString(16)}`,
    }),
  );
}

function sha256Findings(subject: Subject, inner: Uint8Array): Finding[] {
  const [payload] = isElfSubject(subject) ? notesOf(subject, 'bzelf-payload') : [];
  const expected = payload?.value.sha256;
  if (payload === undefined || expected === undefined) return [];
  const found = new Uint8Array(createHash('sha256').update(inner).digest());
  if (equalBytes(found, expected)) return [];
  const offset = payload.note.descOffset + BZELF_PAYLOAD.field('sha256').at;
  return [finding('inner/sha256', { offset, field: 'PAYLOAD.sha256', found: toHex(found), expected: toHex(expected) })];
}

/** Owners of notes that the writer copies from the kernel inside; nobody else writes them into a container. */
const CARRIED: readonly string[] = ['GNU', 'Linux'];

function noteFindings(subject: Subject, elf: Uint8Array): Finding[] {
  if (!isElfSubject(subject)) return [];
  const inside = readNotes(readElf(elf));
  const isSame = (a: Note, b: Note) => a.owner === b.owner && a.type === b.type && equalBytes(a.desc, b.desc);
  return subject.notes
    .map(({ note }) => note)
    .filter((note) => CARRIED.includes(note.owner) && !inside.some((other) => isSame(note, other)))
    .map(({ offset, owner, type }) => finding('inner/notes', { offset, found: `${owner} ${type}` }));
}
