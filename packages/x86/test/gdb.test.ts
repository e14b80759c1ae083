import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { serveGdb, type GdbArchitecture } from '../src/gdb-server';
import { type Machine } from '../src/machine/machine';
import { CODE, hotTimer, machineWith } from './machine-programs';

const hasGdb = spawnSync('gdb', ['--version']).status === 0;
/** What the real gdb prints is compared; without it there is no judge. */
const judged = hasGdb ? test : test.skip;

/** Lets the real gdb execute commands at a machine, and gives what it prints. */
async function gdb(
  machine: Machine,
  commands: readonly string[],
  architecture?: GdbArchitecture,
  onOutput: (gdb: ChildProcess, output: string) => void = () => undefined,
): Promise<string> {
  const server = await serveGdb(machine, 0, { slice: 5, ...(architecture && { architecture }) });
  const setUp = [
    'set pagination off',
    'set confirm off',
    'set tcp connect-timeout 5',
    `target remote 127.0.0.1:${server.port}`,
  ];
  const words = [...setUp, ...commands].flatMap((command) => ['-ex', command]);
  const child = spawn('gdb', ['-nx', '-q', '-batch', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = setTimeout(() => child.kill('SIGKILL'), 20_000);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      output += data.toString();
      onOutput(child, output);
    });
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(kill);
  server.close();
  return output;
}

/** The values that gdb has printed as `$1 = …`. */
const values = (output: string): string[] => [...output.matchAll(/^\$\d+ = (.*)$/gm)].map(([, value]) => value ?? '');

judged('64-bit code: registers, a breakpoint, steps, and what they do', async () => {
  const machine = machineWith(64, '48b88877665544332211 49ffc7 ebfb'); // mov rax, …; inc r15; jmp back to inc
  const output = await gdb(machine, [
    'p/x $rip',
    'stepi',
    'p/x $rax',
    'p/x $cr0',
    'p $cs',
    `break *${CODE + 13}`,
    'continue',
    'continue',
    'p $r15',
    'p/x $rip',
    'stepi',
    'p/x $rip',
    'p $eflags',
  ]);
  expect(values(output)).toEqual(['0x7c00', '0x1122334455667788', '0x80000011', '8', '2', '0x7c0d', '0x7c0a', '[ ]']);
  expect(output.match(/^Breakpoint 1, /gm)).toHaveLength(2);
  expect(machine.register('r15')).toBe(2n);
});

judged('32-bit code with the 32-bit description: registers are read and written', async () => {
  const machine = machineWith(32, '01d8 f7d8 ebfa'); // add eax, ebx; neg eax; jmp
  const output = await gdb(
    machine,
    ['set $eax = 40', 'p $ebx = 2', 'stepi', 'p $eax', 'stepi', 'p $eax', 'p $eflags', 'x/2i 0x7c00', 'p/x $pc'],
    'i386',
  );
  expect(values(output)).toEqual(['2', '42', '-42', '[ CF AF SF ]', '0x7c04']);
  expect(output).toMatch(/add +%ebx,%eax/);
  expect([machine.register('eax'), machine.register('ebx')]).toEqual([0xffff_ffd6n, 2n]);
});

judged('real mode: the program counter is linear, the base of CS is a register', async () => {
  const machine = machineWith(16, '40 b83412 8ed8 a10000 f4'); // inc ax; mov ax, 0x1234; mov ds, ax; mov ax, [0]; hlt
  machine.setSegment('cs', { selector: 0x700, base: 0x7000n, limit: 0xffff, attributes: 0x9b });
  machine.setRegister('rip', 0xc00n);
  machine.write(0x12340, Uint8Array.of(0xfe, 0xca));
  const output = await gdb(
    machine,
    [
      'p/x $pc',
      'p/x $cs_base',
      'hbreak *0x7c06',
      'continue',
      'p/x $pc',
      'p/x $ds',
      'p/x $ds_base',
      'stepi',
      'p/x $eax',
      'monitor state',
    ],
    'i386',
  );
  expect(values(output)).toEqual(['0x7c00', '0x7000', '0x7c06', '0x1234', '0x12340', '0xcafe']);
  expect(output).toContain('16-bit code, CPL 0, CS 700 at 7000, 4 instructions');
});

