import { TARGETS } from '@bzelf/writer';
import type { TargetsArgs } from '../commands/targets.js';
import { jsonText } from '../print/json.js';
import { table } from '../print/table.js';
import { writeStdout } from '../terminal.js';

export function runTargets({ json }: TargetsArgs): void {
  if (json) return writeStdout(jsonText({ schema: 'bzelf.targets/1', targets: TARGETS }));
  const rows = TARGETS.map(({ name, class: elfClass, forms, doc }) => [name, `ELF${elfClass}`, forms.join(', '), doc]);
  writeStdout(table([['target', 'class', 'forms', 'for'], ...rows]));
}
