/** The hooks that `bzelf init-hooks` writes, run as run-parts and kernel-install run them. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, testImage, testWith, withTempFolder } from '@bzelf/testkit';
import { TARGET_CHOICES } from '../src/commands/names';
import { TOOL_PATH, bzelf } from './tool';

const HOOKS = join(repositoryRoot(), 'packages/cli/hooks');
const HOOK = join(HOOKS, 'bzelf-hook');
const VERSION = '6.1.0-test';

interface System {
  readonly root: string;
  readonly config: string;
  readonly image: string;
  readonly output: string;
  hook(
    path: string,
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): { exit: number | null; said: string };
}

/** A folder with the hooks, a kernel, and settings that point into it. */
function withSystem(use: (system: System) => void, settings = ''): Promise<void> {
  return withTempFolder((root) => {
    mkdirSync(join(root, 'boot'));
    expect(bzelf(['init-hooks', '--root', root]).exit).toBe(0);
    const config = join(root, 'etc/bzelf.conf');
    writeFileSync(
      config,
      `BZELF=${TOOL_PATH}\nDESTINATION=${root}/boot/bzelf-%v.elf\n${settings.replaceAll('@ROOT@', root)}`,
    );
    const image = join(root, `boot/vmlinuz-${VERSION}`);
    copyFileSync(testImage('61-64-gzip.bzImage'), image);
    const hook: System['hook'] = (path, words, env) => {
      const all = { PATH: process.env['PATH'] ?? '', BZELF_CONF: config, ...env };
      const done = spawnSync(join(root, 'etc/kernel', path), words, { env: all, encoding: 'utf8' });
      return { exit: done.status, said: done.stdout + done.stderr };
    };
    use({ root, config, image, output: join(root, `boot/bzelf-${VERSION}.elf`), hook });
  });
}

const isElf = (path: string) => readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF';

test('init-hooks writes three programs and a configuration, and the second time nothing', () =>
  withTempFolder((root) => {
    const dry = bzelf(['init-hooks', '--root', root, '--dry-run']);
    expect(dry.out).toMatch(/^write +\/.*zzz-bzelf\n/);
    expect(readdirSync(root)).toEqual([]);
    bzelf(['init-hooks', '--root', root]);
    for (const path of ['postinst.d/zzz-bzelf', 'postrm.d/zzz-bzelf', 'install.d/95-bzelf.install']) {
      expect(statSync(join(root, 'etc/kernel', path)).mode & 0o777).toBe(0o755);
    }
    const again = JSON.parse(bzelf(['init-hooks', '--root', root, '--json']).out) as { files: { action: string }[] };
    expect(again.files.map(({ action }) => action)).toEqual(['same', 'same', 'same', 'keep']);
  }));

test('an edited configuration stays, an old hook is renewed, a strange file stops everything', () =>
  withTempFolder((root) => {
    bzelf(['init-hooks', '--root', root]);
    const config = join(root, 'etc/bzelf.conf');
    const hook = join(root, 'etc/kernel/postinst.d/zzz-bzelf');
    writeFileSync(config, 'TARGET=universal\n');
    writeFileSync(hook, `${readFileSync(hook, 'utf8')}# an older version\n`);
    expect(bzelf(['init-hooks', '--root', root]).out).toMatch(/^update +.*postinst\.d\/zzz-bzelf$/m);
    expect(readFileSync(config, 'utf8')).toBe('TARGET=universal\n');
    expect(readFileSync(hook, 'utf8')).toBe(readFileSync(HOOK, 'utf8'));
    writeFileSync(hook, '#!/bin/sh\nexit 0\n');
    writeFileSync(join(root, 'etc/kernel/postrm.d/zzz-bzelf'), `# Written by "bzelf init-hooks"\n`);
    const refused = bzelf(['init-hooks', '--root', root]);
    expect([refused.exit, refused.err]).toEqual([3, expect.stringMatching(/cli\/hook-not-ours/)]);
    expect(readFileSync(join(root, 'etc/kernel/postrm.d/zzz-bzelf'), 'utf8')).toBe(`# Written by "bzelf init-hooks"\n`);
  }));

// prettier-ignore
const WRONG_SETTINGS = [
  { line: 'FROM=container',                    says: /line 1: there is no setting FROM/ },
  { line: 'container',                         says: /line 1: is not KEY=value/ },
  { line: 'FORM=elf',                          says: /FORM is container, inplace or vmlinux/ },
  { line: 'TARGET=xen',                        says: /bzelf targets/ },
  { line: 'CMDLINE_MODE=before',               says: /CMDLINE_MODE is/ },
  { line: 'ALLOW_EFI_LOSS=1',                  says: /yes or no/ },
  { line: 'BZELF=',                            says: /BZELF is empty/ },
  { line: 'DESTINATION=boot/%v.elf',           says: /absolute path/ },
  { line: 'DESTINATION=/boot/kernel.elf',      says: /no %v/ },
  { line: 'DESTINATION=/boot/%v/kernel.elf',   says: /no %v in its last part/ },
  { line: 'DESTINATION=/boot/vmlinuz-%v.elf',  says: /boot loaders and kernel packages/ },
  { line: 'DESTINATION=/boot/initrd.img-%v',   says: /boot loaders and kernel packages/ },
  { line: 'DESTINATION=/boot//vmlinuz-%v',    says: /no plain file name/ },
  { line: 'DESTINATION=/etc/../boot/%v.elf/.', says: /no plain file name/ },
];

