import { hex, thousands } from '../src/hex';

test.each([
  { value: 0, text: '0x0' },
  { value: 0xabcn, text: '0xabc' },
  { value: 0xabc, width: 8, text: '0x00000abc' },
  { value: -0x20_0000n, text: '-0x200000' },
  { value: -1, width: 2, text: '-0x01' },
])('$value is $text', ({ value, width, text }) => {
  expect(hex(value, width)).toBe(text);
});

test.each([
  { count: 0, text: '0' },
  { count: 999, text: '999' },
  { count: 1000, text: '1,000' },
  { count: 82_727_516n, text: '82,727,516' },
])('$count is $text for people', ({ count, text }) => {
  expect(thousands(count)).toBe(text);
});
