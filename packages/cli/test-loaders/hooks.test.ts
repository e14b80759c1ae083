/** The hooks under the real dpkg, apt and kernel-install, in a throw-away copy of this system. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { judge, repositoryRoot, withTempFolder } from '@bzelf/testkit';
import { TOOL_PATH, bzelf } from '../test/tool';

const COPY_PARTS = ['proc', 'dev'] as const;

interface Copy {
  readonly root: string;
  /** Runs a command in the copy; its exit code and all that it said. */
  run(command: string): { exit: number | null; said: string };
}

/** The root of this system with a layer over it that takes every change and is thrown away. */
function withCopy(use: (copy: Copy) => void): Promise<void> {
  return withTempFolder((folder) => {
    const root = join(folder, 'layer/root');
    mkdirSync(join(folder, 'layer'));
    try {
      must('mount', '-t', 'tmpfs', 'none', join(folder, 'layer'));
      for (const name of ['root', 'changes', 'work']) mkdirSync(join(folder, 'layer', name));
      const layers = `lowerdir=/,upperdir=${folder}/layer/changes,workdir=${folder}/layer/work`;
      must('mount', '-t', 'overlay', 'overlay', '-o', layers, root);
      for (const name of COPY_PARTS) must('mount', '--bind', `/${name}`, join(root, name));
      use({ root, run: (command) => runIn(root, command) });
    } finally {
      for (const name of COPY_PARTS) spawnSync('umount', ['-l', join(root, name)]);
      for (const path of [root, join(folder, 'layer')]) spawnSync('umount', ['-l', path]);
    }
  });
}

function must(command: string, ...words: string[]): void {
  const done = spawnSync(command, words, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${words.join(' ')}: ${done.stderr}`);
}

function runIn(root: string, command: string) {
  const done = spawnSync('chroot', [root, 'sh', '-c', `exec 2>&1\n${command}`], {
    encoding: 'utf8',
    timeout: 150_000,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  });
  return { exit: done.status, said: done.stdout };
}

/** What keeps the test from running here, if anything. */
function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (judge('apt-get') === undefined || judge('kernel-install') === undefined) return 'no apt-get or no kernel-install';
  const script =
    'd=$(mktemp -d) && mount -t tmpfs none $d && mkdir $d/u $d/w $d/m && mount -t overlay o -o lowerdir=/,upperdir=$d/u,workdir=$d/w $d/m';
  return spawnSync('unshare', ['-m', 'sh', '-c', script]).status === 0 ? undefined : 'no overlay can be mounted';
}

const KERNEL_SOURCE = join(repositoryRoot(), '.cache/kernels/debian-6.1-cloud/source.json');
const skipped = existsSync(KERNEL_SOURCE) ? obstacle() : 'debian-6.1-cloud not fetched';

(skipped === undefined ? test : test.skip)(
  `a Debian kernel package and kernel-install with the hooks: install, upgrade, fail, remove${skipped === undefined ? '' : ` [skipped: ${skipped}]`}`,
  () => withCopy(checkLife),
  360_000,
);

function checkLife(copy: Copy): void {
  const { package: name } = JSON.parse(readFileSync(KERNEL_SOURCE, 'utf8')) as { package: string };
  const version = name.replace('linux-image-', '');
  const at = (path: string) => join(copy.root, path);
  const [image, elf, entry] = [`/boot/vmlinuz-${version}`, `/boot/bzelf-${version}.elf`, `/boot/entry-${version}`];
  const good = (command: string) => {
    const { exit, said } = copy.run(command);
    expect([command, exit, exit === 0 ? '' : said]).toEqual([command, 0, '']);
    return said;
  };
  const isWhole = () => expect(bzelf(['unwrap', at(elf), '-o', '-']).bytes.equals(readFileSync(at(image)))).toBe(true);

  setUp(copy);
  const apt = 'apt-get -q -y -o APT::Sandbox::User=root --no-install-recommends';
  // What a boot loader's package does, under the name that update-grub has.
  for (const [folder, command] of [
    ['postinst.d', `echo "$2" > /boot/entry-$1`],
    ['postrm.d', `[ -e "$2" ] || rm -f /boot/entry-$1`],
  ] as const) {
    mkdirSync(at(`etc/kernel/${folder}`), { recursive: true });
    writeFileSync(at(`etc/kernel/${folder}/zz-update-grub`), `#!/bin/sh\necho an entry\n${command}\n`, { mode: 0o755 });
  }

  const installed = good(`${apt} update >/dev/null; ${apt} install ${name}`);
  expect(installed).toMatch(/zz-update-grub:[\s\S]*zzz-bzelf:\s+bzelf hook: wrote/);
  isWhole();

  rmSync(at(elf));
  good(`${apt} install --reinstall ${name}`);
  isWhole();

  writeFileSync(at('etc/bzelf.conf'), 'FORM=broken\n');
  rmSync(at(entry));
  const failed = copy.run(`${apt} install --reinstall ${name}`);
  expect(failed.exit).not.toBe(0);
  expect(failed.said).toMatch(/bzelf hook: \/etc\/bzelf\.conf, line 1: FORM is container, inplace or vmlinux/);
  for (const path of [image, entry, elf, `/boot/initrd.img-${version}`])
    expect([path, existsSync(at(path))]).toEqual([path, true]);

  // Mended, the package configures.
  writeFileSync(at('etc/bzelf.conf'), `BZELF=${TOOL_PATH}\nCMDLINE="console=ttyS0"\n`);
  good('dpkg --configure -a');
  isWhole();
  checkKernelInstall(copy, version, good);

  good(`${apt} purge ${name}`);
  for (const path of [image, entry, elf]) expect([path, existsSync(at(path))]).toEqual([path, false]);
}

/** The tool is called as its users' package managers would, by the path that init-hooks puts into the configuration. */
function setUp({ run, root }: Copy): void {
  rmSync(join(root, 'etc/bzelf.conf'), { force: true });
  const { exit, said } = run(`"${process.execPath}" "${TOOL_PATH}" init-hooks`);
  expect([exit, said]).toEqual([0, expect.stringMatching(/^write .*\/etc\/bzelf\.conf$/m)]);
}

function checkKernelInstall({ run, root }: Copy, version: string, good: (command: string) => string): void {
  const elf = join(root, `boot/bzelf-${version}.elf`);
  const machine = '0123456789abcdef0123456789abcdef';
  writeFileSync(join(root, 'etc/machine-id'), `${machine}\n`);
  mkdirSync(join(root, 'boot', machine), { recursive: true });
  const entry = join(root, `boot/loader/entries/${machine}-${version}.conf`);
  const add = `BOOT_ROOT=/boot kernel-install add ${version} /boot/vmlinuz-${version}`;
  rmSync(elf);
  good(add);
  expect([existsSync(elf), existsSync(entry)]).toEqual([true, true]);
  const config = readFileSync(join(root, 'etc/bzelf.conf'));
  writeFileSync(join(root, 'etc/bzelf.conf'), 'TARGET=broken\n');
  rmSync(entry);
  expect(run(add)).toEqual({ exit: 2, said: expect.stringMatching(/TARGET is none of those/) });
  expect([existsSync(elf), existsSync(entry)]).toEqual([true, true]);
  writeFileSync(join(root, 'etc/bzelf.conf'), config);
  good(`kernel-install remove ${version}`);
  expect([existsSync(elf), existsSync(entry)]).toEqual([false, false]);
  good(add);
}