test.each(WRONG_SETTINGS)('the setting $line is refused', ({ line, says }) =>
  withTempFolder((root) => {
    writeFileSync(join(root, 'bzelf.conf'), `${line}\n`);
    const env = { BZELF_CONF: join(root, 'bzelf.conf'), PATH: process.env['PATH'] ?? '' };
    const done = spawnSync('sh', [HOOK, 'check'], { env, encoding: 'utf8' });
    expect([done.status, done.stderr]).toEqual([2, expect.stringMatching(says)]);
  }),
);

test('init-hooks says what is wrong with the settings that are there, and writes nothing', () =>
  withTempFolder((root) => {
    mkdirSync(join(root, 'etc'));
    writeFileSync(join(root, 'etc/bzelf.conf'), 'FORM=elf\n');
    const { exit, err } = bzelf(['init-hooks', '--root', root]);
    expect([exit, err]).toEqual([3, expect.stringMatching(/cli\/hook-config[\s\S]*line 1: FORM is container/)]);
    expect(readdirSync(join(root, 'etc'))).toEqual(['bzelf.conf']);
  }));

test('settings are text: quotes come off, and nothing in them is executed', () =>
  withSystem(({ root, image, output, hook }) => {
    expect(hook('postinst.d/zzz-bzelf', [VERSION, image]).exit).toBe(0);
    expect(readFileSync(output).includes(` console=ttyS0 $(touch ${root}/x)`)).toBe(true);
    expect(existsSync(join(root, 'x'))).toBe(false);
  }, `\n  # remarks and blanks\n CMDLINE=" console=ttyS0 $(touch @ROOT@/x)"  \n`));

test('every target of the command is one for the hook', () =>
  withTempFolder((root) => {
    const config = join(root, 'bzelf.conf');
    writeFileSync(config, TARGET_CHOICES.map((name) => `TARGET=${name}\n`).join(''));
    const done = spawnSync('sh', [HOOK, 'check'], { env: { BZELF_CONF: config, PATH: process.env['PATH'] ?? '' } });
    expect(done.stderr.toString()).toBe('');
    expect(done.status).toBe(0);
  }));

