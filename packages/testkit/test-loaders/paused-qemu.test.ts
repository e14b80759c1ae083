/** The QEMU that others are compared with: it starts where it is told, stops where it is told, and counts right. */
import { START_ROM, startWords, testWith, withPausedQemu, withTempFolder, type MachineStart } from '@bzelf/testkit';

const GDT = new Uint8Array(new BigUint64Array([0n, 0n, 0x00cf9b000000ffffn, 0x00cf93000000ffffn]).buffer);
const GDT64 = new Uint8Array(new BigUint64Array([0n, 0n, 0x00af9b000000ffffn, 0x00cf93000000ffffn]).buffer);
/** One PML4 entry, one PDPT entry, one 2 MiB page: the first 2 MiB are mapped to themselves. */
const TABLES = [
  { to: 0x10000n, bytes: new Uint8Array(new BigUint64Array([0x11003n]).buffer) },
  { to: 0x11000n, bytes: new Uint8Array(new BigUint64Array([0x12003n]).buffer) },
  { to: 0x12000n, bytes: new Uint8Array(new BigUint64Array([0x83n]).buffer) },
];
// mov ecx, 1000; again: inc eax; loop again; nop
const PROGRAM = Uint8Array.of(0xb9, 0xe8, 3, 0, 0, 0xff, 0xc0, 0xe2, 0xfc, 0x90);
const ENTRY = 0x20000n;
const END = ENTRY + 9n;
const gdt = (bytes: Uint8Array) => ({ address: 0x8000n, bytes });

const STARTS: { mode: string; start: MachineStart; cs: number }[] = [
  {
    mode: '32-bit',
    cs: 0xcf9b00,
    start: {
      cpu: {
        mode: 'protected32',
        rip: ENTRY,
        cr0: 0x11n,
        cr3: 0n,
        cr4: 0n,
        efer: 0n,
        gdt: gdt(GDT),
        registers: { rax: 7n, rsi: 0x1234n },
      },
      copies: [{ to: 0x8000n, bytes: GDT }],
    },
  },
  {
    mode: '64-bit',
    cs: 0xaf9b00,
    start: {
      cpu: {
        mode: 'long64',
        rip: ENTRY,
        cr0: 0x80000011n,
        cr3: 0x10000n,
        cr4: 0x20n,
        efer: 0x500n,
        gdt: gdt(GDT64),
        registers: { rax: 7n, rsi: 0x1234n, r15: 1n << 63n },
      },
      copies: [{ to: 0x8000n, bytes: GDT64 }, ...TABLES],
    },
  },
];

describe.each(STARTS)('from a $mode state', ({ start, cs }) => {
  testWith(['qemu-system-x86_64', 'gcc'], 'QEMU runs to an address, tells registers and memory, and counts', () =>
    withTempFolder((folder) => {
      const copies = [...start.copies, { to: ENTRY, bytes: PROGRAM }];
      const extra = startWords({ ...start, copies }, folder);
      return withPausedQemu({ memory: 16, extra }, async (qemu) => {
        await qemu.runTo(ENTRY);
        const before = await qemu.registers();
        expect(before.values).toMatchObject({
          RIP: ENTRY,
          RSI: 0x1234n,
          RAX: 7n,
          CR0: start.cpu.cr0,
          EFER: start.cpu.efer,
          RFL: 2n,
        });
        if (start.cpu.mode === 'long64') expect(before.values['R15']).toBe(1n << 63n);
        expect(before.segments['CS']).toEqual({ selector: 0x10, base: 0n, limit: 0xffffffff, attributes: cs });
        expect(before.tables['GDT']).toEqual({ base: 0x8000n, limit: 31 });
        const counted = qemu.count() ?? 0n;
        await qemu.runTo(END);
        expect((qemu.count() ?? 0n) - counted).toBe(2001n);
        expect((await qemu.registers()).values).toMatchObject({ RIP: END, RAX: 1007n, RCX: 0n });
        expect(new Uint8Array(await qemu.memory(Number(ENTRY), PROGRAM.length))).toEqual(PROGRAM);
        expect(await qemu.memory(Number(START_ROM.start), 1)).toEqual(Buffer.of(0xfa));
      });
    }),
  );
});
