/** A first look at a recording, where the link says nothing else: how fast it plays, and one line that says what one sees. */

import { SPEEDS } from './transport/transport';
import type { Loaded } from '../state/data/recording';
import { plural } from '../state/format';

/** A first look shows about so many frames a second, so that single spikes can be followed. */
const FIRST_FRAMES_PER_S = 120;
/** Layers that one line has room to name. */
const NAMED = 8;

export function firstSpeed(bin_us: number): number {
  const wanted = (FIRST_FRAMES_PER_S * bin_us) / 1e6;
  return SPEEDS.findLast((speed) => speed <= Math.min(1, wanted) * 1.001) ?? SPEEDS[0];
}

export function firstWords({ network, stimuli }: Loaded): string {
  const names = network.layers.map((layer) => layer.name);
  const layers = names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');
  const shown = stimuli.length > 0 ? ` while it sees ${plural(stimuli.length, 'stimulus', 'stimuli')}` : '';
  return `${plural(network.n_neurons, 'neuron')} of ${plural(network.layers.length, 'layer')} (${layers})${shown}. A neuron lights up when it spikes.`;
}
