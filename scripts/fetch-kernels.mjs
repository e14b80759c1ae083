#!/usr/bin/env node
// Gets the Debian kernels that the tests want into .cache/kernels/<id>/. Nothing is installed: each package is
// downloaded with apt-get and only the files named below are taken out of it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, '.cache', 'kernels');

const USAGE = `usage: node scripts/fetch-kernels.mjs [--list] [ID…]

Fetches the named kernels (all of them by default) into .cache/kernels/<id>/; what is there already is left alone.
  --list   names every kernel, the package it comes from, and whether it is there`;

const linuxImage = {
  vmlinuz: /^\.\/boot\/vmlinuz-/,
  'System.map': /^\.\/boot\/System\.map-/,
  config: /^\.\/boot\/config-/,
};

/**
 * `package` is a name, or `{ dependencyOf }` (what a metapackage points at), or `{ newest }` (the highest version).
 * `every` takes all files that match; `inside` looks for them in a tar.xz that the package has.
 */
// prettier-ignore
const KERNELS = [
  { id: 'debian-6.1-cloud',      package: { dependencyOf: 'linux-image-cloud-amd64' },              files: linuxImage },
  { id: 'debian-6.1-amd64',      package: { dependencyOf: 'linux-image-amd64' },                    files: linuxImage },
  { id: 'debian-6.12-cloud',     package: { newest: /^linux-image-6\.12\.\d+\+deb12-cloud-amd64$/ }, files: linuxImage },
  { id: 'debian-6.12-amd64',     package: { newest: /^linux-image-6\.12\.\d+\+deb12-amd64$/ },       files: linuxImage },
  { id: 'debian-installer-i386', package: 'debian-installer-12-netboot-i386', files: { vmlinuz: /\/text\/debian-installer\/i386\/linux$/, 'initrd.gz': /\/text\/debian-installer\/i386\/initrd\.gz$/ } },
  { id: 'memtest86plus-x64',     package: 'memtest86+',      files: { vmlinuz: /^\.\/boot\/memtest86\+x64\.bin$/ } },
  { id: 'memtest86plus-ia32',    package: 'memtest86+',      files: { vmlinuz: /^\.\/boot\/memtest86\+ia32\.bin$/ } },
  { id: 'ipxe',                  package: 'ipxe',            files: { vmlinuz: /^\.\/boot\/ipxe\.lkrn$/ } },
  { id: 'memdisk',               package: 'syslinux-common', files: { vmlinuz: /^\.\/usr\/lib\/syslinux\/memdisk$/ } },
  { id: 'xen',                   package: 'xen-hypervisor-4.17-amd64', files: { 'xen.gz': /^\.\/boot\/xen-4\.17-amd64\.gz$/ } },
  { id: 'xen-utils',             package: 'xen-utils-4.17',  files: { readnotes: /\/readnotes$/ } },
  { id: 'modules-6.1',           package: { dependencyOf: 'linux-image-cloud-amd64' },              every: /\/kernel\/.*\.ko$/ },
  { id: 'modules-6.12',          package: { newest: /^linux-image-6\.12\.\d+\+deb12-cloud-amd64$/ }, every: /\/kernel\/.*\.ko\.xz$/ },
  { id: 'linux-source',          package: 'linux-source-6.1', inside: /\/linux-source-6\.1\.tar\.xz$/, files: { 'extract-ikconfig': 'linux-source-6.1/scripts/extract-ikconfig' } },
];

/** Debian 12 ships a one-line System.map that only says where the real one is. */
const SMALLEST_SYSTEM_MAP = 4096;

function main(words) {
  if (words.includes('--help')) return void console.log(USAGE);
  const ids = words.filter((word) => word !== '--list');
  const unknown = ids.filter((id) => !KERNELS.some((kernel) => kernel.id === id));
  if (unknown.length > 0) {
    console.error(`no kernel named ${unknown.join(', ')}; there are ${KERNELS.map((kernel) => kernel.id).join(', ')}`);
    return void (process.exitCode = 2);
  }
  const wanted = KERNELS.filter((kernel) => ids.length === 0 || ids.includes(kernel.id));
  if (words.includes('--list')) return wanted.forEach(list);
  const failed = wanted.filter((kernel) => !fetchKernel(kernel));
  if (failed.length > 0) process.exitCode = 1;
}

function list({ id, package: name }) {
  const source = present(id);
  const where = typeof name === 'string' ? name : (name.dependencyOf ?? String(name.newest));
  console.log(`${id.padEnd(22)} ${source ? `${source.package} ${source.version}` : `not here (from ${where})`}`);
}

/** Says how it went and never throws: one package that is gone must not keep the others from being fetched. */
function fetchKernel(kernel) {
  if (present(kernel.id)) return true;
  try {
    const source = withFreshLists(() => download(kernel));
    console.log(`${kernel.id}: ${source.package} ${source.version}`);
    return true;
  } catch (error) {
    console.error(`${kernel.id}: not fetched: ${error.message}`);
    return false;
  }
}

