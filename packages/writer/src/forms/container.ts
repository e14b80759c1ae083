import { addBytes, alignUp, concat, hex, phys, type PhysAddr } from '@bzelf/bytes';
import { declaredRange } from '@bzelf/bzimage';
import {
  EM_386,
  EM_X86_64,
  elfParts,
  ET_EXEC,
  findBootHeaders,
  PF_R,
  PF_W,
  PF_X,
  xenPhys32Entry,
  xenPhys32Reloc,
  planElf,
  PT_NULL,
  sealElfBootChecksum,
  type ElfPlan,
  type ElfSpec,
  type Piece,
  type RawNote,
  type SegmentSpec,
} from '@bzelf/elf';
import { stubEntries, type StubProtocol } from '../entries.js';
import { fail } from '../errors.js';
import { encodeMultiboot, encodeMultiboot2, type RawLoad } from '../multiboot.js';
import { bzelfNotes, elfBootNotes, notesPiece, sha256 } from '../notes.js';
import { codeLength, loadedImage, LOWEST_LOAD, type KernelPlacement } from '../placement.js';
import { STUB } from '../stub/index.js';
import type { LoaderTarget } from '../targets/index.js';
import { containerStub, imageMemsz, type PlacedStub } from './container-stub.js';
import type { FormContext, Offsets, WrittenForm } from './context.js';
import { kept, loadSegment, mirrored, noteSection, noteSegment, PAGE, type LoadedBytes, type Part } from './parts.js';

/** Behind the last byte in which any loader looks for a Multiboot 2 header. */
const PROBE_WINDOW = 0x8000;

export function writeContainer(ctx: FormContext): WrittenForm {
  const hash = sha256(ctx.input);
  let parts = elfParts(planContainer(ctx, hash, 0));
  const own = Number(ctx.target.multiboot !== undefined) + Number(ctx.target.multiboot2 === true);
  if (findBootHeaders(start(parts)).length !== own) {
    // The kernel holds bytes that a loader would take for a header: move it out of their sight.
    parts = elfParts(planContainer(ctx, hash, PROBE_WINDOW));
  }
  return { parts: ctx.target.checksum ? [sealed(concat(parts))] : parts, warnings: [] };
}

/** The first bytes of the file, as many as any loader searches for a header. */
function start(parts: readonly Uint8Array[]): Uint8Array {
  let end = 0;
  return concat(
    parts.map((part) => {
      const head = part.subarray(0, Math.max(0, PROBE_WINDOW - end));
      end += part.length;
      return head;
    }),
  );
}

function sealed(file: Uint8Array): Uint8Array {
  sealElfBootChecksum(file);
  return file;
}

/**
 * Where file and memory keep step, all that is before the kernel in the file is before it in memory, too: a kernel that
 * may move makes room for it.
 */
function inStep(ctx: FormContext, offsets: Offsets): FormContext {
  const { target, placement, bz } = ctx;
  const before = BigInt(offsets.input + loadedImage(bz).offset);
  if (target.layout !== 'stub-first' || placement.load - before >= LOWEST_LOAD) return ctx;
  if (!placement.relocatable) {
    throw fail('writer/does-not-fit', {
      field: 'pref_address',
      found: placement.load,
      expected: `${hex(LOWEST_LOAD + before)} or more, for what has to lie before a kernel that cannot move`,
      hint: 'leave the initrd to the loader, or use a target that is loaded by program headers',
    });
  }
  return { ...ctx, placement: { ...placement, load: phys(alignUp(LOWEST_LOAD + before, placement.alignment)) } };
}

/** Notes and addresses speak of file offsets, whose values change no size: the first round finds them. */
function planContainer(ctx: FormContext, hash: Uint8Array, padding: number): ElfPlan {
  const draft = containerSpec(ctx, hash, { multiboot: 0, stub: 0, initrd: 0, input: 0 }, padding);
  const { pieces } = planElf({ ...draft, segments: draft.segments.map(() => NULL_SEGMENT) });
  const at = (name: string) => pieces.find((piece) => piece.name === name)?.offset ?? 0;
  const offsets = { multiboot: at('multiboot'), stub: at('stub'), initrd: at('initrd'), input: at('input') };
  return planElf(containerSpec(inStep(ctx, offsets), hash, offsets, padding));
}

const NULL_SEGMENT: SegmentSpec = { p_type: PT_NULL, p_flags: 0, p_vaddr: 0n, p_paddr: 0n, p_memsz: 0n, p_align: 0n };

function containerSpec(ctx: FormContext, hash: Uint8Array, offsets: Offsets, padding: number): ElfSpec {
  const { target } = ctx;
  const stub = containerStub(ctx, offsets);
  const entry32 = addBytes(stub.address, STUB.entry32);
  const entry64 = addBytes(stub.address, STUB.entry64);
  const image = imagePart(ctx);
  const stubFirst = target.layout === 'stub-first';
  // In a raw load file and memory keep step: the stub's bss takes room in the file, too.
  const stubBytes = stubFirst ? zeroExtended(stub.bytes, Number(stub.memsz)) : stub.bytes;
  const stubbed = part(
    { name: 'stub', size: stubBytes.length, align: PAGE, bytes: stubBytes },
    loadSegment('stub', { offset: 0, size: stub.bytes.length }, stub.address, stub.memsz, PF_R | PF_W | PF_X),
    stub.code,
  );
  const initrd = initrdParts(ctx, stub.initrd);
  const parts = stubFirst ? [stubbed, ...initrd, image] : [image, stubbed, ...initrd];
  const headers = multibootPieces(ctx, offsets, entry32);
  const notes = containerNotes(ctx, { hash, offsets, stub, entry32, entry64 });

  return {
    class: target.class,
    e_type: ET_EXEC,
    e_machine: target.class === 32 ? EM_386 : EM_X86_64,
    e_entry: { bimodal: stub.address, protected32: entry32, long64: entry64 }[target.entry],
    segments: [noteSegment(notes), ...parts.map(({ segment }) => segment)],
    sections: [noteSection('notes'), ...parts.flatMap(({ sections }) => sections)],
    pieces: [
      ...headers,
      notes,
      ...parts.flatMap(({ piece }) => (piece.name === 'input' ? [zeros(padding), piece] : [piece])),
    ],
  };
}

