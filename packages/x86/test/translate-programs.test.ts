/** Whole programs, by the interpreter alone and with translated code: state, count, memory and touches have to be the same. */
import { type Engine, type Tier, TIERS } from '../src/engine';
import { type Machine } from '../src/machine/machine';
import { assemble, CODE, machineWith } from './machine-programs';

const FAST = TIERS.filter((tier) => tier !== 'interpreter');

interface Program {
  readonly what: string;
  readonly bits: 32 | 64;
  readonly code: string;
  readonly prepare?: (machine: Machine) => void;
  /** What is known of the end without executing it. */
  readonly ends: Readonly<Record<string, bigint>>;
  readonly budget?: number;
  /** The hot part is the interpreter's. */
  readonly interpreted?: true;
}

const IDT = 0x5000;
const GDT = 0x6000;
const HANDLER = 0x80;
/** In a page without code: stores to one that has some are the interpreter's. */
const STACK = 0xf000n;

/** A gate of 32-bit code to HANDLER. */
function handle(machine: Machine, vector: number, handler: string): void {
  machine.setTable('idtr', { base: BigInt(IDT), limit: 0x7ff });
  machine.setTable('gdtr', { base: BigInt(GDT), limit: 0x17 });
  machine.write(IDT + 8 * vector, assemble('8000 0800 008e 0000'));
  machine.write(GDT + 8, assemble('ffff 0000 009b cf00'));
  machine.write(HANDLER, assemble(handler));
}

/** 32-bit paging with 4 KiB pages: everything where it is, but for page 0x90, which is not there. */
function pageAllButOne(machine: Machine): void {
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  view.setUint32(0x1000, 0x2003, true);
  for (let page = 0; page < 0x100; page++)
    view.setUint32(0x2000 + 4 * page, page === 0x90 ? 0 : (page << 12) | 3, true);
  machine.setRegister('cr3', 0x1000n);
  machine.setRegister('cr0', 0x8000_0011n);
}

