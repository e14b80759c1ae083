import { hex } from '../src/hex';

test.each([
  { value: 0, text: '0x0' },
  { value: 0xabcn, text: '0xabc' },
  { value: 0xabc, width: 8, text: '0x00000abc' },
  { value: -0x20_0000n, text: '-0x200000' },
  { value: -1, width: 2, text: '-0x01' },
])('$value is $text', ({ value, width, text }) => {
  expect(hex(value, width)).toBe(text);
});
