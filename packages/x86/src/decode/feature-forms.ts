import { type CpuFeature } from '../system/profile.js';
import { FORM_OP, OPERATIONS } from './tables.js';

/**
 * Instructions that a feature brings, and what their bytes are without it, if they are not #UD: F3 says nothing to an older processor.
 * Source: Intel SDM vol. 2, "CPUID Feature Flag" of each, and TZCNT and LZCNT, "Description".
 */
// prettier-ignore
const ROWS: readonly (readonly [feature: CpuFeature, names: string, otherwise?: string])[] = [
  ['cmov',   'FCMOVB FCMOVE FCMOVBE FCMOVU FCMOVNB FCMOVNE FCMOVNBE FCMOVNU FCOMI FUCOMI FCOMIP FUCOMIP'],
  ['cmov',   'CMOVO CMOVNO CMOVB CMOVAE CMOVE CMOVNE CMOVBE CMOVA CMOVS CMOVNS CMOVP CMOVNP CMOVL CMOVGE CMOVLE CMOVG'],
  ['cx8',    'CMPXCHG8B'],
  ['movbe',  'MOVBE'],
  ['popcnt', 'POPCNT'],
  ['sse4_2', 'CRC32'],
  ['bmi1',   'ANDN BEXTR BLSI BLSMSK BLSR'],
  ['bmi1',   'TZCNT', 'BSF'],
  ['abm',    'LZCNT', 'BSR'],
  ['bmi2',   'BZHI MULX PDEP PEXT RORX SARX SHLX SHRX'],
  ['adx',    'ADCX ADOX'],
];

/** By form: which one its bytes are on a processor; 0 is none. */
export type Forms = Readonly<Uint16Array>;

const known = new WeakMap<ReadonlySet<CpuFeature>, Forms>();

export function formsOf(features: ReadonlySet<CpuFeature>): Forms {
  let forms = known.get(features);
  if (forms === undefined) {
    forms = makeForms(features);
    known.set(features, forms);
  }
  return forms;
}

function makeForms(features: ReadonlySet<CpuFeature>): Forms {
  const forms = Uint16Array.from(FORM_OP, (_, form) => form);
  const formOf = (name: string): number => FORM_OP.indexOf(OPERATIONS.indexOf(name));
  const absent = new Map<number, number>();
  for (const [feature, names, otherwise] of ROWS) {
    if (features.has(feature)) continue;
    const form = otherwise === undefined ? 0 : formOf(otherwise);
    for (const name of names.split(' ')) absent.set(OPERATIONS.indexOf(name), form);
  }
  for (let form = 1; form < forms.length; form++) {
    const other = absent.get(FORM_OP[form] as number);
    if (other !== undefined) forms[form] = other;
  }
  return forms;
}