// prettier-ignore
const PROGRAMS: readonly Program[] = [
  {
    what: 'loops in loops', bits: 32, ends: { eax: 30n * 20n * 10n, edx: 0n },
    code: `31c0 ba1e000000    ; xor eax, eax; mov edx, 30
      b914000000           ; outer: mov ecx, 20
      bb0a000000           ; middle: mov ebx, 10
      40 4b 75fc           ; inner: inc eax; dec ebx; jnz inner
      49 75f4              ; dec ecx; jnz middle
      4a 75ec              ; dec edx; jnz outer
      f4`,
  },
  {
    what: 'calls that are taken in, and whose return address is changed now and then', bits: 64, ends: { rax: 3000n, rbx: 1500n, rcx: 0n },
    code: `31c0 31db b9b80b0000    ; xor eax, eax; xor ebx, ebx; mov ecx, 3000
      e809000000                ; again: call function
      90                        ; here some calls come back one byte further, to skip the inc
      90 ffc9 75f5 f4 90        ; nop; dec ecx; jnz again; hlt
      90
      ffc0                      ; function: inc eax
      f6c101 7506               ; test cl, 1; jnz return
      48ff0424 ffc3             ; inc qword [rsp]; inc ebx
      c3                        ; return: ret`,
  },
  {
    what: 'a jump by push and ret', bits: 64, ends: { rax: 2000n, rcx: 0n },
    code: `31c0 b9d0070000    ; xor eax, eax; mov ecx, 2000
      ffc0                 ; again: inc eax
      68137c0000           ; push target
      c3 f4 90 90 90       ; ret
      ffc9 75f0 f4         ; target: dec ecx; jnz again`,
  },
  {
    what: 'a hot loop that changes its own immediate', bits: 32, ends: { eax: 4n * 255n * 256n / 2n, ecx: 0n },
    code: `31c0 b900040000      ; xor eax, eax; mov ecx, 1024
      0500000000             ; again: add eax, 0
      fe05087c0000           ; inc byte [the immediate]
      49 75f2 f4             ; dec ecx; jnz again`,
  },
  {
    what: 'a hot loop that changes an instruction behind the store now and then', bits: 32, ends: { eax: 938n, edx: 62n, ecx: 0n },
    code: `31c0 31d2 b9e8030000        ; xor eax, eax; xor edx, edx; mov ecx, 1000
      f6c10f 7507                   ; again: test cl, 15; jnz over
      c605177c0000 42               ; mov byte [place], inc edx
      90 90                         ; over:
      40 c605177c0000 40            ; place: inc eax (or inc edx); mov byte [place], inc eax
      49 75e7 f4                    ; dec ecx; jnz again`,
  },
  {
    what: 'code over the end of a page, with an instruction in both', bits: 64, ends: { rax: 5000n * 0x1234_5678n & 0xffff_ffffn, rcx: 0n },
    code: 'e9f4030000',
    prepare: (machine) => {
      // at 0x7ff9: mov ecx, 5000 (to 0x7ffe); add eax, 0x12345678 from 0x7ffe to 0x8003; dec ecx; jnz; hlt
      machine.write(0x7ff9, assemble('b988130000 0578563412 ffc9 75f7 f4'));
    },
  },
  {
    what: 'FS with a base', bits: 32, ends: { eax: 1000n, edi: 0x9000n + 4000n },
    code: `31c0 bf00900000       ; xor eax, eax; mov edi, 0x9000
      648947 00 90            ; again: mov fs:[edi], eax; nop
      40 83c704               ; inc eax; add edi, 4
      3de8030000 75f0         ; cmp eax, 1000; jne again
      f4`,
    prepare: (machine) => machine.setSegment('fs', { selector: 24, base: 0x2_0000n, limit: 0xffff_ffff, attributes: 0xc93 }),
  },
  {
    what: 'DS with a base', bits: 32, ends: { eax: 1000n, edi: 0x9000n + 4000n },
    code: `31c0 bf00900000       ; xor eax, eax; mov edi, 0x9000
      8907 36891f             ; again: mov [edi], eax; mov ss:[edi], ebx
      40 83c704               ; inc eax; add edi, 4
      3de8030000 75f0         ; cmp eax, 1000; jne again
      f4`,
    prepare: (machine) => machine.setSegment('ds', { selector: 24, base: 0x2_0000n, limit: 0xffff_ffff, attributes: 0xc93 }),
  },
  {
    what: 'ES with a base', bits: 32, ends: { eax: 1000n, edi: 0x9000n + 4000n },
    code: `31c0 bf00900000       ; xor eax, eax; mov edi, 0x9000
      891f ab 40              ; again: mov [edi], ebx; stosd; inc eax
      3de8030000 75f5         ; cmp eax, 1000; jne again
      f4`,
    prepare: (machine) => machine.setSegment('es', { selector: 24, base: 0x2_0000n, limit: 0xffff_ffff, attributes: 0xc93 }),
  },
  {
    what: 'FS with a limit', bits: 32, interpreted: true, ends: { eax: 1000n },
    code: `31c0
      64a3 00010000 40        ; again: mov fs:[0x100], eax; inc eax
      3de8030000 75f2         ; cmp eax, 1000; jne again
      f4`,
    prepare: (machine) => machine.setSegment('fs', { selector: 24, base: 0x2_0000n, limit: 0xffff, attributes: 0x893 }),
  },
  {
    what: 'string instructions, with and without REP, both ways', bits: 32, ends: { ebx: 0n, ebp: 0n },
    code: `31ed bb2c010000       ; xor ebp, ebp; mov ebx, 300
      be00900000 bff0910000   ; again: mov esi, 0x9000; mov edi, 0x91f0
      89d8 ab ab              ; mov eax, ebx; stosd; stosd
      b910000000 f3a5         ; mov ecx, 16; rep movsd
      ac 66ad aa              ; lodsb; lodsw; stosb
      fd bf0f920000 be0f900000 b907000000 f3a4 a5 fc ; std; …; rep movsb; movsd; cld
      bf00900000 b900000000 f3ab ; rep stosd of nothing
      4b 75c0 f4              ; dec ebx; jnz again`,
    prepare: (machine) => machine.write(0x9000, Uint8Array.from({ length: 0x400 }, (_, i) => (i * 7) & 0xff)),
  },
  {
    what: '#DE in hot code, whose handler mends the divisor', bits: 32, ends: { ecx: 0n, edi: 10n },
    code: `31ff b9e8030000 bb64000000  ; xor edi, edi; mov ecx, 1000; mov ebx, 100
      4b                            ; again: dec ebx
      89c8 99 f7fb                  ; mov eax, ecx; cdq; idiv ebx
      49 75f7 f4                    ; dec ecx; jnz again`,
    prepare: (machine) => handle(machine, 0, 'bb64000000 47 cf'), // mov ebx, 100; inc edi; iret
  },
  {
    what: 'a page fault in a hot loop, whose handler maps the page', bits: 32, ends: { eax: 0x2000n, edi: 0x9_1000n, ebp: 1n, ebx: 0x9_0000n },
    code: `31c0 31ed bf00f00800      ; xor eax, eax; xor ebp, ebp; mov edi, 0x8f000
      8807 40 47                  ; again: mov [edi], al; inc eax; inc edi
      3d00200000 75f5 f4          ; cmp eax, 0x2000; jne again`,
    prepare: (machine) => {
      pageAllButOne(machine);
      // mov ebx, cr2; mov dword [0x2000 + 4 * 0x90], 0x90003; inc ebp; add esp, 4; iret
      handle(machine, 14, '0f20d3 c70540220000 03000900 45 83c404 cf');
    },
  },
  {
    what: 'flags that are read far from where they are set', bits: 64, ends: { rcx: 0n },
    code: `b9e8030000 31c0 31d2        ; mov ecx, 1000
      0501010190 83d200             ; again: add eax, 0x90010101; adc edx, 0
      d1e0 48 83da 00 9c 5b         ; shl eax, 1; sbb rdx, 0; pushf; pop rbx
      4c01db 49 89db                ; add rbx, r11; mov r11, rbx
      a801 0f95c3 480fb6f3 4801f7   ; test al, 1; setnz bl; movzx rsi, bl; add rdi, rsi
      ffc9 75da f4                  ; dec ecx; jnz again`,
  },
];

