import { Machine } from '../src/machine/machine';
import { type MachineOptions } from '../src/machine/wiring';

export const CODE = 0x7c00;
const FLAT_CODE = { selector: 8, base: 0n, limit: 0xffff_ffff, attributes: 0xc9b };
const FLAT_DATA = { selector: 16, base: 0n, limit: 0xffff_ffff, attributes: 0xc93 };
const PAGE_TABLES = 0x1000;

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));

/** Machine code with comments: everything behind a semicolon goes, the rest is hex digits. */
export const assemble = (text: string): Uint8Array => bytesOf(text.replaceAll(/;.*$/gm, ''));

/** A machine of 1 MiB that is about to execute `code` at CODE, with a stack below it; nothing else is set up. */
export function machineWith(bits: 16 | 32 | 64, code: string, options: Partial<MachineOptions> = {}): Machine {
  const machine = new Machine({ ram: 1 << 20, ...options });
  machine.write(CODE, assemble(code));
  if (bits === 16) machine.setSegment('cs', { selector: 0, base: 0n, limit: 0xffff, attributes: 0x9b });
  else enterFlat(machine, bits);
  machine.setRegister('rip', BigInt(CODE));
  machine.setRegister('rsp', BigInt(CODE));
  return machine;
}

function enterFlat(machine: Machine, bits: 32 | 64): void {
  if (bits === 64) {
    const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
    view.setUint32(PAGE_TABLES, 0x2003, true);
    view.setUint32(PAGE_TABLES + 0x1000, 0x3003, true);
    view.setUint32(PAGE_TABLES + 0x2000, 0x83, true); // 2 MiB where they are
    machine.setRegister('cr4', 0x20n);
    machine.setRegister('cr3', BigInt(PAGE_TABLES));
    machine.setRegister('efer', 0x500n);
    machine.setRegister('cr0', 0x8000_0011n);
  } else machine.setRegister('cr0', 0x11n);
  machine.setSegment('cs', bits === 64 ? { ...FLAT_CODE, attributes: 0xa9b } : FLAT_CODE);
  for (const name of ['ss', 'ds', 'es', 'fs', 'gs'] as const) machine.setSegment(name, FLAT_DATA);
}

/**
 * Real mode: the timer interrupts every two ticks of its clock, its handler counts in [0x600] and writes to port 0x80, the program counts in CX, at
 * first without a pause, from 512 on with HLT; after five interrupts it leaves through port 0xf4 with CL.
 */
export const TIMER = `
  fa                  ; cli
  31c0 8ed8           ; xor ax, ax; mov ds, ax
  c7062000 407c       ; mov word [8 * 4], handler
  8c0e2200            ; mov [8 * 4 + 2], cs
  c60600 06 00        ; mov byte [0x600], 0
  b034 e643           ; mov al, 0x34; out 0x43, al   (channel 0, mode 2)
  b002 e640 b000 e640 ; mov al, 2; out 0x40, al; mov al, 0; out 0x40, al   (2)
  b0fe e621           ; mov al, 0xfe; out 0x21, al
  fb                  ; sti
  41                  ; again: inc cx
  803e000605          ; cmp byte [0x600], 5
  7205                ; jb wait
  88c8 e6f4           ; mov al, cl; out 0xf4, al
  90                  ; nop
  f6c502              ; wait: test ch, 2
  74ee                ; jz again
  f4                  ; hlt
  ebeb                ; jmp again
  909090909090        ; to 0x40
  fe060006            ; handler: inc byte [0x600]
  a00006 e680         ; mov al, [0x600]; out 0x80, al
  b020 e620           ; mov al, 0x20; out 0x20, al
  cf                  ; iret
`;

/**
 * Flat 32-bit code with a timer interrupt every 100 ticks (vector 8, handler at 0x80, which counts in [0x600]) while a loop counts in EAX; ends
 * through port 0xf4 when there were 20.
 */
export const HOT_TIMER = `
  b034 e643 b064 e640 30c0 e640 ; channel 0, mode 2, 100
  b0fe e621                     ; only the timer
  31c0 31c9 fb                  ; xor eax, eax; xor ecx, ecx; sti
  40                            ; again: inc eax
  803d00060000 14               ; cmp byte [0x600], 20
  72f6                          ; jb again
  e6f4                          ; out 0xf4, al
`;
const HANDLER = 'fe0500060000 50 b020 e620 58 cf'; // inc byte [0x600]; push eax; mov al, 0x20; out 0x20, al; pop eax; iret

export function hotTimer(options: Partial<MachineOptions>): Machine {
  const machine = machineWith(32, HOT_TIMER, options);
  setInterruptTables(machine);
  machine.write(0x80, assemble(HANDLER));
  return machine;
}

/** A GDT at 0x6000 with flat code, and an IDT at 0x5000 with one gate: vector 8 goes to 0x80. */
export function setInterruptTables(machine: Machine): void {
  machine.setTable('idtr', { base: 0x5000n, limit: 0x7ff });
  machine.setTable('gdtr', { base: 0x6000n, limit: 0x17 });
  machine.write(0x5000 + 8 * 8, assemble('8000 0800 008e 0000'));
  machine.write(0x6008, assemble('ffff 0000 009b cf00'));
}
