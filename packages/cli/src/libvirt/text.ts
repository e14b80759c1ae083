import { hex } from '@bzelf/bytes';
import { printable } from '../print/printable.js';
import type { Paint } from '../print/paint.js';
import { table } from '../print/table.js';
import type { Problem } from './forecast.js';
import type { Report } from './document.js';

export function libvirtText({ file, domain, machine, kernel, forecast, rewritten }: Report, paint: Paint): string {
  const { boot, problems } = forecast;
  const rows: (readonly [string, string | undefined])[] = [
    ['domain', `${domain.name} (${domain.type}, ${domain.arch})`],
    ['machine', machine.text],
    ['kernel', domain.kernel ?? 'none: it boots from its disks or the network'],
    [
      '',
      kernel &&
        [`${kernel.form === 'bzimage' ? 'bzImage' : kernel.form}, ${kernel.bits}-bit`, kernel.kernelVersion]
          .filter(Boolean)
          .join(', '),
    ],
    ['initrd', domain.initrd],
    ['cmdline', domain.cmdline],
    ['boots by', boot && `${boot.protocol}${boot.address === undefined ? '' : ` at ${hex(boot.address)}`}`],
    ['', boot?.because],
    ['written', rewritten && `${rewritten.kernel}, ${rewritten.form} for ${rewritten.target}`],
  ];
  const told = rows.flatMap(([name, value]) => (value === undefined ? [] : [[paint.dim(name), printable(value)]]));
  return `${paint.bold(printable(file))}\n${table(told, { indent: 2 })}${problems.map((one) => problemText(one, paint)).join('')}`;
}

function problemText({ severity, text, remedy }: Problem, paint: Paint): string {
  const name = severity === 'error' ? paint.red('error:') : paint.yellow('warning:');
  return `${name} ${printable(text)}\n${remedy === undefined ? '' : `  ${paint.dim('remedy:')} ${printable(remedy)}\n`}`;
}
