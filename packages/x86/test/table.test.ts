import { FLAG_EFFECTS, FORMS, OPERATIONS } from '../src/index';
import { closeness, opcodesOf, forEachRange } from '../src/decode/tables';
import { FORM_SEMANTICS } from '../src/instructions/index';
import { STATUS_FLAGS } from '../src/isa/flags';

test('no two rows claim the same bytes with equal right', () => {
  const owners = new Map<string, string>();
  const clashes: string[] = [];
  for (const form of FORMS.slice(1)) {
    const { first, count } = opcodesOf(form);
    for (let opcode = first; opcode < first + count; opcode++)
      forEachRange(form, (from, to) => {
        for (let cell = from; cell < to; cell += form.encoding.fixedModrm >= 0 ? 1 : 8) {
          const key = `${opcode}:${cell}:${closeness(form)}`;
          const other = owners.get(key);
          if (other !== undefined) clashes.push(`${form.row.join(' ')} and ${other}`);
          owners.set(key, form.row.join(' '));
        }
      });
  }
  expect([...new Set(clashes)]).toEqual([]);
});

test('every line of the flag table belongs to an instruction', () => {
  const used = new Set(
    FORMS.flatMap(({ names, attributes }) => [...names, ...[...attributes].map((word) => word.replace('flags=', ''))]),
  );
  expect([...FLAG_EFFECTS.keys()].filter((name) => !used.has(name))).toEqual([]);
});

test.each([...FLAG_EFFECTS])(
  '%s writes, clears, sets or leaves undefined each flag once, and says where that is written',
  (_, effect) => {
    const { writes, clears, sets, undefines, source } = effect;
    const parts = [writes, clears, sets, undefines];
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(parts.reduce((all, part) => all | part, 0));
    if (undefines & STATUS_FLAGS) expect(source).not.toBe('');
  },
);

test('operation 0 is none, and every operation is one name', () => {
  expect(OPERATIONS[0]).toBe('(bad)');
  expect(new Set(OPERATIONS).size).toBe(OPERATIONS.length);
});

test('every row that is neither `sys` nor `todo` has semantics', () => {
  const missing = FORMS.slice(1).filter(
    ({ index, attributes }) => !attributes.has('sys') && !attributes.has('todo') && FORM_SEMANTICS[index] === undefined,
  );
  expect(missing.map(({ row }) => row.join(' ; '))).toEqual([]);
});
