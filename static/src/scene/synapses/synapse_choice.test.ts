import { describe, expect, it } from 'vitest';

import { chooseAbove, chooseSynapses, countAbove, randomSample, shareBudget, sizeOfRank, strongest } from './synapse_choice';

function gaussian(n: number): Float32Array {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  return Float32Array.from({ length: n }, () => next() + next() + next() - 1.5);
}

describe('strongest', () => {
  it.each([0, 1, 10, 999, 1000, 5000])('finds the %d largest |weight| as sorting does', (k) => {
    const weights = gaussian(1000);
    const sorted = [...weights.keys()].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b).slice(0, k);
    expect([...strongest(weights, k)]).toEqual(sorted);
    expect(sizeOfRank(weights, k)).toBe(Math.abs(weights[sorted.at(-1) ?? -1] ?? 0));
  });

  it('never takes an absent synapse', () => {
    expect([...strongest(Float32Array.of(NaN, 0, NaN, -2), 4)]).toEqual([3, 1]);
    expect([...strongest(Float32Array.of(0, 0, 0), 2)]).toEqual([0, 1]);
    expect(strongest(Float32Array.of(NaN), 1)).toHaveLength(0);
    expect(sizeOfRank(Float32Array.of(NaN, 0, NaN, -2), 4)).toBe(0);
    expect(sizeOfRank(Float32Array.of(0.5, -0.5, 0.5), 2)).toBe(0.5);
    expect(sizeOfRank(Float32Array.of(NaN), 1)).toBe(0);
  });
});

describe('randomSample', () => {
  it('takes each id once, the same for the same seed', () => {
    const sample = randomSample(1000, 300, 7);
    expect(new Set(sample).size).toBe(300);
    expect(Math.max(...sample)).toBeLessThan(1000);
    expect([...sample]).toEqual([...randomSample(1000, 300, 7)]);
    expect([...sample]).not.toEqual([...randomSample(1000, 300, 8)]);
    expect(new Set(randomSample(5, 9, 1)).size).toBe(5);
  });

  it('takes every id equally often', () => {
    const taken = new Float64Array(20);
    for (let seed = 0; seed < 4000; seed++) for (const id of randomSample(20, 5, seed * 7919)) taken[id]++;
    for (const n of taken) expect(Math.abs(n - 1000)).toBeLessThan(5 * Math.sqrt(750)); // five standard deviations
  });
});

describe('chooseSynapses', () => {
  it('says how many are the strongest and how many are sampled, no id twice', () => {
    const choice = chooseSynapses(1000, gaussian(1000), 300, 'both', 3);
    expect(choice.n_top).toBe(150);
    expect(choice.n_sample).toBe(150);
    expect(new Set(choice.ids).size).toBe(choice.ids.length);
    expect(chooseSynapses(1000, gaussian(1000), 300, 'top', 3)).toMatchObject({ n_top: 300, n_sample: 0 });
  });

  it('can only sample where no weight is known, and takes all where they fit', () => {
    expect(chooseSynapses(1000, null, 300, 'both', 3)).toMatchObject({ n_top: 0, n_sample: 300 });
    expect(chooseSynapses(10, null, 300, 'both', 3).ids).toHaveLength(10);
    expect(new Set(chooseSynapses(10, gaussian(10), 300, 'both', 3).ids).size).toBe(10);
  });
});

describe('shareBudget', () => {
  it('gives small projections a share that can be seen and never more than they have', () => {
    const shares = shareBudget([313_600, 40_000, 10], 3000);
    expect(shares.reduce((sum, n) => sum + n, 0)).toBe(3000);
    expect(shares[2]).toBe(10);
    expect(shares[1]).toBeGreaterThan(600);
    expect(shareBudget([5, 6], 100)).toEqual([5, 6]);
    expect(shareBudget([], 100)).toEqual([]);
    expect(shareBudget([100, 100], 0)).toEqual([0, 0]);
  });
});

describe('choosing from a least strength on', () => {
  const strengths = Float32Array.from([0.1, -0.9, 0.5, NaN, 0, 0.6]);

  it('takes only those that reach it, of either sign, strongest first', () => {
    const choice = chooseAbove(strengths, 0.5, 2, 'top', 1);
    expect([...choice.ids]).toEqual([1, 5]);
    expect(countAbove(strengths, 0.5)).toBe(3);
  });

  it('takes all that reach it where the budget allows, and none below', () => {
    expect([...chooseAbove(strengths, 0.5, 10, 'both', 1).ids].sort()).toEqual([1, 2, 5]);
    expect(chooseAbove(strengths, 2, 10, 'both', 1).ids).toHaveLength(0);
    expect(countAbove(strengths, 2)).toBe(0);
  });
});
