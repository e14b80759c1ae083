// Reads what `jest --json --outputFile=…` wrote. Run by itself it sums several such files into one line.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Passed, failed and skipped tests, and the same by file. A file that could not even be loaded is one failure. */
export function readResults(path) {
  let json;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0, files: [{ name: path, passed: 0, failed: 1, skipped: 0, seconds: 0 }] };
  }
  const files = json.testResults.map((file) => {
    const count = (...states) => file.assertionResults.filter(({ status }) => states.includes(status)).length;
    const failed = count('failed');
    return {
      name: relative(process.cwd(), file.name),
      passed: count('passed'),
      failed: file.status === 'failed' && failed === 0 ? 1 : failed,
      skipped: count('pending', 'skipped', 'todo', 'disabled'),
      seconds: (file.endTime - file.startTime) / 1000,
    };
  });
  const sum = (key) => files.reduce((total, file) => total + file[key], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped'), files };
}

export function showSummary({ files, passed, failed, skipped }) {
  const width = Math.max(5, ...files.map(({ name }) => name.length));
  const row = (name, ...cells) => console.log(name.padEnd(width), ...cells.map((cell) => String(cell).padStart(8)));
  console.log();
  row('file', 'passed', 'failed', 'skipped', 'seconds');
  for (const file of files) row(file.name, file.passed, file.failed, file.skipped, file.seconds.toFixed(1));
  row('total', passed, failed, skipped, files.reduce((total, { seconds }) => total + seconds, 0).toFixed(1));
}

if (process.argv[1] === import.meta.filename) {
  const results = process.argv.slice(2).map(readResults);
  const sum = (key) => results.reduce((total, result) => total + result[key], 0);
  console.log(`${sum('passed')} ${sum('failed')} ${sum('skipped')}`);
}
