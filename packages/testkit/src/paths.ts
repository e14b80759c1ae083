import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder with lerna.json, searched upward from where the process runs: jest starts in the root or in a package. */
export function repositoryRoot(): string {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'lerna.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no lerna.json above ${process.cwd()}`);
  }
}

/** The path of a checked-in test image: `testImage('61-64-gzip.bzImage')`. */
export function testImage(name: string): string {
  const path = join(repositoryRoot(), 'test-images', name);
  if (!existsSync(path)) throw new Error(`no test image ${name}; test-images/manifest.json lists them`);
  return path;
}

/** The small kernels of test-images/, in the order of their manifest. */
export const SMALL_KERNELS = ['61-64-gzip', '61-64-bzip2', '61-64-lzma', '61-64-lzo', '61-32-gzip'] as const;

/** What scripts/fetch-kernels.mjs knows to fetch. */
export const FETCHED_KERNELS = [
  'debian-6.1-cloud',
  'debian-6.1-amd64',
  'debian-6.12-cloud',
  'debian-6.12-amd64',
  'debian-installer-i386',
  'memtest86plus-x64',
  'memtest86plus-ia32',
  'ipxe',
  'memdisk',
] as const;
export type FetchedKernel = (typeof FETCHED_KERNELS)[number];

/** Loaders, judges and modules, fetched by the same script: xen.gz, readnotes, extract-ikconfig. */
export const FETCHED_TOOLS = ['xen', 'xen-utils', 'linux-source', 'modules-6.1', 'modules-6.12'] as const;
export type FetchedTool = (typeof FETCHED_TOOLS)[number];

/** A fetched file (`vmlinuz` unless told), or undefined when it was not fetched here. */
export function kernel(id: FetchedKernel | FetchedTool, file = 'vmlinuz'): string | undefined {
  const path = join(repositoryRoot(), '.cache', 'kernels', id, file);
  return existsSync(path) ? path : undefined;
}

/** What scripts/kernel-tree.sh has built for an architecture, or undefined when it was not run here: `builtTree('x86_64', 'vmlinux')`. */
export function builtTree(arch: 'x86_64' | 'i386', file: string): string | undefined {
  const path = join(repositoryRoot(), '.cache', 'kernel-tree', arch, file);
  return existsSync(path) ? path : undefined;
}
