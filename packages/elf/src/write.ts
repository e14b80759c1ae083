import { ELF_TABLES } from './class.js';
import type { ElfPlan } from './layout.js';

/** The file that a plan describes: one allocation, every piece copied once. */
export function writeElf(plan: ElfPlan): Uint8Array {
  const { ehdr, phdr, shdr } = ELF_TABLES[plan.class];
  const out = new Uint8Array(plan.size);
  ehdr.write(out, 0, plan.header);
  plan.phdrs.forEach((fields, i) => phdr.write(out, Number(plan.header.e_phoff) + i * phdr.size, fields));
  for (const { name, offset, size, bytes } of plan.pieces) {
    const content = typeof bytes === 'function' ? bytes(plan) : bytes;
    if (content.length !== size) throw new Error(`piece ${name} has ${content.length} bytes, ${size} were planned`);
    out.set(content, offset);
  }
  plan.shdrs.forEach((fields, i) => shdr.write(out, Number(plan.header.e_shoff) + i * shdr.size, fields));
  return out;
}
