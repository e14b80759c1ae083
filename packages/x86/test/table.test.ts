import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS } from '../src/index';
import { FLAG_EFFECTS, FORMS } from '../src/isa';
import { closeness, forEachRange, makeTables, opcodesOf, tablesText } from '../src/decode/make-tables';
import { FORM_SEMANTICS, SEMANTICS } from '../src/instructions/index';
import { STATUS_FLAGS } from '../src/isa/flags';
import { ABSENT_INSTRUCTIONS, SYSTEM_SEMANTICS } from '../src/system/index';
import { BRANCH, FORM_BRANCH, FORM_LOWERING } from '../src/translate/lowerings';

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

test('the tables that were written down are those of the rows (npm run build:tables)', () => {
  const written = readFileSync(join(__dirname, '../src/decode/tables.generated.ts'), 'utf8');
  expect(written === tablesText(makeTables())).toBe(true);
});

test('every form has the semantics that its row asks for', () => {
  const wrong = FORMS.filter(({ index, name, row, attributes }) => {
    const isSystem = attributes.has('sys') || ABSENT_INSTRUCTIONS.has(name);
    const system = SYSTEM_SEMANTICS.get(row[1]) ?? SYSTEM_SEMANTICS.get(name);
    const own = attributes.has('todo') ? undefined : SEMANTICS.get(name);
    return FORM_SEMANTICS[index] !== (isSystem ? system : own);
  });
  expect(wrong.map(({ row }) => row.join(' ; '))).toEqual([]);
});

test('of the system part only RDTSC, CLI and IRET are translated; what is translated, or ends a block, has the name for it', () => {
  for (const { index, name, attributes } of FORMS) {
    const isOurs = !attributes.has('sys') && !attributes.has('todo');
    if (name === 'RDTSC' || name === 'CLI')
      expect([FORM_LOWERING[index] !== undefined, FORM_BRANCH[index]]).toEqual([true, BRANCH.none]);
    else if (name === 'IRET')
      expect([FORM_LOWERING[index], FORM_BRANCH[index]]).toEqual([undefined, BRANCH.interruptReturn]);
    else if (!isOurs) expect([FORM_LOWERING[index], FORM_BRANCH[index]]).toEqual([undefined, BRANCH.none]);
    else if (name === 'CALL') expect(FORM_BRANCH[index]).toBe(BRANCH.call);
    else if (name.startsWith('CMOV') || name === 'ADD') expect(FORM_LOWERING[index]).toBeDefined();
  }
});
