import { expect, test } from 'vitest';

import { linkedValues, linkOf, linkParts, neuronRef, readLink } from './address_bar';
import type { LayerInfo } from '../frames';
import { VIEW_DEFAULTS } from '../view';

const layer = (index: number, name: string, n_neurons: number, offset: number): LayerInfo => ({
  index, name, n_neurons, offset, shape: [n_neurons], cell_type: '', neuron_type: '', has_positions: false, hidden: '', n_spikes: 0, frame: null,
});
const LAYERS = [layer(0, 'input, left', 10, 0), layer(1, 'hidden:2', 5, 10)];

const CAMERA = { position: [1, -2.5, 300] as const, target: [0, 0, 0.25] as const };

test('everything of a view comes back from its link', () => {
  const view = {
    ...VIEW_DEFAULTS, colour: 'potential' as const, variable: 'v', hidden: ['input, left'], selection: [3, 12], camera: CAMERA,
    synapses: 0, synapse_choice: 'change' as const, synapse_direction: 'incoming' as const, synapse_threshold: 0.25,
    layout: 'rings', order: ['hidden:2', 'input, left'], spread: 1.5, fan: 0.5, decay_frames: 12, point_size: 2, legend: false,
    sets: [{ name: 'a;b~c,d', colour: '#e69f00', neurons: [1, 2, 14] }, { name: 'none', colour: '#56b4e9', neurons: [] }],
    bookmarks: [{ name: 'near, ~', camera: CAMERA }], theme: 'light' as const,
  };
  const link = linkOf('my run', 12_480_001, -0.5, { t_start_us: 1e6, t_stop_us: 2e6 }, view, LAYERS);
  const read = readLink(new URL(link, 'http://localhost'));
  expect(read).toMatchObject({ recording: 'my run', t_us: 12_480_001, speed: -0.5, loop: [1e6, 2e6] });
  expect({ ...VIEW_DEFAULTS, ...linkedValues(read!, LAYERS) }).toEqual(view);
});

test('a selection too long for an address is left out and said so', () => {
  const many = [layer(0, 'all', 100_000, 0)];
  const selection = Array.from({ length: 50_000 }, (_, i) => 2 * i);
  const { link, left_out } = linkParts('r', 0, 1, null, { ...VIEW_DEFAULTS, selection }, many);
  expect(link).toBe('/view/r?t=0');
  expect(left_out).toEqual(['the selection of 50000 neurons']);
});

test('defaults are left out', () => {
  expect(linkOf('r', 0, 1, null, VIEW_DEFAULTS, LAYERS)).toBe('/view/r?t=0');
});

test('nonsense in a link is left out, and kept to be told', () => {
  const read = readLink(new URL('http://localhost/view/r?t=soon&speed=x&camera=1,2&colour=red&select=abc,:1&loop=1'));
  expect(read?.misread?.map(({ name }) => name)).toEqual(['t', 'speed', 'loop', 'colour', 'camera']);
  expect(read).toMatchObject({ recording: 'r', selection: 'abc,:1' });
  expect(linkedValues(read!, LAYERS)).toEqual({ camera: null, selection: [], sets: [] });
});

test('the home page is no link', () => {
  expect(readLink(new URL('http://localhost/'))).toBeNull();
});

test('a neuron that does not exist is left out of the selection', () => {
  expect(linkedValues({ recording: 'r', selection: 'hidden%3A2:5,none:0' }, LAYERS).selection).toEqual([]);
  expect(neuronRef(14, LAYERS)).toEqual({ layer: 'hidden:2', neuron: 4 });
});
