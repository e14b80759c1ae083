import { writeFileSync } from 'node:fs';
import { instructionsPage } from './page';

writeFileSync('docs/instructions.md', instructionsPage());
