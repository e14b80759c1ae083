/** Every form and protocol of what the writer makes comes to the kernel's banner. */
import { kernel, testImage } from '@bzelf/testkit';
import { bootByAll, MADE } from './forms';

// prettier-ignore
const IMAGES = [
  { id: '61-64-lzo',        path: testImage('61-64-lzo.bzImage') },
  { id: '61-32-gzip',       path: testImage('61-32-gzip.bzImage') },
  { id: 'debian-6.1-cloud', path: kernel('debian-6.1-cloud') },
];
const rows = IMAGES.flatMap((image) => Object.keys(MADE).map((what) => ({ ...image, what })));

test.each(rows.filter(({ path }) => path !== undefined))(
  '$id as $what boots by every protocol that it offers',
  async ({ path, what }) => {
    const runs = await bootByAll(path ?? '', MADE[what]);
    expect(runs.length).toBeGreaterThan(0);
    const failed = runs.filter(({ exit, serial }) => exit.reason !== 'until' || !/Linux version 6\.1/.test(serial));
    expect(failed.map(({ protocol, exit, serial }) => ({ protocol, exit, serial: serial.slice(-500) }))).toEqual([]);
  },
  600_000,
);
