import type { CommandModule } from 'yargs';
import { commandDefinition } from './definition.js';
import { commandPage, toolPage } from './page.js';

/** Every manual page, by its file name. */
export function manPages(commands: readonly CommandModule[], version: string): Map<string, string> {
  const definitions = commands.map(commandDefinition);
  return new Map([
    ['bzelf.1', toolPage(definitions, version)],
    ...definitions.map((command) => [`bzelf-${command.name}.1`, commandPage(command, version)] as const),
  ]);
}
