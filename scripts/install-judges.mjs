#!/usr/bin/env node
// Installs the outside programs that judge our files (readelf, xz, QEMU, GRUB…), as far as they are missing and this
// machine lets us. What stays missing is said aloud; the tests that want it are then reported as skipped.
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A judge is present when `proof` is: a command on the PATH, or a file if it starts with a slash. */
// prettier-ignore
const JUDGES = [
  { proof: 'gdb',                             package: 'gdb',             use: 'attaching to the execution core' },
  { proof: 'readelf',                         package: 'binutils',        use: 'a second reading of every ELF file' },
  { proof: 'file',                            package: 'file',            use: 'what a file is, in one line' },
  { proof: 'gcc',                             package: 'gcc',             use: 'rebuilding the entry stub and /init' },
  { proof: 'eu-elflint',                      package: 'elfutils',        use: 'a strict ELF checker' },
  { proof: 'gzip',                            package: 'gzip',            use: 'payloads' },
  { proof: 'bzip2',                           package: 'bzip2',           use: 'payloads' },
  { proof: 'xz',                              package: 'xz-utils',        use: 'payloads (xz and lzma)' },
  { proof: 'lz4',                             package: 'lz4',             use: 'payloads' },
  { proof: 'lzop',                            package: 'lzop',            use: 'payloads' },
  { proof: 'zstd',                            package: 'zstd',            use: 'payloads' },
  { proof: 'cpio',                            package: 'cpio',            use: 'initrds' },
  { proof: 'qemu-system-x86_64',              package: 'qemu-system-x86', use: 'booting' },
  { proof: '/usr/share/qemu/qboot.rom',       package: 'qemu-system-data', use: 'booting on microvm' },
  { proof: '/usr/share/seabios/bios-256k.bin', package: 'seabios',        use: 'booting on pc and q35' },
  { proof: '/usr/lib/grub/i386-pc/multiboot2.mod', package: 'grub-pc-bin', use: 'booting by GRUB' },
  { proof: 'grub-mkrescue',                   package: 'grub-common',     use: 'booting by GRUB' },
  { proof: 'xorriso',                         package: 'xorriso',         use: 'GRUB and SYSLINUX media' },
  { proof: 'mformat',                         package: 'mtools',          use: 'GRUB media' },
  { proof: '/usr/lib/ISOLINUX/isolinux.bin', package: 'isolinux',        use: 'booting by SYSLINUX' },
  { proof: '/usr/lib/syslinux/modules/bios/mboot.c32', package: 'syslinux-common', use: 'booting by SYSLINUX' },
  { proof: '/usr/lib/x86_64-linux-gnu/libxenctrl.so.4.17', package: 'libxenmisc4.17', use: "Xen's readnotes" },
  { proof: 'kexec',                           package: 'kexec-tools',     use: 'booting by kexec, inside QEMU' },
  { proof: 'cbfstool',                        package: 'coreboot-utils',  use: 'payloads of coreboot' },
  { proof: 'groff',                           package: 'groff-base',      use: 'manual pages without warnings' },
  { proof: 'man',                             package: 'man-db',          use: 'manual pages as people see them' },
  { proof: 'zsh',                             package: 'zsh',             use: 'completion' },
  { proof: '/usr/lib/python3/dist-packages/junitparser', package: 'python3-junitparser', use: 'JUnit reports as others read them' },
  { proof: 'busybox',                         package: 'busybox-static',  use: 'the initrd that runs kexec' },
  { proof: 'modinfo',                         package: 'kmod',            use: 'what kernel modules say of themselves' },
  { proof: 'make',                            package: 'make',            use: 'the make fragment for kernel trees' },
  { proof: 'shellcheck',                      package: 'shellcheck',      use: 'the hooks of kernel packages' },
  { proof: 'kernel-install',                  package: 'systemd',         use: 'the plugin for kernel-install' },
  { proof: 'virt-xml-validate',               package: 'libvirt-clients', use: 'libvirt domains' },
  { proof: 'xmllint',                         package: 'libxml2-utils',   use: 'libvirt domains' },
  { proof: 'chromium',                        package: 'chromium',        use: 'the HTML report of verify' },
  { proof: '/usr/share/OVMF/OVMF_CODE_4M.fd', package: 'ovmf',            use: 'booting by EFI' },
];

function main(words) {
  const missing = JUDGES.filter((judge) => !isPresent(judge.proof));
  if (missing.length === 0) return void console.log('judges: all there');
  const packages = [...new Set(missing.map((judge) => judge.package))];
  const obstacle = words.includes('--list') ? 'only listed' : whyNoInstall();
  if (obstacle !== undefined) return report(missing, obstacle);
  console.log(`judges: installing ${packages.join(' ')}`);
  // One by one when all together fail: a package that is gone must not keep the others away.
  if (!install(packages)) {
    apt(['-qq', 'update']);
    if (!install(packages)) packages.forEach((name) => install([name]));
  }
  report(
    JUDGES.filter((judge) => !isPresent(judge.proof)),
    'apt-get could not install them',
  );
}

function report(missing, why) {
  for (const { proof, package: name, use } of missing)
    console.log(`judges: missing ${proof} (package ${name}): ${use}`);
  if (missing.length > 0) console.log(`judges: ${why}; tests that want these are skipped`);
}

function whyNoInstall() {
  if (!isPresent('apt-get')) return 'there is no apt-get here';
  if (process.getuid?.() !== 0) return 'not running as root';
  return undefined;
}

const install = (packages) => apt(['-qq', '-y', 'install', '--no-install-recommends', ...packages]);

function apt(words) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const done = spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Use-Pty=0', ...words], {
    env,
    encoding: 'utf8',
  });
  if (done.status !== 0)
    console.log(`judges: apt-get ${words.join(' ')}: ${(done.stderr ?? '').trim().split('\n').at(-1)}`);
  return done.status === 0;
}

function isPresent(proof) {
  const paths = proof.startsWith('/')
    ? [proof]
    : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, proof));
  return paths.some((path) => {
    try {
      accessSync(path, constants.R_OK);
      return true;
    } catch {
      return false;
    }
  });
}

main(process.argv.slice(2));
