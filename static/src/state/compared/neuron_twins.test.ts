import { expect, test } from 'vitest';

import { noDifference, twinNeurons, twinSets } from './neuron_twins';
import type { LayerInfo } from '../frames';

const layers = (...given: [name: string, n: number][]): LayerInfo[] => {
  let offset = 0;
  return given.map(([name, n_neurons], index) => {
    const layer = { index, name, n_neurons, shape: [n_neurons], offset } as unknown as LayerInfo;
    offset += n_neurons;
    return layer;
  });
};

test('a twin has the same id in the layer of the same name, wherever that stands', () => {
  const [from, to] = [layers(['in', 4], ['out', 3]), layers(['out', 3], ['in', 2])];
  expect(twinNeurons([0, 1, 2, 5], from, to)).toEqual([3, 4, 1]); // in 2 has none: B's layer ends at 1
  expect(twinSets([{ name: 's', colour: '#fff', neurons: [4] }], from, to)[0].neurons).toEqual([0]);
});

test('layers without a common name are twins by their place', () => {
  expect(twinNeurons([1, 4], layers(['a', 4], ['b', 2]), layers(['x', 2], ['y', 2]))).toEqual([1, 2]);
});

test('a difference needs the same layers, and says which differ', () => {
  const a = layers(['in', 4], ['out', 3]);
  expect(noDifference(a, layers(['in', 4], ['out', 3]))).toBe('');
  expect(noDifference(a, layers(['in', 4], ['out', 5]))).toBe('Layer "out" of A is 3 neurons and layer "out" of B 5 neurons; a difference needs equal layers. Side by side works.');
  expect(noDifference(a, layers(['in', 4]))).toContain('A has 2 layers and B has 1');
});