const part = (piece: Piece, segment: LoadedBytes, code = 0): Part => ({
  piece,
  segment,
  sections: mirrored(`.${piece.name}`, segment, code),
});

/** The whole input, of which the protected-mode kernel is loaded. Bytes that only wait to be moved are plain data. */
function imagePart(ctx: FormContext): Part {
  const { bz, input, placement } = ctx;
  const { offset, size } = loadedImage(bz);
  const flags = placement.run === undefined ? PF_R | PF_W | PF_X : PF_R;
  const segment = loadSegment('input', { offset, size }, placement.load, imageMemsz(ctx), flags);
  return {
    piece: { name: 'input', size: input.length, align: PAGE, congruentTo: -BigInt(offset), bytes: input },
    segment,
    sections: [
      ...kept('.bzimage.setup', 'input', 0, offset),
      ...mirrored('.kernel', segment, flags === PF_R ? 0 : codeLength(bz)),
      ...kept('.bzimage.tail', 'input', offset + size, input.length - offset - size),
    ],
  };
}

function zeroExtended(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  out.set(bytes);
  return out;
}

const zeros = (size: number): Piece => ({ name: 'padding', size, align: 1, bytes: new Uint8Array(size) });

function initrdParts({ options: { initrd } }: FormContext, address: PhysAddr): Part[] {
  if (initrd === undefined) return [];
  const size = initrd.length;
  const piece = { name: 'initrd', size, align: PAGE, bytes: initrd };
  return [part(piece, loadSegment('initrd', { offset: 0, size }, address, BigInt(size), PF_R))];
}

function multibootPieces(ctx: FormContext, offsets: Offsets, entry: PhysAddr): Piece[] {
  const { target, placement, bz } = ctx;
  const image = loadedImage(bz);
  const kernelOffset = offsets.input + image.offset;
  const raw: RawLoad = {
    header: addBytes(placement.load, offsets.multiboot - kernelOffset),
    load: addBytes(placement.load, -kernelOffset),
    loadEnd: addBytes(placement.load, image.size),
    bssEnd: addBytes(placement.load, imageMemsz(ctx)),
    entry,
  };
  const piece = (bytes: Uint8Array, align: number): Piece => ({ name: 'multiboot', size: bytes.length, align, bytes });
  if (target.multiboot) return [piece(encodeMultiboot(target.multiboot === 'addresses' ? raw : undefined), 4)];
  if (!target.multiboot2) return [];
  const { relocatable, alignment, initSize } = placement;
  const max = phys(0xffff_ffffn - initSize - alignment);
  return [piece(encodeMultiboot2(raw, relocatable ? { min: raw.load, max, align: BigInt(PAGE) } : undefined), 8)];
}

interface NoteContext {
  readonly hash: Uint8Array;
  readonly offsets: Offsets;
  readonly stub: PlacedStub;
  readonly entry32: PhysAddr;
  readonly entry64: PhysAddr;
}

function containerNotes(ctx: FormContext, { hash, offsets, stub, entry32, entry64 }: NoteContext): Piece {
  const { bz, target, placement, input, payload } = ctx;
  const image = loadedImage(bz);
  const own = [
    declaredRange('image', placement.load, BigInt(image.size), 'rwx'),
    declaredRange('runtime', placement.run ?? placement.load, placement.initSize, 'rwx'),
    declaredRange('stub', stub.address, stub.memsz, 'rwx'),
  ];
  const entries = stubEntries(bz, {
    protocols: protocolsOf(target),
    entry32,
    ...(target.entry === 'protected32' ? {} : { entry64 }),
    own,
  });
  const notes: RawNote[] = [
    ...(target.xenNotes.includes(18) ? [xenPhys32Entry.encode({ entry: entry32 }, target)] : []),
    ...(target.xenNotes.includes(19) ? [xenPhys32Reloc.encode(relocation(placement))] : []),
    ...bzelfNotes({
      ...ctx,
      form: 'container',
      entries,
      origin: {
        size: input.length,
        sha256: hash,
        pieces: [{ at: 0, length: input.length, from: 'file', fileOffset: offsets.input }],
      },
      payloadOffset: bz.payload ? offsets.input + bz.payload.offset : 0,
    }),
    ...payload.carried,
  ];
  return notesPiece([...notes, ...elfBootNotes(bz, { checksum: target.checksum === true })]);
}

function protocolsOf(target: LoaderTarget): StubProtocol[] {
  return [
    ...(target.xenNotes.length > 0 ? (['pvh'] as const) : []),
    ...(target.multiboot ? (['multiboot'] as const) : []),
    ...(target.multiboot2 ? (['multiboot2'] as const) : []),
    ...(target.entry === 'long64' ? [] : (['linux32', 'elfboot', 'coreboot'] as const)),
  ];
}

/** Xen moves the image as a whole: to any aligned address from the preferred one on, below 4 GiB. */
function relocation({ load, alignment }: KernelPlacement) {
  return { align: Math.max(PAGE, Number(alignment)), min: load, max: phys(0xffff_ffff) };
}
