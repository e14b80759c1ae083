import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as machine from '../src/index';
import * as isa from '../src/isa';

const x86 = { ...machine, ...isa };

/** The samples of the README, run: `expression; // value` is an expectation where the value is JSON or an object literal. */
const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
const samples = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');

test.each([
  { sample: 0, values: [5, ['8B /r', 'MOV r, r/m'], 4] },
  { sample: 1, values: [{ reason: 'exception', vector: 3 }, 1] },
  { sample: 2, values: [{ reason: 'exit', value: 42, rip: 0x7c04n, count: 2n }, 1] },
])('sample $sample of the README gives what it says', ({ sample, values }) => {
  const results: unknown[] = [];
  const body = (samples[sample] ?? '')
    .replaceAll(/^import .*$/gm, '')
    .replaceAll(
      /^(new (?:Decoder|Interpreter).*?|FORMS\[.*?|lanes\[.*?|cpu\.register.*?|machine\.(?:run|touches).*?); \/\/ .*$/gm,
      'results.push($1);',
    );
  new Function('results', ...Object.keys(x86), body)(results, ...Object.values(x86));
  expect(results).toEqual(values);
});
