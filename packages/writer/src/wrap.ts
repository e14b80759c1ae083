import { extractPayload, readBzImage, splitVmlinux, type BzImage } from '@bzelf/bzimage';
import { probeElf, readElf, readNotes } from '@bzelf/elf';
import { fail } from './errors.js';
import { writeContainer } from './forms/container.js';
import type { FormContext } from './forms/context.js';
import { writeInplace } from './forms/inplace.js';
import { writeVmlinux } from './forms/vmlinux.js';
import { sha256, type PayloadFacts } from './notes.js';
import type { WrapOptions, WrapResult } from './options.js';
import { placeKernel } from './placement.js';
import { findTarget } from './targets/index.js';

/** Notes of the inner kernel that are true of a file around it. Its Xen notes are not: they advertise its PV entry. */
const CARRIED_OWNERS: readonly string[] = ['GNU', 'Linux', 'FDO'];

/**
 * Writes the ELF file for a bzImage. The same input and options give the same bytes.
 * Throws writer/…, and bzimage/… for an input that is not a bzImage.
 */
export async function wrap(input: Uint8Array, options: WrapOptions = {}): Promise<WrapResult> {
  const form = options.form ?? 'container';
  const target = findTarget(options.target ?? 'pvh', form);
  if (form === 'inplace' && probeElf(input)) {
    throw fail('writer/already-elf', { offset: 0, hint: 'unwrap it first, or use --form container' });
  }
  const bz = readBzImage(input);
  const elfClass = options.class ?? target.class;
  const placement = placeKernel(bz);
  const needsPayload = form === 'vmlinux' || options.inspectPayload === true;
  const inner = needsPayload ? await openPayload(bz) : undefined;
  const ctx: FormContext = {
    input,
    bz,
    placement,
    options,
    target:
      elfClass === target.class
        ? target
        : { ...target, class: elfClass, entry: elfClass === 32 ? 'protected32' : 'bimodal' },
    payload: inner?.facts ?? { carried: [] },
  };
  const warnings = placement.initSizeGuessed
    ? ['the setup_header is older than protocol 2.10 and has no init_size: the reserved memory is a guess']
    : [];
  const result = { form, target: target.name };
  switch (form) {
    case 'container':
      return { ...result, bytes: writeContainer(ctx), warnings };
    case 'inplace':
      return { ...result, bytes: writeInplace(ctx), warnings: [...warnings, ...efiWarnings(bz)] };
    case 'vmlinux': {
      const written = writeVmlinux(ctx, inner?.elf ?? new Uint8Array(0));
      return { ...result, bytes: written.bytes, warnings: written.warnings };
    }
  }
}

const efiWarnings = (bz: BzImage): string[] =>
  bz.pe ? ['the output is no EFI executable any more: no EFI stub, no Secure Boot, no kexec signature check'] : [];

async function openPayload(bz: BzImage): Promise<{ elf: Uint8Array; facts: PayloadFacts }> {
  if (bz.payload === undefined) {
    throw fail('writer/no-payload', {
      hint: 'this is not a Linux kernel of boot protocol 2.08 or later; use --form container',
    });
  }
  const all = await extractPayload(bz);
  if (!probeElf(all)) throw fail('writer/payload-not-elf', { offset: bz.payload.offset });
  const { elf } = splitVmlinux(all);
  const carried = readNotes(readElf(elf)).filter(({ owner }) => CARRIED_OWNERS.includes(owner));
  return { elf, facts: { sha256: sha256(all), uncompressedLength: all.length, carried } };
}
