import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BzelfError } from '@bzelf/bytes';
import { UsageError } from '../exit.js';
import { writeOutput } from '../io.js';

/** The files of the folder hooks/, put in by the build. */
declare const __HOOKS__: { readonly hook: string; readonly config: string };

/** Behind zz-update-grub and 90-loaderentry.install: a failure of ours must not keep a boot entry from being made. */
const HOOK_PATHS = [
  'etc/kernel/postinst.d/zzz-bzelf',
  'etc/kernel/postrm.d/zzz-bzelf',
  'etc/kernel/install.d/95-bzelf.install',
] as const;
const CONFIG_PATH = 'etc/bzelf.conf';

/** By this line a hook of any version of ours is told from a file of somebody else. */
const MARK = '# Written by "bzelf init-hooks"';

export interface HookFile {
  readonly path: string;
  /** `keep`: a configuration that is there already is never written over. */
  readonly action: 'write' | 'update' | 'same' | 'keep';
  readonly mode: number;
  readonly text: string;
}

/** What has to be written below `root`; looks at everything and touches nothing. Throws UsageError, cli/hook-… */
export function planHooks(root: string): HookFile[] {
  if (!isFolder(root)) throw new UsageError(`--root ${root}: no such folder`);
  const config = planConfig(root);
  return [...HOOK_PATHS.map((path) => planHook(resolve(root, path))), config];
}

export async function applyHooks(files: readonly HookFile[]): Promise<void> {
  for (const { path, action, mode, text } of files) {
    if (action === 'keep') continue;
    if (action !== 'same') {
      mkdirSync(dirname(path), { recursive: true });
      await writeOutput(path, new TextEncoder().encode(text));
    }
    chmodSync(path, mode);
  }
}

function planHook(path: string): HookFile {
  const text = __HOOKS__.hook;
  const old = textIfThere(path);
  if (old !== undefined && !old.includes(MARK)) {
    throw new BzelfError('cli/hook-not-ours', 'A file that bzelf did not write has the name of its hook', {
      found: path,
      hint: 'move it away',
    });
  }
  return { path, mode: 0o755, text, action: old === undefined ? 'write' : old === text ? 'same' : 'update' };
}

function planConfig(root: string): HookFile {
  const path = resolve(root, CONFIG_PATH);
  const text = __HOOKS__.config + ownCommand(root);
  const old = textIfThere(path);
  if (old !== undefined) checkConfig(path);
  return { path, mode: 0o644, text, action: old === undefined ? 'write' : 'keep' };
}

/** The hook itself reads the settings, so that there is one opinion on them. */
function checkConfig(path: string): void {
  const done = spawnSync('sh', ['-s', 'check'], {
    input: __HOOKS__.hook,
    env: { ...process.env, BZELF_CONF: path },
    encoding: 'utf8',
  });
  if (done.error !== undefined) throw done.error;
  if (done.status === 0) return;
  throw new BzelfError('cli/hook-config', 'The settings of the hooks are wrong; nothing was written', {
    found: done.stderr.trim().replace(/^bzelf hook: /, ''),
    hint: 'mend the line, or move the file away to get one with every setting explained',
  });
}

/** Where the hooks look for the command; package managers search no others. */
const COMMAND_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** A setting for a bzelf that is installed elsewhere, such as below somebody's home. */
function ownCommand(root: string): string {
  const self = process.argv[1];
  const isFound = COMMAND_FOLDERS.some((folder) => existsSync(join(root, folder, 'bzelf')));
  if (isFound || self === undefined || resolve(root) !== '/') return '';
  return `\n# Where it was when "bzelf init-hooks" ran.\nBZELF=${resolve(self)}\n`;
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function textIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
