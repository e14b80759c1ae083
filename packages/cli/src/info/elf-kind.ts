import { isBzelfError, readAsciz } from '@bzelf/bytes';
import {
  ET_CORE,
  ET_DYN,
  ET_EXEC,
  ET_REL,
  PT_INTERP,
  PT_LOAD,
  scanNotes,
  sectionBytes,
  segmentBytes,
  type ElfFile,
} from '@bzelf/elf';
import { attempt } from './attempt.js';

/** What an ELF file is that bzelf did not make, and what its own sections say of it. */
export interface ElfKind {
  readonly what: string;
  readonly facts: readonly (readonly [string, string])[];
  /** Whether a boot loader has to do with it. */
  readonly isBooted: boolean;
}

/** Undefined for what may be a kernel. */
export function elfKind(elf: ElfFile): ElfKind | undefined {
  return moduleKind(elf) ?? vdsoKind(elf) ?? userKind(elf);
}

const MODINFO_SHOWN = ['name', 'description', 'version', 'vermagic', 'srcversion', 'license', 'depends'] as const;
/** Longer than that of any module; kernel/module checks no bound of its own. */
const MAX_MODINFO = 1 << 20;

/** Kernel modules keep `key=value` strings in .modinfo. Source: Linux include/linux/moduleparam.h, __MODULE_INFO. */
function moduleKind(elf: ElfFile): ElfKind | undefined {
  if (elf.header.e_type !== ET_REL) return undefined;
  const bytes = namedSection(elf, '.modinfo');
  if (bytes === undefined) return { what: 'relocatable object file', facts: [], isBooted: false };
  const pairs = new Map<string, string>();
  for (const line of new TextDecoder('latin1').decode(bytes.subarray(0, MAX_MODINFO)).split('\0')) {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(line) ?? [];
    if (key !== undefined && value !== undefined && !pairs.has(key)) pairs.set(key, value);
  }
  const facts = MODINFO_SHOWN.flatMap((key) => {
    const value = pairs.get(key) ?? '';
    return value === '' ? [] : [[key, value] as const];
  });
  return { what: 'Linux kernel module', facts, isBooted: false };
}

/** A shared object with the version note of the kernel, and nothing that a kernel would be loaded by. */
function vdsoKind(elf: ElfFile): ElfKind | undefined {
  if (elf.header.e_type !== ET_DYN) return undefined;
  const isVdso = scanNotes(elf).notes.some(({ owner, type }) => owner === 'Linux' && type === 0);
  return isVdso ? { what: 'vDSO of a Linux kernel', facts: [], isBooted: false } : undefined;
}

const MAX_INTERPRETER = 4096;

function userKind(elf: ElfFile): ElfKind | undefined {
  const { e_type } = elf.header;
  if (e_type === ET_CORE) return { what: 'core dump', facts: [], isBooted: false };
  const interpreter = elf.segments.find(({ p_type }) => p_type === PT_INTERP);
  if (interpreter !== undefined && interpreter.p_filesz <= MAX_INTERPRETER) {
    const path = attempt(() => readAsciz(segmentBytes(elf, interpreter)));
    if (!isBzelfError(path)) return { what: 'program', facts: [['interpreter', path]], isBooted: false };
  }
  if (e_type === ET_DYN && namedSection(elf, '.dynsym') !== undefined && loadsAtZero(elf))
    return { what: 'shared library', facts: [], isBooted: false };
  const isStatic = e_type === ET_EXEC && scanNotes(elf).notes.some(({ owner, type }) => owner === 'GNU' && type === 1);
  return isStatic ? { what: 'program, statically linked', facts: [], isBooted: false } : undefined;
}

const loadsAtZero = (elf: ElfFile): boolean => elf.segments.find(({ p_type }) => p_type === PT_LOAD)?.p_vaddr === 0n;

/** Its bytes; none when the file is damaged there, which `notes` and readelf tell better. */
function namedSection(elf: ElfFile, name: string): Uint8Array | undefined {
  const bytes = attempt(() => {
    const section = elf.sections.find((candidate) => candidate.name === name);
    return section === undefined ? undefined : sectionBytes(elf, section);
  });
  return isBzelfError(bytes) ? undefined : bytes;
}
