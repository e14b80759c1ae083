/** A record while it is made: bytes so far, registers, and the chances that the seed gives. */
import { AF, CF, OF, PF, SF, ZF } from '../src/isa/flags';
import { type Form } from '../src/isa';
import { type generator } from '../test/random-code';
import { CODE, LDT_BASE, START, WINDOW, WINDOW_SIZE, type Patch, type TestRecord } from './record';

// taken out once: inside jest every look at a global is slow
const big = BigInt;
const { asUintN } = BigInt;

type Random = ReturnType<typeof generator>;

export class Builder {
  readonly bytes: number[] = [];
  readonly registers: bigint[];
  readonly patches: Patch[] = [];
  eflags: number;
  rex = 0;
  vvvv = 0;

  constructor(
    readonly form: Form,
    readonly mode: TestRecord['mode'],
    readonly next: Random,
  ) {
    this.registers = Array.from({ length: 16 }, () => this.value(mode === 0 ? 64 : 32));
    this.eflags = next() & (CF | PF | AF | ZF | SF | OF);
  }

  chance(percent: number): boolean {
    return this.next() % 100 < percent;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.next() % list.length] as T;
  }

  /** Zeros, ones, signs and neighbours of powers of two more often than anything else. */
  value(bits: number): bigint {
    const random = (big(this.next()) << 32n) | big(this.next());
    const power = 1n << (random % big(bits));
    switch (this.next() % 8) {
      case 0:
        return asUintN(bits, this.pick([0n, 1n, -1n, 2n, -2n]));
      case 1:
        return asUintN(bits, power - 1n);
      case 2:
        return asUintN(bits, power);
      case 3:
        return asUintN(
          bits,
          this.pick([0x7fn, 0x80n, 0xffn, 0x7fffn, 0x8000n, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn]),
        );
      case 4:
        return asUintN(bits, -power);
      case 5:
        return random & 0xffn;
      default:
        return asUintN(bits, random);
    }
  }

  /** A place in the window, as the offset that instructions of this mode use; now and then over its edges. */
  target(): bigint {
    const inside = this.chance(4)
      ? this.pick([-9, -1, 0, WINDOW_SIZE - 1, WINDOW_SIZE - 7, WINDOW_SIZE - 2])
      : 64 + (this.next() % (WINDOW_SIZE - 160));
    return big(WINDOW + inside - (this.mode === 2 ? LDT_BASE : 0));
  }

  /** A place that holds int3. */
  get landing(): bigint {
    return big((this.mode === 2 ? 0 : CODE) + START + 0x40 + (this.next() % 0x400));
  }

  addPatch(offset: number, value: bigint): void {
    if (offset >= 0 && offset <= WINDOW_SIZE - 8 && this.patches.length < 2) this.patches.push({ offset, value });
  }
}
