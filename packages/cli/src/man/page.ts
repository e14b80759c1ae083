/** Manual pages in the man(7) language. */
import type { CommandDefinition, WordDefinition } from './definition.js';

/** bzelf(1). */
export function toolPage(commands: readonly CommandDefinition[], version: string): string {
  return [
    heading('bzelf', version),
    '.SH NAME',
    'bzelf \\- an ELF header for the Linux bzImage',
    '.SH SYNOPSIS',
    '.B bzelf',
    '.I COMMAND',
    '\\&...',
    '.SH DESCRIPTION',
    text('bzelf writes an ELF file that carries a Linux x86 bzImage, reads such files, and gives the bzImage back.'),
    '.SH COMMANDS',
    ...commands.flatMap(({ usage, describe }) => ['.TP', bold(usage), text(describe)]),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => ['.TP', bold(code), text(meaning)]),
    '.SH ENVIRONMENT',
    ...VARIABLES.flatMap(([name, meaning]) => ['.TP', bold(name), text(meaning)]),
    '.SH SEE ALSO',
    references(commands.map(({ name }) => `bzelf-${name}`)),
    '',
  ].join('\n');
}

/** bzelf-COMMAND(1). */
export function commandPage(command: CommandDefinition, version: string): string {
  const { name, usage, describe, positionals, options, examples } = command;
  return [
    heading(`bzelf-${name}`, version),
    '.SH NAME',
    `bzelf-${name} \\- ${escaped(describe)}`,
    '.SH SYNOPSIS',
    bold('bzelf', name),
    escaped(usage.split(' ').slice(1).join(' ')),
    '.RI [ OPTION ]\\&...',
    '.SH DESCRIPTION',
    text(`${describe}.`),
    ...positionals.flatMap((word) => ['.TP', italic(word.name), text(wordText(word))]),
    '.SH OPTIONS',
    ...options.flatMap((word) => ['.TP', optionTag(word), text(wordText(word))]),
    '.TP',
    bold('-h,', '--help'),
    text('Show help.'),
    ...(examples.length === 0 ? [] : ['.SH EXAMPLES', ...examples.flatMap(exampleLines)]),
    '.SH SEE ALSO',
    references(['bzelf']),
    '',
  ].join('\n');
}

const EXIT_CODES = [
  ['0', 'Good.'],
  ['1', 'The files differ, or what was checked will not do.'],
  ['2', 'Wrong usage.'],
  ['3', 'The input is malformed, or does not have what was asked for.'],
  ['4', 'A file could not be read or written.'],
  ['70', 'A bug in bzelf.'],
] as const;

const VARIABLES = [
  ['NO_COLOR', 'No colours, also on a terminal.'],
  ['FORCE_COLOR', 'Colours, also without a terminal.'],
  ['BZELF_DEBUG', 'Shows the stack of a bug.'],
] as const;

const heading = (name: string, version: string): string =>
  `.\\" Generated from the definitions of the commands.\n.TH ${name.toUpperCase()} 1 "" "bzelf ${version}" "User Commands"`;

/** No backslash, dash or apostrophe is taken for anything else, and no line for a request. */
const escaped = (words: string): string =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('…', '\\&...')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^\./, '\\&.');

const text = escaped;
const quoted = (words: readonly string[]): string => `"${escaped(words.join(' ')).replaceAll('"', '\\(dq')}"`;
const bold = (...words: readonly string[]): string => `.B ${quoted(words)}`;
const italic = (word: string): string => `.I ${quoted([word])}`;

function optionTag({ name, alias, type, choices }: WordDefinition): string {
  const spelled = [...alias, name].map((one) => (one.length === 1 ? `-${one}` : `--${one}`)).join(', ');
  const value = type === 'boolean' ? '' : choices.length > 0 ? 'CHOICE' : type.toUpperCase();
  return value === '' ? bold(spelled) : `.BI ${quoted([`${spelled} `])} ${quoted([value])}`;
}

function wordText({ describe, choices, fallback, isRequired }: WordDefinition): string {
  const remarks = [
    choices.length === 0 ? '' : `One of ${choices.join(', ')}.`,
    fallback === undefined ? '' : `Default: ${fallback}.`,
    isRequired ? 'Required.' : '',
  ].filter(Boolean);
  const sentence = describe === '' || /[.?]$/.test(describe) ? describe : `${describe}.`;
  // A name such as bzImage stays as it is.
  const start = /^[a-z]+[ ,]/.test(sentence) ? sentence.slice(0, 1).toUpperCase() : sentence.slice(0, 1);
  return [`${start}${sentence.slice(1)}`, ...remarks].join(' ').trim();
}

const exampleLines = ([command, what]: readonly [string, string]): string[] => [
  '.TP',
  bold(command),
  what === '' ? '\\&' : text(what),
];

function references(names: readonly string[]): string {
  return names.map((name, i) => `.BR ${escaped(name)} (1)${i === names.length - 1 ? '' : ','}`).join('\n');
}