function run({ bits, code, prepare, budget = 1_000_000 }: Program, tier: Tier) {
  const machine = machineWith(bits, code, { tier });
  machine.setRegister('rsp', STACK);
  prepare?.(machine);
  const exit = machine.run({ budget });
  return { machine, exit };
}

/** How many regions were made: a test of translated code says nothing when there is none. */
const regions = (machine: Machine): number =>
  (machine as unknown as { engine: Engine }).engine.translator?.compiled ?? 0;

describe.each(PROGRAMS)('$what', (program) => {
  const reference = run(program, 'interpreter');

  test('ends as it has to', () => {
    expect(reference.exit).toMatchObject({ reason: 'halt' });
    const { machine } = reference;
    expect(Object.fromEntries(Object.keys(program.ends).map((name) => [name, machine.register(name)]))).toEqual(
      program.ends,
    );
  });

  test.each(FAST)('tier %s does the same', (tier) => {
    const { machine, exit } = run(program, tier);
    expect(exit).toEqual(reference.exit);
    expect(machine.save()).toEqual(reference.machine.save());
    if (program.interpreted !== true && tier !== 'handlers') expect(regions(machine)).toBeGreaterThan(0);
  });
});

describe('a budget that ends anywhere in a hot loop', () => {
  // again: inc eax; call f; mov [edi], eax; jmp again; f: dec ecx; jz g; add edx, eax; g: ret
  const code = '40 e804000000 8907 ebf6 49 7402 01c2 c3';
  const prepare = (machine: Machine) => {
    machine.setRegister('rdi', 0x9000n);
    machine.setRegister('rsp', STACK);
  };

  test.each(FAST)('is exact, tier %s', (tier) => {
    const machine = machineWith(32, code, { tier });
    const reference = machineWith(32, code, { tier: 'interpreter' });
    for (const own of [machine, reference]) {
      prepare(own);
      own.run({ budget: 3000 });
    }
    if (tier !== 'handlers') expect(regions(machine)).toBeGreaterThan(0);
    const seen = new Set<bigint>();
    for (let budget = 1; budget <= 60; budget++) {
      const exits = [machine, reference].map((own) => own.run({ budget }));
      expect(exits[0]).toEqual(exits[1]);
      const names = ['rip', 'rax', 'rcx', 'rdx', 'rsp', 'rflags'] as const;
      expect(names.map((name) => machine.register(name))).toEqual(names.map((name) => reference.register(name)));
      seen.add(machine.register('rip'));
    }
    expect(machine.count).toBe(BigInt(3000 + (60 * 61) / 2));
    // every instruction of the loop was one that a run ended before
    expect(seen.size).toBe(8);
    expect(machine.save()).toEqual(reference.save());
  });
});

