import { ConsolePort, ExitPort, PostPort, SystemControl } from '../src/devices/index';
import { TestBus } from './device-bus';

function control() {
  const bus = new TestBus();
  const device = new SystemControl();
  device.attach(bus);
  return {
    bus,
    out: (port: number, value: number) => device.out(port, 1, value),
    read: (port: number) => device.in(port),
  };
}

test('port 0x92 opens and closes A20', () => {
  const { bus, out, read } = control();
  out(0x92, 0);
  expect([bus.a20, read(0x92)]).toEqual([false, 0]);
  out(0x92, 2);
  expect([bus.a20, read(0x92), bus.ends]).toEqual([true, 2, []]);
});

test('the keyboard controller opens and closes A20, and reads as absent', () => {
  const { bus, out, read } = control();
  out(0x64, 0xd1);
  out(0x60, 0xdd);
  expect(bus.a20).toBe(false);
  out(0x60, 0xdf); // no command before it: data for a keyboard that is not there
  expect(bus.a20).toBe(false);
  out(0x64, 0xdf);
  expect([bus.a20, read(0x64), bus.ends]).toEqual([true, 0xff, []]);
});

test.each([
  { title: 'port 0x92', writes: [[0x92, 1]], by: 'port 0x92' },
  { title: 'a pulse of the keyboard controller', writes: [[0x64, 0xfe]], by: 'the keyboard controller' },
  {
    title: 'its output port',
    writes: [
      [0x64, 0xd1],
      [0x60, 0x02],
    ],
    by: 'the keyboard controller',
  },
] as const)('$title resets', ({ writes, by }) => {
  // prettier-ignore
  const { bus, out } = control();
  for (const [port, value] of writes) out(port, value);
  expect(bus.ends).toEqual([{ reason: 'reset', by }]);
});

test('a pulse of nothing does nothing', () => {
  const { bus, out } = control();
  out(0x64, 0xff);
  expect(bus.ends).toEqual([]);
});

test('the exit port ends the run with its value', () => {
  const bus = new TestBus();
  const device = new ExitPort();
  device.attach(bus);
  device.out(0xf4, 4, 0x8000_0001 | 0);
  expect(bus.ends).toEqual([{ reason: 'exit', value: 0x8000_0001 }]);
});

test('progress codes are kept, the first 4096 of them, and all counted', () => {
  const post = new PostPort();
  const told: number[] = [];
  post.onCode = (code) => told.push(code);
  for (let i = 0; i < 5000; i++) post.out(0x80, 1, i & 0xff);
  expect([post.codes.length, post.written, told.length, post.codes[5]]).toEqual([4096, 5000, 5000, 5]);
});

test('the console port answers with its number', () => {
  const port = new ConsolePort();
  const bytes: number[] = [];
  port.onByte = (byte) => bytes.push(byte);
  port.out(0xe9, 1, 65);
  expect([port.in(), bytes]).toEqual([0xe9, [65]]);
});
