import { describe, expect, it } from 'vitest';

import { ABSENT, SegmentWeights, UNKNOWN, type Weights } from './segment_weights';
import { ChangeLog } from '../../state/data/change_log';

const N = 300;

function randomOf(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Weights of which a few change at a time. */
class Learned implements Weights {
  readonly values = Float32Array.from({ length: N }, (_, id) => Math.sin(id));
  version = 1;
  private readonly log = new ChangeLog(40);

  constructor(private readonly random: (n: number) => number) {
    this.log.forget(1);
  }

  changedSince(version: number): Uint32Array | null {
    return this.log.since(version);
  }

  /** The next version: a few are others, or any of them after a jump. */
  move(): void {
    const { random, values } = this;
    this.version += 1 + random(3);
    if (random(10) === 0) {
      values.forEach((_, id) => (values[id] = random(2000) / 1000 - 1));
      this.log.forget(this.version);
      return;
    }
    const ids = Uint32Array.from({ length: random(9) }, () => random(N));
    for (const id of ids) values[id] = random(8) === 0 ? NaN : random(5000) / 1000 - 2.5;
    this.log.add(this.version, 0, ids);
  }
}

const dataOf = ({ texture }: SegmentWeights): Float32Array => texture.image.data as Float32Array;

describe('SegmentWeights', () => {
  it.each([1, 2, 3, 4, 5, 6])('end as if all had been taken over, whatever has changed on the way (run %d)', (seed) => {
    const random = randomOf(seed);
    const weights = { a: new Learned(random), b: new Learned(random) };
    const other = new Learned(random);
    // All of the one projection, in another order; a few of the other.
    const all = Uint32Array.from({ length: N }, (_, id) => (id * 7) % N);
    const parts = [{ projection: 'a', synapses: all }, { projection: 'b', synapses: Uint32Array.of(9, 4, 200, 31) }];
    const drawn = new SegmentWeights(parts, UNKNOWN);
    let scale = 1;
    let minus: Weights | null = null;
    const card = dataOf(drawn).slice();
    let [sent, pointed] = [drawn.texture.version, 0];
    for (let turn = 0; turn < 200; turn++) {
      if (random(3) > 0) weights.a.move();
      if (random(3) > 0) weights.b.move();
      if (random(2) > 0) other.move();
      if (random(20) === 0) scale = 1 + random(3);
      if (random(20) === 0) minus = minus === null ? other : null;
      const fresh = new SegmentWeights(parts, UNKNOWN);
      for (const name of ['a', 'b'] as const) {
        drawn.set(name, weights[name], scale, minus);
        fresh.set(name, weights[name], scale, minus);
      }
      expect(dataOf(drawn)).toEqual(dataOf(fresh));
      // The graphics card gets all of them, or the points.
      const { changed, texture } = drawn;
      if (texture.version !== sent) card.set(dataOf(drawn));
      else for (let i = 0; i < changed.n; i++) card[changed.points[2 * i]] = changed.numbers[2 * i + 1];
      if (texture.version === sent && changed.n > 0) pointed++;
      sent = texture.version;
      changed.n = 0;
      expect(card).toEqual(dataOf(fresh));
    }
    expect(pointed).toBeGreaterThan(40);
  });

  it('looks only at those that have changed, and sends nothing where none of them is drawn', () => {
    const values = new Float32Array(N).fill(0.5);
    const weightsOf = (version: number, changed: number[] | null): Weights => ({
      values, version, changedSince: () => (changed === null ? null : Uint32Array.from(changed)),
    });
    const drawn = new SegmentWeights([{ projection: 'a', synapses: Uint32Array.of(8, 7, 6, 5) }], UNKNOWN);
    expect(drawn.set('a', weightsOf(1, null), 1)).toBe(true);
    expect(drawn.set('a', weightsOf(1, null), 1)).toBe(false);
    values.fill(NaN);
    expect(drawn.set('a', weightsOf(2, [7, 100]), 1)).toBe(true);
    expect([...dataOf(drawn)].slice(0, 4)).toEqual([0.5, ABSENT, 0.5, 0.5]);
    expect(drawn.set('a', weightsOf(3, [100]), 1)).toBe(false);
    expect(drawn.set('b', weightsOf(3, null), 1)).toBe(false);
  });
});
