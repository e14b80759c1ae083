import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXPLANATIONS, JUDGES, compareNotes, parseJudge, type Explanation, type Judge } from './compare-notes.js';

const BATCH = 200;
const words = process.argv.slice(2);
const folders = words.length > 0 ? words.map((word) => resolve(word)) : ['/usr/bin', '/usr/lib'];

function main(): void {
  const files = folders.flatMap(elfFiles);
  let unexplained = 0;
  for (const judge of JUDGES) unexplained += against(judge, files);
  if (files.length === 0 || unexplained > 0) process.exitCode = 1;
}

/** Every regular file that begins as ELF does. */
function elfFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(beginsAsElf)
    .sort();
}

function beginsAsElf(path: string): boolean {
  const magic = Buffer.alloc(4);
  const file = openSync(path, 'r');
  try {
    return readSync(file, magic, 0, 4, 0) === 4 && magic.equals(Buffer.from('\u007fELF'));
  } finally {
    closeSync(file);
  }
}

function against(judge: Judge, files: readonly string[]): number {
  const explained = new Map<Explanation, number>();
  let [notes, unexplained, refused] = [0, 0, 0];
  for (let from = 0; from < files.length; from += BATCH) {
    const batch = files.slice(from, from + BATCH);
    const seen = parseJudge(judge, textOf(judge, batch));
    for (const file of batch) {
      try {
        const found = compareNotes(new Uint8Array(readFileSync(file)), judge, seen.get(file) ?? []);
        notes += found.notes;
        for (const why of found.explained) explained.set(why, (explained.get(why) ?? 0) + 1);
        for (const what of found.unexplained) console.log(`${file}: ${what}`);
        unexplained += found.unexplained.length;
      } catch (error) {
        refused++;
        console.log(`${file}: not compared: ${String(error)}`);
      }
    }
  }
  console.log(`${judge.name}: ${files.length} files, ${notes} notes, ${unexplained} unexplained differences`);
  if (refused > 0) console.log(`  ${refused} files that we refuse`);
  for (const [why, count] of explained) console.log(`  ${count} × ${why}: ${EXPLANATIONS[why]}`);
  return unexplained;
}

/** A batch of one would print no file name, so an empty file keeps it company. */
function textOf({ name, words: options }: Judge, files: readonly string[]): string {
  const done = spawnSync(name, [...options, ...files, '/dev/null'], {
    maxBuffer: 2 ** 29,
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C' },
  });
  if (done.error !== undefined) throw done.error;
  return done.stdout;
}

main();
