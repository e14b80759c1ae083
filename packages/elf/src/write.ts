import { concat } from '@bzelf/bytes';
import { ELF_TABLES } from './class.js';
import type { ElfPlan } from './layout.js';

/** The file that a plan describes: one allocation, every piece copied once. */
export const writeElf = (plan: ElfPlan): Uint8Array => concat(elfParts(plan));

/**
 * The same file as runs of bytes, one behind the other: a writer of files need not have them in one place. A piece that
 * was given as bytes is that very memory.
 */
export function elfParts(plan: ElfPlan): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let end = 0;
  const put = (offset: number, bytes: Uint8Array) => {
    if (offset > end) parts.push(new Uint8Array(offset - end));
    if (bytes.length > 0) parts.push(bytes);
    end = offset + bytes.length;
  };
  put(0, headers(plan));
  for (const { name, offset, size, bytes } of plan.pieces) {
    const content = typeof bytes === 'function' ? bytes(plan) : bytes;
    if (content.length !== size) throw new Error(`piece ${name} has ${content.length} bytes, ${size} were planned`);
    put(offset, content);
  }
  put(plan.size - plan.shdrs.length * ELF_TABLES[plan.class].shdr.size, sectionHeaders(plan));
  return parts;
}

function headers({ class: elfClass, header, phdrs }: ElfPlan): Uint8Array {
  const { ehdr, phdr } = ELF_TABLES[elfClass];
  return concat([ehdr.encode(header), ...phdrs.map((fields) => phdr.encode(fields))]);
}

function sectionHeaders({ class: elfClass, shdrs }: ElfPlan): Uint8Array {
  return concat(shdrs.map((fields) => ELF_TABLES[elfClass].shdr.encode(fields)));
}
