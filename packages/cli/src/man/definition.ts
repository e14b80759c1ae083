import type { Argv, CommandModule } from 'yargs';

/** What a command's builder says of one of its words. */
export interface WordDefinition {
  readonly name: string;
  readonly describe: string;
  readonly type: string;
  readonly alias: readonly string[];
  readonly choices: readonly string[];
  readonly fallback?: string;
  readonly isRequired: boolean;
}

export interface CommandDefinition {
  readonly name: string;
  /** `wrap <in>` */
  readonly usage: string;
  readonly describe: string;
  readonly positionals: readonly WordDefinition[];
  readonly options: readonly WordDefinition[];
  readonly examples: readonly (readonly [command: string, what: string])[];
}

/** A command as its own builder defines it for yargs. */
export function commandDefinition({ command, describe, builder }: CommandModule): CommandDefinition {
  const usage = String(command);
  const calls = typeof builder === 'function' ? recordCalls(builder) : [];
  const words = (method: string) =>
    calls.flatMap(({ name, args }) => (name === method ? [wordDefinition(String(args[0]), args[1])] : []));
  return {
    name: usage.split(' ')[0] ?? usage,
    usage,
    describe: String(describe),
    positionals: words('positional'),
    options: words('option'),
    examples: calls.flatMap(({ name, args }) =>
      name === 'example' ? [[String(args[0]).replace('$0', 'bzelf'), String(args[1] ?? '')] as const] : [],
    ),
  };
}

interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** Every call that the builder makes on what it takes for yargs, in order. */
function recordCalls(builder: (yargs: Argv) => unknown): Call[] {
  const calls: Call[] = [];
  const recorder: unknown = new Proxy(
    {},
    {
      get:
        (_, name) =>
        (...args: unknown[]) => {
          calls.push({ name: String(name), args });
          return recorder;
        },
    },
  );
  builder(recorder as Argv);
  return calls;
}

function wordDefinition(name: string, value: unknown): WordDefinition {
  const options = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { describe = '', type = 'string', alias = [], choices = [], default: fallback, demandOption } = options;
  return {
    name,
    describe: String(describe),
    type: String(type),
    alias: [alias].flat().map(String),
    choices: [choices].flat().map(String),
    ...(fallback === undefined || fallback === false ? {} : { fallback: String(fallback) }),
    isRequired: demandOption === true,
  };
}
