import { Vector2 } from 'three';
import { describe, expect, it } from 'vitest';

import { distanceToLine, sumsOf } from './bundles';
import { prunedOf } from './ghost_synapses';
import { bundleText } from '../legend/legend_text';

describe('what a bundle says of its weights', () => {
  it('sums sizes and means signed weights, of those that are known', () => {
    expect(sumsOf(Float32Array.of(1, -2, NaN, 4))).toEqual({ sum_abs: 7, mean: 1 });
  });

  it('says nothing where no weight is known', () => {
    expect(sumsOf(null)).toEqual({ sum_abs: null, mean: null });
    expect(sumsOf(Float32Array.of(NaN))).toEqual({ sum_abs: null, mean: null });
  });
});

describe('what the pointer says of a bundle', () => {
  const bundle = { name: 'ff', source: 'in', target: 'out', n_synapses: 1234, sum_abs: 10, mean: -0.25, unit: 'nS' };

  it('names its ends where its name does not, its synapses, and what is drawn of them', () => {
    expect(bundleText(bundle, 0)).toBe('ff: in to out\n1,234 synapses, mean weight −0.25 nS\ndrawn as one bundle, none of them as lines');
    expect(bundleText({ ...bundle, name: 'in->out', n_synapses: 1, mean: null }, 1)).toBe('in->out\n1 synapse, weights not recorded\ndrawn as one bundle, 1 of them as lines');
  });

  it('measures how far away it is', () => {
    const [a, b] = [new Vector2(0, 0), new Vector2(10, 0)];
    expect([new Vector2(5, 3), new Vector2(-4, 3), new Vector2(10, 0)].map((point) => distanceToLine(point, a, b))).toEqual([3, 5, 0]);
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
