import { describe, expect, it } from 'vitest';

import { weightDifference, weightDifferences } from './weight_differences';

const minus = (weight: number, other: number): number => weight - other;

describe('weightDifferences', () => {
  it('finds what differs, in the order of ids, and by how much', () => {
    const weights = Float32Array.of(1, 2, NaN, 0.5, NaN);
    const others = Float32Array.of(1, 1.5, 1, 1, NaN);
    const changed = weightDifferences(weights, others, null, minus);
    expect([...changed.ids]).toEqual([1, 3]);
    expect([...changed.by]).toEqual([0.5, -0.5]);
    // One that only the other has counts as 0 here.
    const all = weightDifferences(weights, others, null, weightDifference);
    expect([...all.ids]).toEqual([1, 2, 3]);
    expect([...all.by]).toEqual([0.5, -1, -0.5]);
  });

  it('finds the same among those that can differ, in any order and some of them twice', () => {
    let state = 3;
    const random = (n: number): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % n;
    for (let run = 0; run < 50; run++) {
      const others = Float32Array.from({ length: 200 }, () => (random(10) === 0 ? NaN : random(100) / 64));
      const weights = others.slice();
      const among = Uint32Array.from({ length: random(90) }, () => random(200));
      for (const id of among) weights[id] = random(6) === 0 ? NaN : random(100) / 64;
      for (const difference of [minus, weightDifference]) {
        expect(weightDifferences(weights, others, among, difference)).toEqual(weightDifferences(weights, others, null, difference));
      }
    }
  });
});
