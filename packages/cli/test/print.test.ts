import { BzelfError } from '@bzelf/bytes';
import { Failure, UsageError } from '../src/exit';
import { reportFailure } from '../src/print/error';
import { PLAIN, wantsColour } from '../src/print/paint';
import { printable } from '../src/print/printable';
import { rangeText, sizeText } from '../src/print/ranges';
import { table } from '../src/print/table';

test('a table lines up its columns and leaves no blanks at the ends', () => {
  const text = table(
    [
      ['name', 'size', ''],
      ['a', '1', 'x'],
      ['long', '1000', ''],
    ],
    { indent: 1, right: [1] },
  );
  expect(text).toBe(' name  size\n a        1  x\n long  1000\n');
});

// prettier-ignore
const SIZES = [
  { bytes: 0n, text: '0 B' }, { bytes: 1023n, text: '1023 B' }, { bytes: 1024n, text: '1 KiB' },
  { bytes: 1572864n, text: '1.5 MiB' }, { bytes: 53243444n, text: '50.8 MiB' }, { bytes: 1n << 40n, text: '1024 GiB' },
];
test.each(SIZES)('$bytes bytes read "$text"', ({ bytes, text }) => expect(sizeText(bytes)).toBe(text));

test('a range is told by its first and last byte', () => {
  expect(rangeText(0x1000n, 0x1000n)).toBe('0x1000-0x1fff');
  expect(rangeText(0x1000n, 0n)).toBe('0x1000 (empty)');
});

test('names from a file cannot steer the terminal', () => {
  expect(printable('\u001b[31mred\u009b\n')).toBe('.[31mred..');
});

// prettier-ignore
const COLOURS = [
  { env: {},                                      terminal: true,  colour: true },
  { env: {},                                      terminal: false, colour: false },
  { env: { NO_COLOR: '1' },                       terminal: true,  colour: false },
  { env: { NO_COLOR: '' },                        terminal: true,  colour: true },
  { env: { FORCE_COLOR: '1' },                    terminal: false, colour: true },
  { env: { FORCE_COLOR: '0' },                    terminal: true,  colour: false },
  { env: { FORCE_COLOR: '1', NO_COLOR: '1' },     terminal: false, colour: true },
  { env: { TERM: 'dumb' },                        terminal: true,  colour: false },
];
test.each(COLOURS)('with $env on a terminal ($terminal) colour is $colour', ({ env, terminal, colour }) => {
  expect(wantsColour(env, terminal)).toBe(colour);
});

const whole = new BzelfError('elf/segment-past-eof', 'A segment has file bytes past the end of the file', {
  offset: 0x60,
  field: 'PT_LOAD[0].p_filesz',
  found: 0x9000,
  expected: 'at most 0x7f00',
  hint: 'the file looks cut short',
});

// prettier-ignore
const REPORTS = [
  { what: 'a malformed file', error: new Failure(whole, { file: 'k.elf' }), exit: 3,
    text: 'bzelf: k.elf: elf/segment-past-eof: A segment has file bytes past the end of the file\n  at 0x60 (PT_LOAD[0].p_filesz)\n  found 0x9000, expected at most 0x7f00\n  hint: the file looks cut short\n' },
  { what: 'an error that knows little', error: new BzelfError('bzimage/zimage', 'This is a zImage'), exit: 3,
    text: 'bzelf: bzimage/zimage: This is a zImage\n' },
  { what: 'a wrong use', error: new UsageError('-o FILE is wanted'), exit: 2,
    text: 'bzelf: -o FILE is wanted\n  hint: bzelf --help lists the commands\n' },
  { what: 'a missing file', error: Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), { code: 'ENOENT', syscall: 'open', path: 'x' }), exit: 4,
    text: 'bzelf: x: no such file or directory (ENOENT)\n' },
  { what: 'a bug', error: new TypeError('x is not a function'), exit: 70,
    text: 'bzelf: this is a bug in bzelf: TypeError: x is not a function\n  hint: please report it with the command and, if you can, the file; BZELF_DEBUG=1 shows where it happened\n' },
];
test.each(REPORTS)('$what is told in words, exit code $exit', ({ error, exit, text }) => {
  expect(reportFailure(error, PLAIN, false)).toEqual({ exit, text });
});

test('a bug shows its stack only when asked to', () => {
  expect(reportFailure(new TypeError('x'), PLAIN, true).text).toMatch(/print\.test/);
});
