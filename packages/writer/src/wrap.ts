import { concat } from '@bzelf/bytes';
import { extractPayload, readBzImage, splitVmlinux, type BzImage } from '@bzelf/bzimage';
import { probeElf, readElf, readNotes } from '@bzelf/elf';
import { fail } from './errors.js';
import { writeContainer } from './forms/container.js';
import type { FormContext, WrittenForm } from './forms/context.js';
import { writeInplace } from './forms/inplace.js';
import { writeVmlinux } from './forms/vmlinux.js';
import { sha256, type PayloadFacts } from './notes.js';
import type { WrapOptions, WrapResult } from './options.js';
import { placeKernel } from './placement.js';
import { findTarget, type Form } from './targets/index.js';

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
  const { parts, warnings } = writeForm(ctx, form, inner?.elf);
  let whole: Uint8Array | undefined;
  return {
    parts,
    size: parts.reduce((sum, part) => sum + part.length, 0),
    get bytes() {
      return (whole ??= parts.length === 1 && parts[0] ? parts[0] : concat(parts));
    },
    form,
    target: target.name,
    warnings: [...placementWarnings(ctx), ...warnings],
  };
}

function writeForm(ctx: FormContext, form: Form, vmlinux: Uint8Array | undefined): WrittenForm {
  if (form === 'container') return writeContainer(ctx);
  if (form === 'inplace') return writeInplace(ctx);
  if (vmlinux === undefined) throw new Error('the vmlinux form needs the payload');
  return writeVmlinux(ctx, vmlinux);
}

const placementWarnings = ({ placement }: FormContext): string[] =>
  placement.initSizeGuessed
    ? ['the setup_header is older than protocol 2.10 and has no init_size: the reserved memory is a guess']
    : [];

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
