import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFixture } from '../difftest/fixture';
import { compare } from '../difftest/run';
import { TESTABLE } from '../difftest/generate';

/** Recorded on an AMD EPYC (Zen 5) by `npm run difftest -- --count 60000 --record packages/x86/test/fixtures/difftest.bin.br`. */
const forms = decodeFixture(readFileSync(join(__dirname, 'fixtures', 'difftest.bin.br')));
const HINT = 'npm run difftest -- --count 60000 --record packages/x86/test/fixtures/difftest.bin.br';

test(`the fixture belongs to the generator and the table (else: ${HINT})`, () => {
  expect(forms.flatMap((form) => ('stale' in form ? [form.stale] : []))).toEqual([]);
});

test('the fixture holds records of every form that the interpreter implements', () => {
  const held = new Set(
    forms.flatMap((form) => ('stale' in form || form.records.length === 0 ? [] : [`${form.form.index} ${form.mode}`])),
  );
  expect(
    TESTABLE.filter(({ form, mode }) => !held.has(`${form.index} ${mode}`)).map(({ form }) => form.row.join(' ; ')),
  ).toEqual([]);
});

test.each([0, 1, 2] as const)(
  'the interpreter does what the processor did, in %i of 64-, 32- and 16-bit code',
  (mode) => {
    const differences: string[] = [];
    let count = 0;
    for (const form of forms) {
      if ('stale' in form || form.mode !== mode) continue;
      form.records.forEach((record, i) => {
        const result = form.results[i];
        const difference = result === undefined ? 'no result' : compare(record, result);
        count++;
        if (difference !== '')
          differences.push(`${form.form.row.join(' ; ')}: ${Buffer.from(record.code).toString('hex')}: ${difference}`);
      });
    }
    expect(differences.slice(0, 10)).toEqual([]);
    expect(count).toBeGreaterThan(15_000);
  },
);
