import { concat, le, phys } from '@bzelf/bytes';
import {
  EM_X86_64,
  ET_EXEC,
  PF_R,
  PF_X,
  PT_LOAD,
  PT_NOTE,
  SHT_PROGBITS,
  encodeNotes,
  gnuBuildId,
  linuxBuildSalt,
  planElf,
  writeElf,
  xenPhys32Entry,
} from '@bzelf/elf';
import { wrap } from '@bzelf/writer';
import { makeSeed, type Seed } from './mutate.js';

/** Names of files and their bytes. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** Every kind of file that the commands read: the images as they are, and what wrap makes of them. */
export async function seedsFrom(images: Files): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const [name, bytes] of Object.entries(images)) {
    seeds.push(makeSeed(name, bytes));
    for (const [form, target] of FORMS_AND_TARGETS) {
      const wrapped = await wrap(bytes, { form, target, allowEfiLoss: true }).catch(() => undefined);
      if (wrapped !== undefined) seeds.push(makeSeed(`${name} ${form} ${target}`, wrapped.bytes));
    }
  }
  return seeds;
}

const FORMS_AND_TARGETS = [
  ['container', 'pvh'],
  ['container', 'multiboot'],
  ['container', 'universal'],
  ['inplace', 'pvh'],
  ['vmlinux', 'pvh'],
] as const;

/** A kernel of a few hundred bytes with notes, two segments and, behind it, a relocation table. */
export function smallVmlinux(): Uint8Array {
  const notes = encodeNotes([
    gnuBuildId.encode({ id: new Uint8Array(20).fill(0xb1) }),
    linuxBuildSalt.encode({ salt: 'small' }),
    xenPhys32Entry.encode({ entry: phys(0x1000000) }),
  ]);
  const text = new Uint8Array(256).fill(0xf4);
  const elf = writeElf(
    planElf({
      class: 64,
      e_type: ET_EXEC,
      e_machine: EM_X86_64,
      e_entry: 0x1000000n,
      pieces: [
        { name: 'text', size: text.length, align: 16, bytes: text },
        { name: 'notes', size: notes.length, align: 4, bytes: notes },
      ],
      segments: [
        {
          p_type: PT_LOAD,
          p_memsz: BigInt(text.length),
          p_flags: PF_R | PF_X,
          p_vaddr: 0xffffffff81000000n,
          p_paddr: 0x1000000n,
          piece: 'text',
          p_align: 16n,
        },
        {
          p_type: PT_NOTE,
          p_flags: 0,
          p_vaddr: 0n,
          p_paddr: 0n,
          p_align: 4n,
          p_memsz: BigInt(notes.length),
          piece: 'notes',
        },
      ],
      sections: [
        {
          name: '.text',
          sh_type: SHT_PROGBITS,
          sh_flags: 0,
          sh_addr: 0xffffffff81000000n,
          sh_addralign: 16n,
          piece: 'text',
        },
      ],
    }),
  );
  const relocations = [0, 0x81000010, 0, 0, 0x81000020, 0x81000030].map((word) => le(word, 4));
  return concat([elf, ...relocations]);
}

/** A payload as the kernel build makes it: the compressed ELF file, and for all but gzip its size behind it. */
export const payloadOf = (compressed: Uint8Array, size: number, compressor: string): Uint8Array =>
  compressor === 'gzip' ? compressed : concat([compressed, le(size, 4)]);
