import { expect, test } from 'vitest';

import type { LayerInfo, NeuronFacts } from './frames';
import { search, type SearchWorld } from './search';
import { insidePolygon } from '../scene/looking/region_select';

const LAYERS = [
  { name: 'L2/3 exc', offset: 0, n_neurons: 4 }, { name: 'rate > 3', offset: 4, n_neurons: 3 },
] as unknown as LayerInfo[];
const FACTS: NeuronFacts = {
  spikes: [0, 10, 250, 3000, 0, 20, -1], classes_of: [-1, 0, 1, 1, -1, 0, 0], selectivity: new Array(7).fill(1), classes: ['7', 'cat'], method: {}, lacks: {},
};
const WORLD: SearchWorld = {
  layers: LAYERS, sets: [{ name: 'Mine', colour: '#e69f00', neurons: [1, 5] }], duration_s: 10, saturated_hz: 200, facts: async () => FACTS, silent: () => [1, 1, 0, 0, 1, 0, 1],
};
const neurons = async (text: string): Promise<readonly number[] | string> => {
  const found = await search(text, WORLD);
  return found.kind === 'neurons' ? found.neurons : found.kind === 'layer' ? found.layer.name : found.message;
};

test.each([
  ['l2/3 EXC', 'L2/3 exc'], ['rate > 3', 'rate > 3'], ['L2/3 exc:3', [3]], ['L2/3 exc 1-2', [1, 2]], ['mine', [1, 5]],
  ['rate > 20', [2, 3]], ['rate >= 1 Hz', [1, 2, 3, 5]], ['rate<2', [0, 1, 4]], ['class 7', [1, 5, 6]], ['L2/3 exc class cat', [2, 3]],
  ['dead', [0, 4]], ['saturated', [3]], ['silent', [1]], ['L2/3 exc: dead', [0]],
])('%s', async (text, expected) => {
  expect(await neurons(text)).toEqual(expected);
});

test('what is not there is said', async () => {
  expect(await neurons('L2/3 exc:4')).toBe('L2/3 exc has neurons 0 to 3.');
  expect(await neurons('nobody')).toContain('No layer or set is named "nobody"');
  expect(await neurons('class 9')).toContain('There are: 7, cat');
  expect(await neurons('rate > 9999')).toContain('No neuron: rate > 9999');
  expect((await search('dead', { ...WORLD, facts: async () => ({ ...FACTS, lacks: { spikes: 'no tables' } }) }))).toEqual({ kind: 'wrong', message: 'Not known: no tables.' });
});

test('a point is inside a polygon or not', () => {
  const arrow = [[0, 0], [10, 0], [5, 4], [10, 10], [0, 10]] as const;
  expect(insidePolygon(2, 5, arrow)).toBe(true);
  expect(insidePolygon(8, 4, arrow)).toBe(false);
  expect(insidePolygon(-1, 5, arrow)).toBe(false);
});
