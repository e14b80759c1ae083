import type { InitHooksArgs } from '../commands/init-hooks.js';
import { applyHooks, planHooks } from '../hooks/install.js';
import { jsonText } from '../print/json.js';
import { table } from '../print/table.js';
import { writeStdout } from '../terminal.js';

export async function runInitHooks({ root, 'dry-run': dryRun, json }: InitHooksArgs): Promise<void> {
  const files = planHooks(root);
  if (!dryRun) await applyHooks(files);
  const shown = files.map(({ path, action }) => ({ path, action }));
  if (json) return writeStdout(jsonText({ schema: 'bzelf.init-hooks/1', dryRun, files: shown }));
  writeStdout(table(shown.map(({ path, action }) => [action, path])));
  if (dryRun) writeStdout('nothing was written (--dry-run)\n');
}