/** What source.json says, if every file it lists is there in full. */
function present(id) {
  const folder = join(CACHE, id);
  try {
    const source = JSON.parse(readFileSync(join(folder, 'source.json'), 'utf8'));
    const whole = Object.entries(source.files).every(([name, { size }]) => statSync(join(folder, name)).size === size);
    return whole ? source : undefined;
  } catch {
    return undefined;
  }
}

let listsAreFresh = false;

/** Package lists that are missing or too old show as a failed download; then they are renewed, once. */
function withFreshLists(action) {
  try {
    return action();
  } catch (error) {
    if (listsAreFresh || process.getuid?.() !== 0) throw error;
    listsAreFresh = true;
    run('apt-get', ['-qq', 'update']);
    return action();
  }
}

function download({ id, package: wanted, ...what }) {
  const name = resolvePackage(wanted);
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, '.fetch-')); // beside its final place, so that one rename finishes the job
  try {
    run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name], { cwd: work });
    const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get download ${name} left no package`);
    const folder = join(work, id);
    mkdirSync(folder);
    const source = {
      package: name,
      version: field(join(work, deb), 'Version'),
      files: unpack(join(work, deb), what, folder),
    };
    source.sha256 = Object.values(source.files)[0]?.sha256;
    writeFileSync(join(folder, 'source.json'), `${JSON.stringify(source, null, 2)}\n`);
    rmSync(join(CACHE, id), { recursive: true, force: true });
    renameSync(folder, join(CACHE, id));
    return source;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function unpack(deb, { files, every, inside }, folder) {
  const archive = run('dpkg-deb', ['--fsys-tarfile', deb]);
  const names = run('tar', ['-t'], { input: archive }).toString().split('\n');
  if (every !== undefined) return unpackEvery(archive, names, every, folder);
  if (inside !== undefined) return unpackInside(archive, names, inside, files, folder);
  return unpackFiles(archive, names, files, folder);
}

/** Takes the wanted files out of a package; all but the first may be absent. */
function unpackFiles(archive, names, files, folder) {
  const taken = {};
  for (const [name, pattern] of Object.entries(files)) {
    const path = names.find((candidate) => pattern.test(candidate));
    if (path === undefined) continue;
    const bytes = run('tar', ['-xO', path], { input: archive });
    if (name === 'System.map' && bytes.length < SMALLEST_SYSTEM_MAP) continue;
    taken[name] = keep(folder, name, path, bytes);
  }
  const [main] = Object.keys(files);
  if (taken[main] === undefined) throw new Error(`no file of the package matches ${files[main]}`);
  return taken;
}

/** All files that match, in one folder. */
function unpackEvery(archive, names, pattern, folder) {
  const paths = names.filter((name) => pattern.test(name));
  if (paths.length === 0) throw new Error(`no file of the package matches ${pattern}`);
  run('tar', ['-x', '-C', folder, '--transform', 's:.*/::', ...paths], { input: archive });
  return Object.fromEntries(
    paths.map((path) => [basename(path), { path, size: statSync(join(folder, basename(path))).size }]),
  );
}

/** Single files of a tar.xz in the package; xz is stopped as soon as they are found. */
function unpackInside(archive, names, pattern, files, folder) {
  const path = names.find((name) => pattern.test(name));
  if (path === undefined) throw new Error(`no file of the package matches ${pattern}`);
  const packed = run('tar', ['-xO', path], { input: archive });
  const tarball = join(folder, '.tar.xz');
  writeFileSync(tarball, packed);
  try {
    return Object.fromEntries(
      Object.entries(files).map(([name, inner]) => [
        name,
        keep(folder, name, inner, run('tar', ['-xJOf', tarball, '--occurrence=1', inner])),
      ]),
    );
  } finally {
    rmSync(tarball);
  }
}

function keep(folder, name, path, bytes) {
  writeFileSync(join(folder, name), bytes);
  return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function resolvePackage(wanted) {
  if (typeof wanted === 'string') return wanted;
  if (wanted.dependencyOf !== undefined) return dependencyOf(wanted.dependencyOf);
  const names = run('apt-cache', ['pkgnames', 'linux-image-']).toString().split('\n');
  const found = names
    .filter((name) => wanted.newest.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = found.at(-1);
  if (newest === undefined) throw new Error(`apt knows no package like ${wanted.newest}`);
  return newest;
}

function dependencyOf(metapackage) {
  const shown = run('apt-cache', ['show', '--no-all-versions', metapackage]).toString();
  const name = /^Depends:.*?(linux-image-\S+)/m.exec(shown)?.[1];
  if (name === undefined) throw new Error(`${metapackage} names no kernel package`);
  return name;
}

const field = (deb, name) => run('dpkg-deb', ['-f', deb, name]).toString().trim();

/** The command's standard output; throws with what it said when it failed. */
function run(command, words, options = {}) {
  const done = spawnSync(command, words, { maxBuffer: 2 ** 31, stdio: ['pipe', 'pipe', 'pipe'], ...options });
  if (done.error) throw new Error(`${command}: ${done.error.message}`);
  if (done.status !== 0)
    throw new Error(`${command} ${words.join(' ')}: ${done.stderr.toString().trim().split('\n').at(-1)}`);
  return done.stdout;
}

main(process.argv.slice(2));
