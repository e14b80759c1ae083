/** `npm run fuzz:core -- --count N --seed S`: random machines, each in both tiers. */
import { parseArgs } from 'node:util';
import { FuzzRunner } from './run';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1e9' },
    most: { type: 'string', default: '5' },
    progress: { type: 'boolean', default: false },
  },
});
const runner = new FuzzRunner(['interpreter', 'handlers', 'translator']);
const first = Number(values.seed) * 10_000_000;
const start = performance.now();
let wrong = 0;
let done = 0;
const end = start + 1000 * Number(values.seconds);
for (; done < Number(values.count) && wrong < Number(values.most) && performance.now() < end; done++) {
  const seed = first + done;
  let difference: string;
  try {
    difference = runner.run(seed);
  } catch (error) {
    difference = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  if (difference !== '') console.log(`${++wrong}. seed ${seed}: ${difference}`);
  if (values.progress && done % 10_000 === 0) console.error(done);
}
const seconds = (performance.now() - start) / 1000;
const reasons = [...runner.reasons].map(([reason, count]) => `${reason} ${count}`).join(', ');
console.log(
  `${done} machines, seed ${values.seed}, ${Math.round(done / seconds)} a second, ${runner.saved} times restored, ${wrong} wrong; ended by ${reasons}`,
);
process.exitCode = wrong === 0 ? 0 : 1;
