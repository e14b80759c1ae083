import { statSync } from 'node:fs';
import { stderrIsTerminal, writeStderr } from '../terminal.js';
import { isGood, type Outcome } from './outcome.js';

const CLEAR_LINE = '\r\u001b[K';
const PERIOD = 1000;

export interface FleetProgress {
  done(index: number, outcome: Outcome): void;
  /** Takes the line away while something else is written. */
  hide(): void;
  close(): void;
}

/** One line on a terminal that says how many files are done and when the rest will be; nothing elsewhere. */
export function fleetProgress(files: readonly string[]): FleetProgress {
  const counts = { files: files.length, done: 0, bad: 0 };
  const sizes = files.map(sizeOf);
  const size = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const started = performance.now();
  let sizeDone = 0;
  let isShown = false;
  const show = () => {
    const seconds = (performance.now() - started) / 1000;
    writeStderr(`${CLEAR_LINE}bzelf: ${progressText(counts, seconds, sizeDone / size)}`);
    isShown = true;
  };
  const hide = () => {
    if (isShown) writeStderr(CLEAR_LINE);
    isShown = false;
  };
  const timer = stderrIsTerminal() ? setInterval(show, PERIOD) : undefined;
  return {
    done(index, outcome) {
      counts.done++;
      sizeDone += sizes[index] ?? 0;
      if (!isGood(outcome)) counts.bad++;
    },
    hide,
    close() {
      clearInterval(timer);
      hide();
    },
  };
}

/** `3 of 20 files, 1 not good, 12 s, about 1:08 left`; what is left counts by the bytes of the files. */
export function progressText(
  { files, done, bad }: { readonly files: number; readonly done: number; readonly bad: number },
  seconds: number,
  part: number,
): string {
  const left = done === 0 || !(part > 0) ? [] : [`about ${clock((seconds * (1 - part)) / part)} left`];
  const wrong = bad === 0 ? [] : [`${bad} not good`];
  return [`${done} of ${files} files`, ...wrong, clock(seconds), ...left].join(', ');
}

/** `45 s`, `1:08`, `2:01:08`. */
function clock(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours === 0 ? `${minutes}:${two(whole % 60)}` : `${hours}:${two(minutes)}:${two(whole % 60)}`;
}

/** The worker says what is wrong with a file that is not there. */
function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}
