import { describe, expect, it } from 'vitest';

import { sumsOf } from '../src/scene/bundles';
import { prunedOf } from '../src/scene/ghost_synapses';

describe('what a bundle says of its weights', () => {
  it('sums sizes and means signed weights, of those that are known', () => {
    expect(sumsOf(Float32Array.of(1, -2, NaN, 4))).toEqual({ sum_abs: 7, mean: 1 });
  });

  it('says nothing where no weight is known', () => {
    expect(sumsOf(null)).toEqual({ sum_abs: null, mean: null });
    expect(sumsOf(Float32Array.of(NaN))).toEqual({ sum_abs: null, mean: null });
  });
});

describe('which synapses count as pruned', () => {
  const values = Float32Array.of(0.5, 0, NaN, -0.1, -0);

  it('those of weight 0 and those that are no longer stored', () => {
    expect([...prunedOf(values, 0, null)]).toEqual([1, 2, 4]);
  });

  it('and those below a bound, of either sign, among the ones that are asked for', () => {
    expect([...prunedOf(values, 0.2, null)]).toEqual([1, 2, 3, 4]);
    expect([...prunedOf(values, 0.2, Uint32Array.of(0, 3))]).toEqual([3]);
  });
});
