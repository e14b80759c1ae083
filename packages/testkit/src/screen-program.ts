import { makeBzImage } from './make-bzimage.js';

/** What is audited, a bit of everything, and a text for the screen that ends a run of the verifier. */
const CODE = `
  fa                  ; +0  cli
  8cd8                ; +1  mov eax, ds
  8ee0                ; +3  mov fs, eax
  b801000000          ; +5  mov eax, 1
  31c9                ; +a  xor ecx, ecx
  0fa2                ; +c  cpuid
  b9800000c0          ; +e  mov ecx, 0c0000080h
  0f32                ; +13 rdmsr
  0f30                ; +15 wrmsr
  0fb7050e040000      ; +17 movzx eax, word [40eh]
  a110000f00          ; +1e mov eax, [0f0010h]
  be41000001          ; +23 mov esi, 1000041h
  0f1f4000            ; +28 nop
  bf00800b00          ; +2c mov edi, 0b8000h
  b90a000000          ; +31 mov ecx, 10
  ac                  ; +36 lodsb
  aa                  ; +37 stosb
  b007                ; +38 mov al, 7
  aa                  ; +3a stosb
  e2f9                ; +3b loop +36
  f4                  ; +3d hlt
  ebfd                ; +3e jmp +3d
  90                  ; +40
  20 69 50 58 45 20 db 20 c4 21 ; +41 " iPXE █ ─!"
`;

/** A bzImage with it, which is loaded at 16 MiB. */
export const screenProgram = (): Uint8Array =>
  makeBzImage({
    bits: 32,
    kernelVersion: 'screen 1.0',
    protectedMode: Uint8Array.from(Buffer.from(CODE.replaceAll(/;.*$/gm, '').replaceAll(/\s/g, ''), 'hex')),
  });