describe('accesses over the end of a page', () => {
  // again: mov eax, [esi]; add eax, ecx; mov [edi], eax; mov edx, [edi]; add ebx, edx; dec ecx; jnz again
  const code = '8b06 01c8 8907 8b17 01d3 49 75f3 f4';
  const start = (tier: Tier, prepare: (machine: Machine) => void): Machine => {
    const machine = machineWith(32, code, { tier });
    prepare(machine);
    machine.setRegister('rsi', 0x2_0ffen);
    machine.setRegister('rdi', 0x3_0ffdn);
    machine.setRegister('rcx', 2000n);
    expect(machine.run({ budget: 100_000 }).reason).toBe('halt');
    return machine;
  };
  const fill = (machine: Machine, page: number): void => {
    machine.write(0x2_0ffe, Uint8Array.of(0x11, 0x22));
    machine.write(page, Uint8Array.of(0x33, 0x44));
  };

  // prettier-ignore
  test.each([
    { what: 'without paging', second: 0x3_1000, prepare: (machine: Machine) => fill(machine, 0x2_1000) },
    { what: 'where pages are', second: 0x3_1000, prepare: (machine: Machine) => { pageAllButOne(machine); fill(machine, 0x2_1000); } },
    { what: 'of which the next lies elsewhere', second: 0x5_1000, prepare: (machine: Machine) => {
      pageAllButOne(machine);
      fill(machine, 0x4_1000);
      const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
      view.setUint32(0x2000 + 4 * 0x21, 0x4_1003, true);
      view.setUint32(0x2000 + 4 * 0x31, 0x5_1003, true);
    } },
  ])('$what', ({ second, prepare }) => {
    const machine = start('translator', prepare);
    expect(regions(machine)).toBeGreaterThan(0);
    // 0x44332211 + 1, over two pages
    expect([...machine.read(0x3_0ffd, 3), ...machine.read(second, 1)]).toEqual([0x12, 0x22, 0x33, 0x44]);
    expect(machine.save()).toEqual(start('interpreter', prepare).save());
  });
});

test('translated code that the host writes over is not executed any more', () => {
  const machine = machineWith(32, '40 ebfd', { tier: 'translator' }); // inc eax; jmp back
  machine.run({ budget: 1000 });
  expect([regions(machine), machine.register('rax')]).toEqual([1, 500n]);
  machine.write(CODE, Uint8Array.of(0x43)); // inc ebx
  machine.run({ budget: 1000 });
  expect([machine.register('rax'), machine.register('rbx')]).toEqual([500n, 500n]);
});

test('pages that are swapped under translated code bring their own', () => {
  const machine = machineWith(32, 'e9fb83 0000 90', { tier: 'translator' }); // jmp 0x10000
  pageAllButOne(machine);
  machine.write(0x1_0000, assemble('40 ebfd')); // inc eax; jmp back
  machine.write(0x1_1000, assemble('43 ebfd')); // inc ebx; jmp back
  machine.run({ budget: 1001 });
  expect([machine.register('rax'), machine.register('rbx')]).toEqual([500n, 0n]);
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  for (const [page, count] of [
    [0x11, 1],
    [0x10, 2],
  ] as const) {
    view.setUint32(0x2000 + 4 * 0x10, (page << 12) | 3, true);
    machine.setRegister('cr3', 0x1000n);
    machine.run({ budget: 1000 });
    expect([machine.register('rax'), machine.register('rbx')]).toEqual([500n * BigInt(count), 500n]);
  }
});
