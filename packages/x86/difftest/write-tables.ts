import { writeFileSync } from 'node:fs';
import { makeTables, tablesText } from '../src/decode/make-tables';

writeFileSync('packages/x86/src/decode/tables.generated.ts', tablesText(makeTables()));
