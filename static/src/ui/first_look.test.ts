import { expect, test } from 'vitest';
import { firstWords } from './first_look';
import type { Loaded } from '../state/data/recording';

const loaded = (n: number): Loaded =>
  ({ network: { n_neurons: 9 * n, layers: Array.from({ length: n }, (_, i) => ({ name: `l${i}` })) }, stimuli: [] }) as unknown as Loaded;

test('the first line names a few layers and counts the others', () => {
  expect(firstWords(loaded(2))).toBe('18 neurons of 2 layers (l0, l1). A neuron lights up when it spikes.');
  expect(firstWords(loaded(1000))).toContain('9,000 neurons of 1,000 layers (l0, l1, l2, l3, l4, l5, l6, l7 and 992 more).');
});
