/** Manual pages through groff, and the completion scripts in the shells that they are for. */
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot, testWith, withTempFolder } from '@bzelf/testkit';
import { COMMANDS } from '../src/commands';
import { manPages } from '../src/man';
import { TOOL_PATH, bzelf } from './tool';

const PAGES = manPages(COMMANDS, '0.0.0');
const NAMES = COMMANDS.map(({ command }) => String(command).split(' ')[0] ?? '');

test('there is a page for the tool and for each command, and the package lists them', () => {
  const names = ['bzelf.1', ...NAMES.map((name) => `bzelf-${name}.1`)].sort();
  expect([...PAGES.keys()].sort()).toEqual(names);
  const { man } = JSON.parse(readFileSync(join(repositoryRoot(), 'packages/cli/package.json'), 'utf8')) as {
    man: string[];
  };
  expect([...man].sort()).toEqual(names.map((name) => `./man/${name}`));
});

testWith(['groff'], 'groff sets every page without a warning', (groff) => {
  for (const [name, page] of PAGES) {
    const { status, stdout, stderr } = groff.run(['-man', '-ww', '-Tutf8'], { input: Buffer.from(page) });
    expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
    expect(stdout.length).toBeGreaterThan(400);
  }
});

testWith(['man', 'groff'], 'man -l shows a page without a warning, with every option of --help', (man) =>
  withTempFolder((folder) => {
    const env = { MANWIDTH: '100', MAN_KEEP_FORMATTING: '' };
    Object.assign(process.env, env);
    for (const name of ['wrap', 'notes', 'diff']) {
      const page = PAGES.get(`bzelf-${name}.1`) ?? '';
      const { status, stdout, stderr } = man.run(['-l', '--warnings', '-'], { input: Buffer.from(page), cwd: folder });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const help = bzelf([name, '--help']).out;
      const options = [...help.matchAll(/^ {2,6}(?:-\w, )? *(--[\w-]+)/gm)].map(([, option]) => option);
      expect(options.length).toBeGreaterThan(2);
      for (const option of options) if (option !== '--version') expect(stdout.toString()).toContain(option);
    }
  }),
);

/** A folder where the tool is on the PATH under its own name. */
function withTool(body: (folder: string, path: string) => void | Promise<void>) {
  return withTempFolder((folder) => {
    mkdirSync(join(folder, 'bin'));
    symlinkSync(TOOL_PATH, join(folder, 'bin', 'bzelf'));
    return body(folder, [join(folder, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'));
  });
}

const lines = (output: Uint8Array): string[] => Buffer.from(output).toString().trim().split('\n');

// prettier-ignore
const TYPED = [
  { words: ['bzelf', 'no'],                       offers: ['notes'] },
  { words: ['bzelf', 'wrap', 'k', '--form', ''],  offers: ['container', 'inplace', 'vmlinux'] },
  { words: ['bzelf', 'diff', '--js'],             offers: ['--json'] },
];

for (const { words, offers } of TYPED) {
  const title = `offers ${offers.join(', ')} after "${words.join(' ')}"`;
  testWith(['bash'], `bash ${title}`, (bash) =>
    withTool((folder, path) => {
      const script = `export PATH='${path}'
        source <(SHELL=/bin/bash bzelf completion)
        
        name=$(complete -p bzelf | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
        "$name" bzelf; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = bash.run(['--norc', '-c', script, 'bash', ...words], { cwd: folder });
      expect(stderr).toBe('');
      expect(lines(stdout)).toEqual(expect.arrayContaining(offers));
    }),
  );
  testWith(['zsh'], `zsh ${title}`, (zsh) =>
    withTool((folder, path) => {
      // Completion functions run in the line editor only, so what they hand to it is printed in its place.
      const script = `export PATH='${path}'
        autoload -Uz compinit; compinit -u -d ${folder}/dump
        source <(SHELL=/bin/zsh ZSH_NAME=zsh bzelf completion)
        name=\${_comps[bzelf]}; _describe() { print -l -- "\${(P@)2}"; }; _default() { :; }
        words=("$@"); CURRENT=$#; BUFFER="$*"
        $name`;
      const { stdout, stderr } = zsh.run(['-f', '-c', script, 'zsh', ...words], { cwd: folder });
      expect(stderr).toBe('');
      expect(lines(stdout).map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(offers));
    }),
  );
}
