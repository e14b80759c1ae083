/** The recorded results of a processor, replayed in the core: all of them interpreted, a part by handlers, and a part translated. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFixture } from '../difftest/fixture';
import { TESTABLE } from '../difftest/generate';
import { FlatPlayer, HandlersPlayer, TranslatedPlayer, type Player } from '../difftest/player';
import { type TestRecord } from '../difftest/record';
import { compare } from '../difftest/run';

/** Recorded on an AMD EPYC (Zen 5) by this command. */
const HINT =
  'npm run difftest -- --count 208000 --tier interpreter --record packages/x86/test/fixtures/difftest.bin.br';
/** Making code of an instruction takes long; each of these steps through all forms and comes to other records. */
const TRANSLATED_STEP = 37;
const HANDLERS_STEP = 3;

export function replayTests(mode: TestRecord['mode'], fewest: number): void {
  const forms = decodeFixture(readFileSync(join(__dirname, 'fixtures', 'difftest.bin.br')), mode);

  test(`the fixture belongs to the generator and the table (else: ${HINT})`, () => {
    expect(forms.flatMap((form) => ('stale' in form ? [form.stale] : []))).toEqual([]);
  });

  test('the fixture holds records of every form that the core implements', () => {
    const held = new Set(
      forms.flatMap((form) => ('stale' in form || form.records.length === 0 ? [] : [form.form.index])),
    );
    const missing = TESTABLE.filter((own) => own.mode === mode && !held.has(own.form.index));
    expect(missing.map(({ form }) => form.row.join(' ; '))).toEqual([]);
  });

  test('the interpreter does what the processor did', () => {
    const { count, differences } = replay(new FlatPlayer(), 1);
    expect(differences).toEqual([]);
    expect(count).toBeGreaterThan(fewest);
  });

  // 16-bit code is the interpreter's alone, but over the memory of a machine
  test.each([false, true])('translated code does what the processor did, with pages that are moved: %s', (moved) => {
    const player = new TranslatedPlayer(moved);
    const { count, differences } = replay(player, TRANSLATED_STEP, moved ? 1 : 0);
    expect(differences).toEqual([]);
    expect(count).toBeGreaterThan(fewest / TRANSLATED_STEP / 2);
    if (mode < 2) expect(player.fast).toBeGreaterThan(count / 10);
  });

  test.each([false, true])('handlers do what the processor did, with pages that are moved: %s', (moved) => {
    const player = new HandlersPlayer(moved);
    const { count, differences } = replay(player, HANDLERS_STEP, moved ? 1 : 0);
    expect(differences).toEqual([]);
    expect(count).toBeGreaterThan(fewest / HANDLERS_STEP / 2);
    if (mode < 2) expect(player.fast).toBeGreaterThan(count / 5);
    else expect(player.fast).toBe(0);
  });

  function replay(player: Player, step: number, first = 0) {
    const differences: string[] = [];
    let number = 0;
    let count = 0;
    for (const form of forms) {
      if ('stale' in form) continue;
      for (const [i, record] of form.records.entries()) {
        if (number++ % step !== first) continue;
        const result = form.results[i];
        const difference = result === undefined ? 'no result' : compare(record, result, player);
        count++;
        if (difference !== '' && differences.length < 10)
          differences.push(`${form.form.row.join(' ; ')}: ${Buffer.from(record.code).toString('hex')}: ${difference}`);
      }
    }
    return { count, differences };
  }
}
