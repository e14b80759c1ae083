/**
 * One line of the instruction table: `[encoding, instruction, attributes]`, in the notation of the Intel SDM, vol. 2.
 *
 * Encoding, in this order:
 *   `NP` `66` `F3` `F2`      the mandatory prefix; without one the row holds for any that no other row claims
 *   `VEX.LZ.W0`, `VEX.L0.W1` … a VEX prefix with its map and `pp` written as the legacy bytes that they stand for
 *   `0F 38 F0`               opcode bytes; `+r` a register in the low three bits
 *   `/r` `/0`…`/7`           ModRM; a byte after the opcode (`0F 01 D0`, `D9 E8`, `D8 C0+i`) is a fixed ModRM
 *   `ib` `iw` `iz` `iv`      immediates: z = 2 or 4 bytes by operand size, v = 2, 4 or 8
 *   `cb` `cz` `cp` `mo`      relative offset, far pointer, absolute offset of the address size
 *
 * Instruction: the mnemonic, or three by operand size (`CBW|CWDE|CDQE`), then the operands:
 *   `r/m8` … `r/m64`, `r8` … `r64`, `m8` …  of that size; `r/m`, `r`, `m` of the operand size
 *   `xmm`, `xmm/m128`, `mm/m64` …  the register, and how much is read of memory in its place; `ST`, `ST(i)` of the x87 stack
 *   `rm`, `rr`: any r/m or r that is not a general register (x87, MMX, SSE); length and address only
 *   `AL` `rAX` `eAX32` `DX` `CL` `1`        implied; `v`, `v32`… the register in VEX.vvvv
 *   `imm8` is sign-extended to the operand size, as `imm` is from 32 to 64 bits; `imm8u`, `imm16` are not
 *   `X` `Y`                                  memory at DS:rSI and ES:rDI, as in the opcode maps
 *
 * Attributes:
 *   `i64` `o64`  invalid, or only valid, in 64-bit mode; `d64` `f64` 64-bit operands by default, or always, there
 *   `lock` may take LOCK when the destination is memory; `mem` `reg` ModRM must be that
 *   `rep` `repz` REP repeats it; with `repz` it also ends on ZF
 *   `cpl0` #GP(0) above CPL 0; `iopl` asks IOPL (or the TSS's map for ports)
 *   `pe` not in real mode; `flags=X` takes the flag effects of line X instead of its mnemonic's
 *   `sys` decoded, but left to the system part of the core; `todo` decoded, but raises #UD
 */
export type IsaRow = readonly [encoding: string, instruction: string, attributes?: string];
