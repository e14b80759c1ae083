// Builds every package: types and modules by tsc, the command line tool as one file by esbuild.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

const root = new URL('..', import.meta.url);
const require = createRequire(import.meta.url);

execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-b', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
if (existsSync(new URL('packages/cli/build.mjs', root))) {
  execFileSync(process.execPath, ['packages/cli/build.mjs'], { cwd: root, stdio: 'inherit' });
  execFileSync(process.execPath, ['scripts/build-man.mjs'], { cwd: root, stdio: 'inherit' });
}
