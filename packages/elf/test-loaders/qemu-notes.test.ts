/** QEMU itself against its view: each crafted file is given to -kernel and must do what `viewNotesAs` says. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concat, fromHex, le, phys } from '@bzelf/bytes';
import { encodeNotes, gnuBuildId, planElf, readElf, viewNotesAs, writeElf, xenPhys32Entry } from '../src/index.js';
import { smallSpec, type SmallElf } from '../test/support.js';

const QEMU = 'qemu-system-x86_64';
const hasQemu = spawnSync(QEMU, ['--version']).status === 0;
const testWithQemu = hasQemu ? test : test.skip;

/** mov dx, 0xf4; mov al, code; out dx, al; hlt: QEMU's debug device ends it with status 2 * code + 1. */
const stub = (code: number) => Uint8Array.of(0x66, 0xba, 0xf4, 0x00, 0xb0, code, 0xee, 0xf4, 0, 0, 0, 0, 0, 0, 0, 0);
const ENTRIES = [0x200000, 0x200010];
const STUBS = concat(ENTRIES.map((_, i) => stub(0x10 + i)));

const [first, second] = ENTRIES.map((address) => xenPhys32Entry.encode({ entry: phys(address) }));
if (first === undefined || second === undefined) throw new Error('two entries');
const id = gnuBuildId.encode({ id: new Uint8Array(20) });

function build(options: SmallElf, behind?: Uint8Array): Uint8Array {
  const spec = smallSpec(options);
  const [notes] = spec.pieces;
  if (notes === undefined) throw new Error('no notes');
  const more = behind === undefined ? [] : [{ name: 'behind', size: behind.length, align: 1, bytes: behind }];
  const text = { name: 'text', size: STUBS.length, align: 0x1000, bytes: STUBS };
  return writeElf(planElf({ ...spec, pieces: [notes, ...more, text] }));
}

function run(bytes: Uint8Array, timeout: number): { status: number | null; signal: string | null; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'bzelf-qemu-'));
  try {
    writeFileSync(join(folder, 'kernel'), bytes);
    // prettier-ignore
    const args = ['-M', 'pc,accel=tcg', '-m', '64', '-nodefaults', '-display', 'none', '-no-reboot',
      '-device', 'isa-debug-exit,iobase=0xf4,iosize=4', '-kernel', 'kernel'];
    return spawnSync(QEMU, args, { cwd: folder, encoding: 'utf8', timeout, killSignal: 'SIGKILL' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// prettier-ignore
const ROWS: readonly { what: string; bytes: Uint8Array }[] = [
  { what: 'a PVH note', bytes: build({ notes: [first] }) },
  { what: 'a PVH note behind another', bytes: build({ notes: [id, second] }) },
  { what: 'two PVH notes', bytes: build({ notes: [second, first] }) },
  { what: 'type 18 of another owner', bytes: build({ notes: [{ ...second, owner: 'Foo' }] }) },
  { what: 'class 32 with 4 bytes', bytes: build({ class: 32, notes: [xenPhys32Entry.encode({ entry: phys(0x200010) }, { class: 32 })] }) },
  { what: 'p_align 1', bytes: build({ notes: [id, first], p_align: 1n }) },
  { what: 'p_align 0', bytes: build({ notes: [first], p_align: 0n }) },
  // Name and descriptor each rounded to 8, the header not: what QEMU wants and no linker makes.
  { what: 'p_align 8, packed as QEMU steps', bytes: build({ noteBytes: concat([fromHex('04000000 08000000 12000000 58656e00 00000000'), le(0x200010, 8), new Uint8Array(4)]), p_align: 8n }) },
  // As linkers pack it: QEMU finds the entry in the high half of its 64 bits and jumps to 0.
  { what: 'p_align 8, packed to 8', bytes: build({ noteBytes: encodeNotes([{ ...second, owner: 'Foobar!' }], 8), p_align: 8n }) },
  { what: 'p_align 8, packed to 4', bytes: build({ noteBytes: concat([encodeNotes([first]), new Uint8Array(16)]), p_align: 8n }) },
  { what: 'a PVH note behind the end of the segment', bytes: build({ notes: [id] }, encodeNotes([second])) },
  { what: 'no PVH note, but a large one that ends the walk', bytes: build({ notes: [id] }, encodeNotes([{ ...id, desc: new Uint8Array(99) }])) },
  { what: 'e_flags 4', bytes: build({ notes: [first], spec: { e_flags: 4 } }) },
];

describe('QEMU does with a file what its view says:', () => {
  for (const { what, bytes } of ROWS) {
    testWithQemu(
      what,
      () => {
        const view = viewNotesAs(readElf(bytes), 'qemu');
        const known = view.entry === undefined || ENTRIES.includes(Number(view.entry));
        const { status, signal, stderr } = run(bytes, known ? 30_000 : 3_000);
        if (!known) {
          expect([view.entry, status, signal]).toEqual([0n, null, 'SIGKILL']);
        } else if (view.entry !== undefined) {
          expect({ status, stderr }).toEqual({
            status: 2 * (0x10 + ENTRIES.indexOf(Number(view.entry))) + 1,
            stderr: '',
          });
        } else if (view.failure?.includes('SIGFPE')) {
          expect(signal).toBe('SIGFPE');
        } else {
          expect(status).toBe(1);
          expect(stderr.toLowerCase()).toContain(view.failure?.toLowerCase());
        }
      },
      40_000,
    );
  }
});
