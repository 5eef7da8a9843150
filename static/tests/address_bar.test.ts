import { expect, test } from 'vitest';

import type { LayerInfo } from '../src/state/frames';
import { globalIds, linkOf, neuronRef, readLink } from '../src/state/address_bar';
import { VIEW_DEFAULTS } from '../src/state/view';

const layer = (index: number, name: string, n_neurons: number, offset: number): LayerInfo => ({
  index, name, n_neurons, offset, shape: [n_neurons], cell_type: '', neuron_type: '', has_positions: false, hidden: '', n_spikes: 0, frame: null,
});
const LAYERS = [layer(0, 'input, left', 10, 0), layer(1, 'hidden:2', 5, 10)];

test('a view comes back from its link', () => {
  const view = {
    ...VIEW_DEFAULTS, colour: 'potential' as const, variable: 'v', hidden: ['input, left'], selection: [3, 12],
    camera: { position: [1, -2.5, 300] as const, target: [0, 0, 0.25] as const }, synapses: 0, theme: 'light' as const,
  };
  const link = linkOf('my run', 12_480_001, -0.5, { t_start_us: 1e6, t_stop_us: 2e6 }, view, LAYERS);
  const read = readLink(new URL(link, 'http://localhost'));
  expect(read).toEqual({
    recording: 'my run', t_us: 12_480_001, speed: -0.5, loop: [1e6, 2e6], colour: 'potential', variable: 'v',
    hidden: ['input, left'], selection: [{ layer: 'input, left', neuron: 3 }, { layer: 'hidden:2', neuron: 2 }],
    synapses: { shown: false, budget: 0 }, camera: { position: [1, -2.5, 300], target: [0, 0, 0.25] }, theme: 'light',
  });
  expect(globalIds(read?.selection ?? [], LAYERS)).toEqual([3, 12]);
});

test('defaults are left out', () => {
  expect(linkOf('r', 0, 1, null, VIEW_DEFAULTS, LAYERS)).toBe('/view/r?t=0');
});

test('nonsense in a link is ignored', () => {
  const read = readLink(new URL('http://localhost/view/r?t=soon&speed=x&camera=1,2&colour=red&select=abc,:1&loop=1'));
  expect(read).toEqual({ recording: 'r', selection: [] });
});

test('the home page is no link', () => {
  expect(readLink(new URL('http://localhost/'))).toBeNull();
});

test('a neuron that does not exist is left out of the selection', () => {
  expect(globalIds([{ layer: 'hidden:2', neuron: 5 }, { layer: 'none', neuron: 0 }], LAYERS)).toEqual([]);
  expect(neuronRef(14, LAYERS)).toEqual({ layer: 'hidden:2', neuron: 4 });
});
