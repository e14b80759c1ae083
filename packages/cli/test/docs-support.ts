/** The commands in our documentation: found, run in order in a folder of their own, and compared with what is shown. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { judge, kernel, makeInitrd, repositoryRoot, testImage, withTempFolder } from '@bzelf/testkit';
import { TOOL_PATH } from './tool';

/** What runs a block: the words behind "```console". */
export type RunBy = 'npm test' | 'npm run test:loaders' | 'nobody';

export interface Step {
  readonly command: string;
  readonly shown: string;
}

export interface Block {
  readonly runBy: RunBy;
  /** Why nobody runs it. */
  readonly reason: string;
  /** Programs that it needs beside ours, `needs=a,b`. */
  readonly needs: readonly string[];
  readonly steps: readonly Step[];
  readonly start: number;
  readonly end: number;
}

const FENCE = /^```console(?: +([^\n]*))?\n([\s\S]*?)^```$/gm;
const ANY_FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;
/** Words of a shell under another name than "console". */
const isOtherShell = (info: string, body: string) =>
  /^(?:sh|bash|shell)\b/.test(info) || (!info.startsWith('console') && /^(?:\$|bzelf) /m.test(body));

/** Every page but the generated API reference and the words of the licences. */
export function documentationPages(): string[] {
  const root = repositoryRoot();
  const isPage = (path: string) => path.endsWith('.md') && !path.startsWith('docs/api/');
  const inFolder = (folder: string) => readdirSync(join(root, folder)).map((name) => join(folder, name));
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`);
  const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`);
  const all = [...inFolder('.'), ...docs, ...packages, 'test-images/README.md'];
  return all.filter((path) => isPage(path) && existsSync(join(root, path))).sort();
}

export const readPage = (page: string): string => readFileSync(join(repositoryRoot(), page), 'utf8');

export function blocksOf(text: string): Block[] {
  for (const [, info = '', body = ''] of text.matchAll(ANY_FENCE))
    if (isOtherShell(info, body)) throw new Error(`a block of commands is not marked "console":\n${body}`);
  return [...text.matchAll(FENCE)].map((match) => {
    const [whole, info = '', body = ''] = match;
    const bodyStart = match.index + whole.indexOf('\n') + 1;
    const runner = runnerOf(info);
    const prompt = runner.runBy === 'nobody' ? /^[$#] / : /^\$ /;
    return { ...runner, steps: stepsOf(body, prompt), start: bodyStart, end: bodyStart + body.length };
  });
}

function runnerOf(info: string): Pick<Block, 'runBy' | 'reason' | 'needs'> {
  if (info === '') return { runBy: 'npm test', reason: '', needs: [] };
  const loaders = /^loaders(?: needs=([\w,.-]+))?$/.exec(info);
  if (loaders !== null) return { runBy: 'npm run test:loaders', reason: '', needs: loaders[1]?.split(',') ?? [] };
  const reason = /^not-run: (.+)$/.exec(info)?.[1];
  if (reason === undefined) throw new Error(`"console ${info}" says neither "loaders" nor "not-run: REASON"`);
  return { runBy: 'nobody', reason, needs: [] };
}

/** A command is a line behind a prompt, with the lines behind "> " that follow it at once. */
function stepsOf(body: string, prompt: RegExp): Step[] {
  const steps: { command: string; shown: string }[] = [];
  for (const line of body.split(/(?<=\n)/)) {
    const last = steps.at(-1);
    if (prompt.test(line)) steps.push({ command: line.slice(2).trimEnd(), shown: '' });
    else if (last !== undefined && last.shown === '' && line.startsWith('> ')) last.command += `\n${line.slice(2, -1)}`;
    else if (last !== undefined) last.shown += line;
  }
  return steps;
}

/** Runs the blocks of a page that `runners` name; throws what differs, or renews the page with UPDATE_GOLDEN=1. */
export function checkPage(page: string, runners: readonly RunBy[]): Promise<void> {
  return withTempFolder((folder) => {
    furnish(folder);
    const text = readPage(page);
    let fresh = text;
    for (const block of blocksOf(text).filter(({ runBy }) => runners.includes(runBy))) {
      const session = block.steps.map(({ command, shown }) => showSession(command, printed(command, folder), shown));
      fresh = fresh.replace(text.slice(block.start, block.end), () => session.join(''));
    }
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(join(repositoryRoot(), page), fresh);
    else expect(fresh).toBe(text);
  });
}

/** What every page finds: the tool, a small bzImage, the test images; an initrd and, once fetched, Debian's kernel. */
function furnish(folder: string): void {
  mkdirSync(join(folder, '.bin'));
  symlinkSync(TOOL_PATH, join(folder, '.bin', 'bzelf'));
  for (const name of ['docs', 'test-images']) symlinkSync(join(repositoryRoot(), name), join(folder, name));
  copyFileSync(testImage('61-64-gzip.bzImage'), join(folder, 'bzImage'));
  writeFileSync(join(folder, 'initrd'), makeInitrd({ bits: 64, marker: 'the initrd' }));
  const debian = kernel('debian-6.1-cloud');
  if (debian !== undefined) symlinkSync(debian, join(folder, 'vmlinuz'));
}

/** stdout and stderr together, as on a terminal. */
function printed(command: string, folder: string): string {
  const path = [join(folder, '.bin'), dirname(process.execPath), process.env['PATH'], '/usr/sbin', '/sbin'].join(':');
  const { stdout } = spawnSync('sh', ['-c', `exec 2>&1\n${command}`], {
    cwd: folder,
    env: { PATH: path, LC_ALL: 'C', HOME: folder },
    timeout: 120_000,
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // the folder is $HOME; editors take blanks off the ends of lines
  const text = stdout
    .toString()
    .replaceAll('\r', '')
    .replaceAll(folder, '~')
    .replace(/[ \t]+$/gm, '');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** The session as the page has it when the output fits, the real one when it does not. */
function showSession(command: string, output: string, shown: string): string {
  const prompt = command.split('\n').join('\n> ');
  return `$ ${prompt}\n${fits(output, shown) ? shown : output}`;
}

/** Whether an output is the one shown, where a line "…" stands for any lines and "…" in a line for any text. */
export function fits(output: string, shown: string): boolean {
  const parts = `\n${shown}`.split(/(?<=\n)…\n/);
  const patterns = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '[^\\n]*'));
  return new RegExp(`^${patterns.join('(?:[^\\n]*\\n)*?')}$`).test(`\n${output}`);
}

/** The programs of a page's blocks for real loaders that are not here. */
export const missingFor = (page: string): string[] => {
  const needs = blocksOf(readPage(page)).flatMap(({ needs }) => needs);
  const isThere = (name: string) => (name === 'vmlinuz' ? kernel('debian-6.1-cloud') : judge(name)) !== undefined;
  return [...new Set(needs)].filter((name) => !isThere(name));
};

/** `bzelf --help`, and the like. */
export const toolText = (...words: string[]): string =>
  execFileSync(process.execPath, [TOOL_PATH, ...words], { encoding: 'utf8' });
