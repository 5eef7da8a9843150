/** What a link asks for that this recording does not have: in words, and the link without it. Pure. */

import { linkedValues, type LinkedView } from './address_bar';
import { decoded, textToNeurons } from './neuron_ranges';
import { formatTime } from '../format';
import type { Network } from '../frames';

export interface LinkWorld {
  readonly network: Pick<Network, 'layers' | 'projections' | 'potentials' | 'layout'>;
  readonly classes: readonly string[];
  readonly t_start_us: number;
  readonly t_stop_us: number;
  /** Why the link's layout was not given; '' = it was. */
  readonly layout_refused: string;
}

/** So many faults of a link are told one by one. */
const MOST = 4;
/** What is seen instead of a parameter that cannot be read. */
const INSTEAD: Readonly<Record<string, string>> = {
  t: 'the start is shown', speed: 'a speed for this recording is taken', loop: 'nothing is repeated', zoom: 'the bar shows the whole run', colour: 'spikes are shown',
  camera: 'the whole network is shown', clip: 'nothing is cut', theme: 'your own is taken', minimap: 'it is off', legend: 'it is shown',
};

/** @returns sentences like `colour "sparkle": spikes are shown`, and what is left of the link */
export function linkFaults(link: LinkedView, world: LinkWorld): { link: LinkedView; faults: string[] } {
  const { network, classes } = world;
  const faults: string[] = (link.misread ?? []).map(({ name, text }) => said(name, text, INSTEAD[name] ?? 'left out'));
  const left: LinkedView = { ...link };
  const drop = (key: keyof LinkedView, text: string, instead: string, name: string = key): void => {
    delete left[key];
    faults.push(said(name, text, instead));
  };
  const names = new Set(network.layers.map(({ name }) => name));
  const unknown = (wanted: readonly string[]): string => wanted.filter((name) => !names.has(name)).join(', ');

  if (world.layout_refused !== '') drop('layout', link.layout ?? '', `${network.layout ?? 'its own'} is shown`);
  if (link.t_us !== undefined && (link.t_us < world.t_start_us || link.t_us > world.t_stop_us)) {
    const [end, at] = link.t_us < world.t_start_us ? ['start', world.t_start_us] : ['end', world.t_stop_us];
    faults.push(said('t', String(link.t_us / 1e6), `the ${end} of the run is shown, ${formatTime(at, 1e6)}`));
  }
  const variables = network.potentials.map(({ variable }) => variable);
  if (link.variable !== undefined && !variables.includes(link.variable)) {
    drop('variable', link.variable, link.colour === 'potential' && variables.length > 0 ? `${variables[0]} is shown` : 'not recorded');
  }
  const hidden = unknown(link.hidden ?? []);
  if (hidden !== '') {
    left.hidden = (link.hidden ?? []).filter((name) => names.has(name));
    faults.push(said('hidden', hidden, 'no such layer'));
  }
  const { order } = link;
  if (order !== undefined && (unknown(order) !== '' || new Set(order).size !== names.size || order.length !== names.size)) {
    drop('order', order.join(', '), 'the layers stand as recorded');
  }
  const lost = (link.selection ?? '').split(',').filter((part) => part !== '' && textToNeurons(part, network.layers).length === 0);
  if (lost.length > 0) faults.push(said('select', lost.map(decoded).join(', '), 'no such neurons'));
  const { rule, sets } = linkedValues(link, network.layers);
  if (link.rule !== undefined && rule === undefined) drop('rule', link.rule, 'nothing is measured');
  const empty = (link.sets ?? '').split(';').length - (sets ?? []).filter(({ neurons }) => neurons.length > 0).length;
  if (link.sets !== undefined && empty > 0) faults.push(said('sets', decoded(link.sets), `${empty} without neurons of this network`));
  const { stimuli } = link;
  if (stimuli !== undefined && stimuli !== 'correct' && stimuli !== 'wrong' && !classes.some((name) => stimuli === `class:${name}`)) {
    drop('stimuli', stimuli, 'all are counted');
  }
  const ghosts_of = link.synapses?.ghosts_of ?? '';
  if (ghosts_of !== '' && !network.projections.some(({ name }) => name === ghosts_of)) {
    left.synapses = { ...link.synapses, ghosts: false, ghosts_below: 0, ghosts_of: '' };
    faults.push(said('ghosts', ghosts_of, 'no such projection'));
  }
  return { link: left, faults };
}

/** The first few in full. */
export function faultText(faults: readonly string[]): string {
  const more = faults.length > MOST ? `\nand ${faults.length - MOST} more` : '';
  return faults.slice(0, MOST).join('\n') + more;
}

function said(name: string, text: string, instead: string): string {
  return `${name} "${text.length > 40 ? `${text.slice(0, 39)}…` : text}": ${instead}`;
}