judged('memory is read, written and searched by linear address; new code runs', async () => {
  const machine = machineWith(64, '90 ebfd');
  machine.run({ budget: 10_000 });
  const output = await gdb(machine, [
    'p/x *(unsigned int *)0x7c00',
    'set var *(unsigned char *)0x7c00 = 0x40',
    'p/x *(unsigned char *)0x7c00',
    'set var *(unsigned long *)0x9ffc = 0x1122334455667788',
    'x/2xw 0x9ffc',
    'x/1xb 0x40000000',
    'p/x $rip = 0x7c00',
    'stepi',
    'p/x $pc',
  ]);
  // 40 eb is a REX prefix before the jump now
  expect(values(output)).toEqual(['0xfdeb90', '0x40', '0x7c00', '0x7c00']);
  expect(output).toContain('0x9ffc:\t0x55667788\t0x11223344');
  expect(output).toContain('Cannot access memory at address 0x40000000');
});

judged('a watchpoint stops behind the instruction that wrote', async () => {
  const machine = hotTimer({});
  const output = await gdb(
    machine,
    ['watch *(unsigned char *)0x600', 'continue', 'continue', 'p/x $pc', 'p $eax > 0'],
    'i386',
  );
  expect(output).toMatch(/Hardware watchpoint 1: .*\n\nOld value = 0 .*\nNew value = 1 /);
  expect(output).toMatch(/Old value = 1 .*\nNew value = 2 /);
  expect(values(output)).toEqual(['0x86', '1']);
});

judged('reads are watched too', async () => {
  const machine = machineWith(32, 'a100900000 a104900000 ebf4');
  const output = await gdb(machine, ['rwatch *(int *)0x9004', 'continue', 'p/x $pc'], 'i386');
  expect(output).toContain('Hardware read watchpoint 1');
  expect(values(output)).toEqual(['0x7c0a']);
});

judged('SSE and x87 registers have their types', async () => {
  const machine = machineWith(64, '90');
  machine.setRegister('xmm3', 0x3ff0_0000_0000_0000_4000_0000_0000_0000n);
  machine.setRegister('ftw', 1n);
  machine.setRegister('st0', 0x4000_c000_0000_0000_0000n);
  const output = await gdb(machine, [
    'p $xmm3.v2_double',
    'p $st0',
    'p/x $ftag',
    'p $mxcsr',
    'p $xmm3.v2_double[0] = 8',
  ]);
  expect(values(output)).toEqual(['{2, 1}', '3', '0xfffc', '[ IM DM ZM OM UM PM ]', '8']);
  expect(machine.register('xmm3')).toBe(0x3ff0_0000_0000_0000_4020_0000_0000_0000n);
});

judged('Ctrl-C stops a guest that runs', async () => {
  const machine = machineWith(32, '40 ebfd');
  let isSent = false;
  const output = await gdb(
    machine,
    ['echo running\\n', 'continue', 'p $eax > 1000', 'stepi', 'p 7'],
    'i386',
    (child, seen) => {
      if (isSent || !seen.includes('running')) return;
      isSent = true;
      setTimeout(() => child.kill('SIGINT'), 300);
    },
  );
  expect(output).toContain('SIGINT');
  expect(values(output)).toEqual(['1', '7']);
});

judged('a guest that dies says why, the exit port ends it', async () => {
  const machine = machineWith(32, '0f0b');
  machine.setTable('idtr', { base: 0n, limit: 0 });
  const output = await gdb(machine, ['continue', 'p/x $pc'], 'i386');
  expect(output).toContain('triple fault: exceptions 6, 13, 13, 8, 13');
  expect(output).toContain('SIGSEGV');
  expect(values(output)).toEqual(['0x7c00']);
  expect(await gdb(machineWith(32, 'b003 e6f4'), ['continue'], 'i386')).toContain('exited with code 03');
});