test('the configuration that ships shows the values that hold without it', () =>
  withTempFolder((root) => {
    const config = join(root, 'bzelf.conf');
    const shown = readFileSync(join(HOOKS, 'bzelf.conf'), 'utf8').replaceAll(/^#([A-Z_]+=)/gm, '$1');
    writeFileSync(config, shown);
    const check = (path: string) =>
      spawnSync(
        'sh',
        ['-c', `set -- check; . "${HOOK}"; echo "$BZELF|$FORM|$TARGET|$CMDLINE|$DESTINATION|$ALLOW_EFI_LOSS"`],
        {
          env: { BZELF_CONF: path, PATH: process.env['PATH'] ?? '' },
          encoding: 'utf8',
        },
      ).stdout;
    expect(check(config)).toBe('bzelf|container|pvh||/boot/bzelf-%v.elf|no\n');
    expect(check(config)).toBe(check('/nonexistent'));
  }));

test('postinst.d writes the file of a kernel, postrm.d takes it away when the kernel is gone', () =>
  withSystem(({ root, image, output, hook }) => {
    expect(hook('postinst.d/zzz-bzelf', [VERSION, image])).toEqual({ exit: 0, said: `bzelf hook: wrote ${output}\n` });
    const first = readFileSync(output);
    expect(hook('postinst.d/zzz-bzelf', [VERSION, image]).exit).toBe(0);
    expect(readFileSync(output).equals(first)).toBe(true);
    expect(bzelf(['unwrap', output, '-o', '-']).bytes.equals(readFileSync(image))).toBe(true);
    hook('postrm.d/zzz-bzelf', [VERSION, image], { DEB_MAINT_PARAMS: 'upgrade 6.1.2' });
    expect(existsSync(output)).toBe(true);
    spawnSync('rm', [image]);
    expect(hook('postrm.d/zzz-bzelf', [VERSION, image])).toEqual({ exit: 0, said: `bzelf hook: removed ${output}\n` });
    expect(hook('postrm.d/zzz-bzelf', [VERSION, image])).toEqual({ exit: 0, said: '' });
    expect(readdirSync(join(root, 'boot'))).toEqual([]);
  }));

test('the kernel-install plugin adds and removes, and leaves unified kernel images alone', () =>
  withSystem(({ image, output, hook }) => {
    const plugin = 'install.d/95-bzelf.install';
    expect(hook(plugin, ['add', VERSION, '/efi/x', image], { KERNEL_INSTALL_IMAGE_TYPE: 'uki' }).exit).toBe(0);
    expect(existsSync(output)).toBe(false);
    expect(hook(plugin, ['add', VERSION, '/efi/x', image, '/boot/initrd']).exit).toBe(0);
    expect(isElf(output)).toBe(true);
    expect(hook(plugin, ['remove', VERSION, '/efi/x']).exit).toBe(0);
    expect(existsSync(output)).toBe(false);
  }));

interface Failing {
  readonly what: string;
  readonly settings?: string;
  readonly spoil?: (system: System) => void;
  readonly words?: (system: System) => string[];
  readonly exit: number;
  readonly says: RegExp;
}

// prettier-ignore
const FAILURES: Failing[] = [
  { what: 'an image that is no kernel', spoil: ({ image }) => writeFileSync(image, 'no kernel'), exit: 3, says: /too-short[\s\S]*was not written; .* and its boot entry are as they were/ },
  { what: 'a missing command',          settings: 'BZELF=/nonexistent/bzelf\n',                 exit: 4, says: /no command \/nonexistent\/bzelf/ },
  { what: 'a target that goes not with the form', settings: 'FORM=inplace\nTARGET=uboot\n',     exit: 2, says: /was not written/ },
  { what: 'wrong settings',             settings: 'FORM=x\n',                                   exit: 2, says: /line 3: FORM is/ },
  { what: 'no image',                   words: () => [VERSION],                                 exit: 4, says: /no kernel image ""/ },
  { what: 'no version',                 words: () => [],                                        exit: 4, says: /no kernel image/ },
  { what: 'a version with a slash',     words: ({ image }) => ['../6.1', image],                exit: 2, says: /is no kernel version/ },
  { what: 'another file in its place',  spoil: ({ output }) => writeFileSync(output, 'mine'),   exit: 4, says: /no ELF file; it is left alone/ },
  { what: 'a link in its place',        spoil: ({ output, image }) => symlinkSync(image, output), exit: 4, says: /left alone/ },
];

test.each(FAILURES)('$what fails aloud and leaves /boot as it was', ({ settings, spoil, words, exit, says }) =>
  withSystem((system) => {
    spoil?.(system);
    const boot = join(system.root, 'boot');
    const state = () => readdirSync(boot).map((name) => [name, readFileSync(join(boot, name)).toString('base64')]);
    const before = state();
    const done = system.hook('postinst.d/zzz-bzelf', words?.(system) ?? [VERSION, system.image]);
    expect([done.exit, done.said]).toEqual([exit, expect.stringMatching(says)]);
    expect(state()).toEqual(before);
  }, settings),
);

test('a failure leaves the file of the last run whole', () =>
  withSystem(({ root, image, output, hook }) => {
    hook('postinst.d/zzz-bzelf', [VERSION, image]);
    const before = readFileSync(output);
    writeFileSync(image, readFileSync(image).subarray(0, 5000));
    expect(hook('postinst.d/zzz-bzelf', [VERSION, image]).exit).toBe(3);
    expect(readFileSync(output).equals(before)).toBe(true);
    expect(readdirSync(join(root, 'boot')).length).toBe(2);
  }));

testWith(['shellcheck'], 'shellcheck has nothing against the hook', (shellcheck) => {
  expect(shellcheck.text(['-s', 'sh', HOOK])).toBe('');
});

testWith(['make'], 'the make fragment builds what is not up to date, and passes O= and flags on', (make) =>
  withTempFolder((folder) => {
    const tree = join(folder, 'linux');
    mkdirSync(tree);
    const image = testImage('61-64-gzip.bzImage');
    // Like the kernel's: goals go to a make of its own, and the image is written only when its source is newer.
    writeFileSync(
      join(tree, 'Makefile'),
      `out := $(if $(O),$(O),.)/arch/x86/boot\nbzImage: $(out)/bzImage\n$(out)/bzImage: source\n\tmkdir -p $(out) && cp source $@\n`,
    );
    copyFileSync(image, join(tree, 'source'));
    const run = (...words: string[]) =>
      make.text(['-f', join(HOOKS, 'bzelf.mk'), `KERNEL=${tree}`, `BZELF=${process.execPath} ${TOOL_PATH}`, ...words]);
    const elf = join(tree, 'arch/x86/boot/bzImage.elf');
    expect(run()).toContain('wrap');
    const first = readFileSync(elf);
    expect(bzelf(['unwrap', elf, '-o', '-']).bytes.equals(readFileSync(image))).toBe(true);
    expect(run()).not.toContain('wrap');
    spawnSync('touch', ['-d', '+1 minute', join(tree, 'source')]);
    expect(run()).toContain('wrap');
    expect(readFileSync(elf).equals(first)).toBe(true);
    run(`O=${join(folder, 'build')}`, 'BZELF_FLAGS=--target=multiboot');
    expect(readFileSync(join(folder, 'build/arch/x86/boot/bzImage.elf'))[4]).toBe(1); // ELFCLASS32
    run('bzelf-clean');
    expect(existsSync(elf)).toBe(false);
  }),
);
