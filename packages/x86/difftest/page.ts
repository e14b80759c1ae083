/** docs/instructions.md, made from the instruction table: what is implemented, and what is known and no more. */
import { flagLetters } from '../src/index';
import { FORMS, type Form } from '../src/isa';
import { FORM_SEMANTICS } from '../src/instructions/index';

const groupByName = (forms: readonly Form[]): Map<string, Form[]> => {
  const groups = new Map<string, Form[]>();
  for (const form of forms) groups.set(form.name, [...(groups.get(form.name) ?? []), form]);
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const modes = ({ attributes }: Form): string =>
  attributes.has('i64') ? '16 32' : attributes.has('o64') ? '64' : '16 32 64';

function rowText(form: Form): string {
  const { flags, row } = form;
  const [encoding, instruction] = row.map((cell) => cell?.replaceAll('|', '\\|'));
  const effects = [flags.reads, flags.writes, flags.clears, flags.sets, flags.undefines].map((mask) =>
    flagLetters(mask),
  );
  return `| \`${encoding}\` | ${instruction} | ${modes(form)} | ${effects.join(' | ')} |`;
}

const known = (forms: readonly Form[]): string =>
  [...groupByName(forms)]
    .map(([name, own]) => `${name} (${[...new Set(own.map(({ row }) => row[0]))].join(', ')})`)
    .join('; ');

/** The page as text. */
export function instructionsPage(): string {
  const all = FORMS.slice(1);
  const isImplemented = (form: Form) => FORM_SEMANTICS[form.index] !== undefined;
  const implemented = all.filter(isImplemented);
  const rest = all.filter((form) => !isImplemented(form));
  return `# Instructions of the execution core

Generated from the instruction table by \`node scripts/instructions-page.mjs\`; notation: \`packages/x86/src/isa/row.ts\`. Flags: O S Z A P C, D, I, and
V for AC. What a shift leaves undefined depends on its count as well: \`undefinedByCount\` in \`packages/x86/src/isa/flags.ts\`, where each
effect has its source.

## Implemented: ${implemented.length} forms of ${groupByName(implemented).size} instructions

| encoding | instruction | modes | reads | writes | clears | sets | undefined |
|---|---|---|---|---|---|---|---|
${[...groupByName(implemented).values()].flat().map(rowText).join('\n')}

## Decoded for length and memory operand: ${rest.length} forms

The run ends with \`unimplemented\` at the instruction, or the guest gets #UD (option \`unimplemented: 'ud'\`).

${known(rest)}.
`;
}
