/** docs/verdicts.md: tables of the record. */
import { writeTable } from '@bzelf/testkit';
import { PROFILES } from '../../src/profiles/table';
import { FORM_NAMES, KERNEL_FILES } from './files';
import { STRUCTURE, type Verdict } from './record';

const PAGE = 'docs/verdicts.md';
type Table = readonly (readonly string[])[];

/** By the names of their places in the page. */
export const tablesOf = (rows: readonly Verdict[]): Readonly<Record<'kernels' | 'profiles' | 'findings', Table>> => ({
  kernels: kernelTable(rows),
  profiles: profileTable(rows),
  findings: findingTable(rows),
});

export function writePage(rows: readonly Verdict[]): void {
  for (const [name, table] of Object.entries(tablesOf(rows))) writeTable(PAGE, name, table);
}

const isRun = ({ profile }: Verdict): boolean => profile !== STRUCTURE;

/** `25`, or `24 of 25`, or `-` where there is nothing. */
function passedOf(rows: readonly Verdict[]): string {
  const passed = rows.filter(({ verdict }) => verdict === 'pass').length;
  if (rows.length === 0) return '-';
  return passed === rows.length ? String(passed) : `${passed} of ${rows.length}`;
}

/** How many profiles pass. */
function kernelTable(rows: readonly Verdict[]): Table {
  const body = KERNEL_FILES.map(({ id }) => {
    const own = rows.filter((row) => row.kernel === id && isRun(row));
    const most = Math.max(...own.map(({ instructions }) => Number(instructions)));
    return [id, ...FORM_NAMES.map((name) => passedOf(own.filter(({ form }) => form === name))), millions(most)];
  });
  return [['kernel', ...FORM_NAMES, 'million instructions'], ...body];
}

const millions = (count: number): string => (Number.isFinite(count) ? (count / 1e6).toFixed(1) : '-');

/** How many kernels pass. */
function profileTable(rows: readonly Verdict[]): Table {
  const body = PROFILES.map(({ name }) => {
    const own = rows.filter(({ profile }) => profile === name);
    return [`\`${name}\``, ...FORM_NAMES.map((wanted) => passedOf(own.filter(({ form }) => form === wanted)))];
  });
  return [['profile', ...FORM_NAMES], ...body];
}

/** Errors and warnings: by which profiles a kernel has them in which forms. */
function findingTable(rows: readonly Verdict[]): Table {
  const groups = new Map<string, { readonly forms: Set<string>; readonly profiles: Set<string> }>();
  for (const { kernel, form, profile, findings } of rows)
    for (const code of findings.split(' ').filter((text) => text !== '')) {
      const key = `${code} ${kernel}`;
      const group = groups.get(key) ?? { forms: new Set(), profiles: new Set() };
      groups.set(key, group);
      group.forms.add(form);
      group.profiles.add(profile);
    }
  const list = (names: Set<string>): string => [...names].join(', ');
  const body = [...groups].map(([key, { forms, profiles }]) => {
    const [code = '', kernel = ''] = key.split(' ');
    return [`\`${code}\``, kernel, list(forms), list(profiles)];
  });
  return [
    ['finding', 'kernel', 'forms', 'profiles'],
    ...body.sort(([a = ''], [b = '']) => (a < b ? -1 : a > b ? 1 : 0)),
  ];
}
