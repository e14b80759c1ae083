/** Small 32-bit programs with a Multiboot header, to be run by `bzelf run`. */
import { concat, le } from '@bzelf/bytes';
import { EM_386, ET_EXEC, PF_R, PF_W, PF_X, planElf, PT_LOAD, writeElf } from '@bzelf/elf';

const BASE = 0x10_0000n;
/** Magic, no flags, checksum. Source: Multiboot specification 0.6.96, 3.1.1. */
const MULTIBOOT = concat([le(0x1badb002n, 4), le(0n, 4), le(-0x1badb002n & 0xffffffffn, 4)]);
const CODE = MULTIBOOT.length;

/** What follows the text. Each begins with DX = 0x3f8. */
// prettier-ignore
export const ENDINGS = {
  halt:     [0xf4],                   // hlt, interrupts off
  fault:    [0x0f, 0x0b],             // ud2, and no IDT: a triple fault
  exitPort: [0xb0, 42, 0xe6, 0xf4],   // mov al, 42; out 0xf4, al
  loop:     [0xeb, 0xfe],             // jmp $
  reset:    [0xb0, 0xfe, 0xe6, 0x64], // mov al, 0xfe; out 0x64, al: pulse the reset line
  echo: [
    0x66, 0xba, 0xfd, 0x03,           // again: mov dx, 0x3fd
    0xec, 0xa8, 0x01, 0x74, 0xf7,     // in al, dx; test al, 1; jz again
    0x66, 0xba, 0xf8, 0x03,           // mov dx, 0x3f8
    0xec, 0xee,                       // in al, dx; out dx, al
    0x3c, 0x0a, 0x75, 0xeb, 0xf4,     // cmp al, '\n'; jne again; hlt
  ],
} as const;

/** Prints a text on COM1, then ends in one of the ways. */
export function program(text: string, ending: keyof typeof ENDINGS): Uint8Array {
  // prettier-ignore
  const print = (message: bigint) => [
    0xba, 0xf8, 0x03, 0x00, 0x00,                   // mov edx, 0x3f8
    0xbe, ...le(message, 4),                        // mov esi, message
    0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8, // next: lodsb; test al, al; jz done; out dx, al; jmp next
  ];
  const code = [...print(0n), ...ENDINGS[ending]];
  const message = BASE + BigInt(CODE + code.length);
  const bytes = concat([
    MULTIBOOT,
    Uint8Array.from([...print(message), ...ENDINGS[ending]]),
    new TextEncoder().encode(`${text}\0`),
  ]);
  return writeElf(
    planElf({
      class: 32,
      e_type: ET_EXEC,
      e_machine: EM_386,
      e_entry: BASE + BigInt(CODE),
      segments: [
        {
          p_type: PT_LOAD,
          p_flags: PF_R | PF_W | PF_X,
          p_vaddr: BASE,
          p_paddr: BASE,
          p_memsz: BigInt(bytes.length),
          p_align: 16n,
          piece: 'program',
        },
      ],
      pieces: [{ name: 'program', size: bytes.length, align: 16, congruentTo: BASE, bytes }],
    }),
  );
}
