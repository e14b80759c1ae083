import { concat, fromHex, le } from '@bzelf/bytes';
import type { MemoryRange } from '@bzelf/loader';
import type { Machine, MachineHooks } from '@bzelf/x86';

/** CPUID leaves of Xen. Source: Xen public/arch-x86/cpuid.h. */
const LEAF = { signature: 0x4000_0000, hypercalls: 0x4000_0002 } as const;
/** "XenVMMXenVMM" in ebx, ecx, edx. */
const SIGNATURE = { eax: LEAF.hypercalls, ebx: 0x566e_6558, ecx: 0x6558_4d4d, edx: 0x4d4d_566e } as const;
/** The MSR that takes the address of a hypercall page. Source: Xen arch/x86/traps.c, cpuid_hypervisor_leaves. */
const HYPERCALL_MSR = 0x4000_0000;
const PAGE = 4096;
/** 32 bytes for each hypercall; __HYPERVISOR_memory_op is number 12. Source: Xen public/xen.h. */
const MEMORY_OP_AT = 12 * 32;
const WORKER_AT = 0x800;
const ENTRY_SIZE = 20;

/**
 * XENMEM_memory_map as 32-bit code, entered by a jump from its place in the page: ebx = operation, ecx = struct xen_memory_map {nr_entries, buffer}.
 * The count, then the entries, stand behind it. Source: Xen public/memory.h.
 */
// prettier-ignore
const WORKER = concat([
  [0x83, 0xfb, 0x09],                   // cmp  $9, %ebx              XENMEM_memory_map
  [0x75, 0x27],                         // jne  1f
  [0x56, 0x57, 0x51],                   // push %esi; push %edi; push %ecx
  [0xe8, 0x00, 0x00, 0x00, 0x00],       // call .+5
  [0x5e],                               // pop  %esi
  [0x83, 0xc6, 0x25],                   // add  $table - here, %esi
  [0x8b, 0x79, 0x04],                   // mov  4(%ecx), %edi
  [0x8b, 0x06],                         // mov  (%esi), %eax
  [0x3b, 0x01],                         // cmp  (%ecx), %eax          no more than there is room for
  [0x76, 0x02],                         // jbe  .+4
  [0x8b, 0x01],                         // mov  (%ecx), %eax
  [0x89, 0x01],                         // mov  %eax, (%ecx)
  [0x6b, 0xc8, 0x05],                   // imul $5, %eax, %ecx
  [0x83, 0xc6, 0x04],                   // add  $4, %esi
  [0xf3, 0xa5],                         // rep movsl
  [0x59, 0x5f, 0x5e],                   // pop  %ecx; pop %edi; pop %esi
  [0x31, 0xc0],                         // xor  %eax, %eax
  [0xc3],                               // ret
  [0xb8, 0xda, 0xff, 0xff, 0xff],       // 1: mov $-38, %eax          -ENOSYS
  [0xc3],                               // ret
].map((bytes) => Uint8Array.from(bytes)));

/** A hypercall page that knows one thing: which memory there is. All else is refused. */
export function hypercallPage(map: readonly MemoryRange[]): Uint8Array {
  const page = new Uint8Array(PAGE);
  const refuse = fromHex('b8daffffffc3');
  for (let at = 0; at < WORKER_AT; at += 32) page.set(refuse, at);
  page.set(concat([Uint8Array.of(0xe9), le(WORKER_AT - MEMORY_OP_AT - 5, 4)]), MEMORY_OP_AT);
  const rows = map.map(({ start, length, type }) => concat([le(start, 8), le(length, 8), le(type, 4)]));
  page.set(concat([WORKER, le(rows.length, 4), ...rows]), WORKER_AT);
  return page;
}

/** Rows of which a page has room. */
export const MOST_ROWS = Math.floor((PAGE - WORKER_AT - WORKER.length - 4) / ENTRY_SIZE);

/** Adds Xen below a guest: its CPUID leaves, and the page that the guest asks for by writing the MSR. */
export function withXen(hooks: MachineHooks, machine: () => Machine, map: readonly MemoryRange[]): MachineHooks {
  return {
    ...hooks,
    cpuid(leaf, subleaf) {
      const other = hooks.cpuid?.(leaf, subleaf);
      if (leaf === LEAF.signature) return SIGNATURE;
      return leaf === LEAF.hypercalls ? { eax: 1, ebx: HYPERCALL_MSR, ecx: 0, edx: 0 } : other;
    },
    writeMsr(index, lo, hi) {
      const taken = hooks.writeMsr?.(index, lo, hi) ?? false;
      if (index >>> 0 !== HYPERCALL_MSR) return taken;
      const { ram } = machine();
      const at = lo >>> 0;
      if (hi === 0 && at % PAGE === 0 && at + PAGE <= ram.length) {
        ram.set(hypercallPage(map), at);
        machine().wrote(at, PAGE);
      }
      return true;
    },
  };
}
