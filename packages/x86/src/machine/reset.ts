import { type Cpu } from '../cpu/cpu.js';
import { ATTRIBUTE, CR0, MSR_SLOTS, REGISTER, SEGMENT, TABLE, WORD } from '../cpu/state.js';
import { SEG } from '../decode/lanes.js';
import { cpuidOf, type CpuProfile } from '../system/profile.js';

/** What PAT holds after reset. Source: Intel SDM vol. 3A, table 12-12. */
const PAT = [0x0007_0406, 0x0007_0406] as const;
const APIC_BASE = 0xfee0_0900 | 0;
/** Of IA32_MISC_ENABLE, without which 32-bit Linux leaves REP MOVS alone. Source: Intel SDM vol. 4, table 2-2. */
const FAST_STRINGS = 1;
const SYSTEM_SEGMENT = { ldt: 0x82, tss: 0x8b } as const;

/** Puts a CPU where RESET does: real mode, at FFFFFFF0. Source: Intel SDM vol. 3A, table 10-1. */
export function resetCpu(cpu: Cpu, profile: CpuProfile): void {
  const { words } = cpu;
  words.fill(0);
  words[2 * REGISTER.rdx] = cpuidOf(profile, 1, 0).eax;
  words[WORD.rip] = 0xfff0;
  words[WORD.eflags] = 2;
  words[WORD.vector] = -1;
  words[WORD.errorCode] = -1;
  words[WORD.cr] = CR0.CD | CR0.NW | CR0.ET;
  words[WORD.dr + 12] = 0xffff_0ff0 | 0;
  words[WORD.dr + 14] = 0x400;
  for (const segment of Object.values(SEG)) {
    const at = WORD.segments + SEGMENT.words * segment;
    words[at + SEGMENT.attributes] = ATTRIBUTE.present | ATTRIBUTE.notSystem | ATTRIBUTE.writable | ATTRIBUTE.accessed;
    words[at + SEGMENT.limit] = 0xffff;
  }
  const cs = WORD.segments + SEGMENT.words * SEG.CS;
  words[cs + SEGMENT.selector] = 0xf000;
  words[cs + SEGMENT.baseLo] = 0xffff_0000 | 0;
  words[cs + SEGMENT.attributes] = (words[cs + SEGMENT.attributes] as number) | ATTRIBUTE.code;
  for (const table of Object.values(TABLE)) words[WORD.tables + SEGMENT.words * table + SEGMENT.limit] = 0xffff;
  words[WORD.tables + SEGMENT.words * TABLE.LDTR + SEGMENT.attributes] = SYSTEM_SEGMENT.ldt;
  words[WORD.tables + SEGMENT.words * TABLE.TR + SEGMENT.attributes] = SYSTEM_SEGMENT.tss;
  words.set(PAT, WORD.msrs + 2 * MSR_SLOTS.pat);
  words[WORD.msrs + 2 * MSR_SLOTS.apicBase] = APIC_BASE;
  words[WORD.msrs + 2 * MSR_SLOTS.miscEnable] = FAST_STRINGS;
  words[WORD.msrs + 2 * MSR_SLOTS.randomState] = profile.randomSeed;
  words[WORD.fcw] = 0x40;
  words[WORD.mxcsr] = 0x1f80;
  // the tag word after reset is 5555: every register is 0, none is empty
  words[WORD.ftw] = 0xff;
  cpu.modeChanged();
}
