import { packet, PacketReader } from '../src/gdb/packet';
import { GdbSession } from '../src/gdb/session';
import { machineWith } from './machine-programs';

const bytes = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
const read = (text: string) =>
  [...new PacketReader().push(bytes(text))].map((input) =>
    input.kind === 'packet' ? String.fromCharCode(...input.data) : input.kind,
  );

test.each([
  { title: 'a packet', text: '$m7c00,4#8a', packets: ['bad'] },
  { title: 'a packet with its sum', text: '+$OK#9a', packets: ['OK'] },
  { title: 'an empty packet', text: '$#00', packets: [''] },
  { title: 'two packets and noise', text: 'x$OK#9a-+$?#3f', packets: ['OK', '?'] },
  { title: 'an interrupt between packets', text: '\x03$?#3f', packets: ['interrupt', '?'] },
  { title: 'a wrong sum', text: '$OK#9b', packets: ['bad'] },
  { title: 'a sum that is no number', text: '$OK#zz', packets: ['bad'] },
  { title: 'an escaped byte', text: '$}\x03#80', packets: ['#'] },
  { title: 'a packet that begins anew', text: '$abc$OK#9a', packets: ['OK'] },
])('$title', ({ text, packets }) => {
  expect(read(text)).toEqual(packets);
});

test('a packet may come byte by byte', () => {
  const reader = new PacketReader();
  const inputs = bytes('$OK#9a').flatMap((byte) => [...reader.push([byte])]);
  expect(inputs).toEqual([{ kind: 'packet', data: Uint8Array.from(bytes('OK')) }]);
});

// sums by hand: 'O' + 'K' = 0x4f + 0x4b
test.each([
  { text: 'OK', sent: '$OK#9a' },
  { text: '', sent: '$#00' },
  { text: '#', sent: '$}\x03#80' },
])('the answer "$text" is sent with its sum', ({ text, sent }) => {
  expect(packet(text)).toBe(sent);
});

/** What a session answers to commands, without acknowledgements. */
function session(commands: readonly string[], bits: 32 | 64 = 64) {
  const sent: string[] = [];
  const machine = machineWith(bits, '90 ebfd');
  const own = new GdbSession(machine, (text) => sent.push(text), { slice: 1 });
  for (const command of commands) own.receive(bytes(packet(command)));
  return { own, machine, answers: sent.filter((text) => text !== '+').map((text) => text.slice(1, -3)) };
}

test('the features are those that gdb asks for, the description comes in parts', () => {
  const { answers } = session([
    'qSupported:swbreak+;hwbreak+',
    'qXfer:features:read:target.xml:0,20',
    'qXfer:features:read:target.xml:0,fffff',
  ]);
  expect(answers[0]).toContain('qXfer:features:read+');
  expect(answers[1]).toBe('m<?xml version="1.0"?>\n<!DOCTYPE ');
  expect(answers[2]?.startsWith('l<?xml')).toBe(true);
});

test.each([
  { command: 'vMustReplyEmpty', answer: '' },
  { command: 'p', answer: 'E01' },
  { command: 'pffff', answer: 'E01' },
  { command: 'P10', answer: 'E01' },
  { command: 'P0=12', answer: 'E01' },
  { command: 'Gzz', answer: 'E01' },
  { command: 'm', answer: 'E01' },
  { command: 'm40000000,4', answer: 'E0e' },
  { command: 'mffffffffffffffff,8', answer: 'E0e' },
  { command: 'M7c00,1', answer: 'E01' },
  { command: 'M40000000,1:00', answer: 'E0e' },
  { command: 'Z9,0,1', answer: '' },
  { command: 'Z2,40000000,4', answer: 'E0e' },
  { command: 'Z2,7c00,zz', answer: 'E0e' },
  { command: 'qXfer:features:read:target.xml:x', answer: 'E01' },
])('$command is answered by "$answer"', ({ command, answer }) => {
  expect(session([command]).answers).toEqual([answer]);
});

test('after all that was set is removed nothing is left', () => {
  const { own, machine } = session(['Z0,7c00,1', 'Z1,7c00,1', 'z0,7c00,1']);
  expect(machine.breakpoints.size).toBe(1);
  own.receive(bytes(packet('D')));
  expect([machine.breakpoints.size, own.isOver]).toEqual([0, true]);
});

test('no packet makes it throw', () => {
  const letters = 'gGpPmMXzZcsvqQHDTk?,:;=0123456789abcdef}#-';
  let seed = 1;
  const random = (below: number) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  const { own } = session([]);
  for (let i = 0; i < 20_000; i++) {
    const text = Array.from({ length: random(20) }, () => letters[random(letters.length)]).join('');
    own.receive(bytes(packet(text)));
    own.isRunning = false;
  }
  expect(own.isRunning).toBe(false);
});
