import { writeFileSync } from 'node:fs';
import { handlersText, makeHandlers } from '../src/handlers/make';

writeFileSync('packages/x86/src/handlers/handlers.generated.ts', handlersText(makeHandlers()));
