/**
 * What is typed into the search field: a layer, "layer:17" (also "layer:3-9"), "class 7", "rate > 20", "dead",
 * "saturated", "silent" (at the playhead), a set's name; conditions after a layer's name ("hidden rate > 20") hold in that layer only.
 */

import type { LayerInfo, NeuronFacts } from './frames';
import { textToNeurons } from './link/neuron_ranges';
import type { NeuronSet } from './view';

export interface SearchWorld {
  readonly layers: readonly LayerInfo[];
  readonly sets: readonly NeuronSet[];
  /** Length of the recording, for mean rates. */
  readonly duration_s: number;
  /** From which mean rate on a neuron is saturated. */
  readonly saturated_hz: number;
  facts(): Promise<NeuronFacts>;
  /** 1 for each neuron without a spike in the moments before the playhead. */
  silent(): ArrayLike<number>;
}

export type Found =
  | { readonly kind: 'layer'; readonly layer: LayerInfo }
  | { readonly kind: 'neurons'; readonly neurons: readonly number[]; readonly what: string }
  | { readonly kind: 'wrong'; readonly message: string };

/** A neuron is saturated from this mean rate on: a spike in every second bin, as in the module Training health. */
export function saturatedHz(bin_us: number): number {
  return 0.5e6 / bin_us;
}

const CONDITION = /^(?:(.*?)\s+)?(?:rate\s*(>=|<=|>|<|=)\s*(-?[\d.]+)(?:\s*hz)?|class\s+(.+)|(dead|silent|saturated))$/i;

export async function search(text: string, world: SearchWorld): Promise<Found> {
  const query = text.trim();
  if (query === '') return { kind: 'neurons', neurons: [], what: '' };
  const set = world.sets.find(({ name }) => name.toLowerCase() === query.toLowerCase());
  if (set !== undefined) return { kind: 'neurons', neurons: set.neurons, what: `set ${set.name}` };
  const exact = layerOf(query, world.layers);
  if (exact !== null) return { kind: 'layer', layer: exact };
  const condition = CONDITION.exec(query);
  if (condition !== null) return await conditioned(condition, world);
  const at = Math.max(query.lastIndexOf(':'), query.lastIndexOf(' '));
  const layer = at > 0 ? layerOf(query.slice(0, at).trim(), world.layers) : null;
  if (layer === null) return { kind: 'wrong', message: `No layer or set is named "${query}". Try layer:17, class 7, rate > 20, dead.` };
  const ids = query.slice(at + 1).trim();
  const neurons = /^[\d.,-]+$/.test(ids) ? textToNeurons(`${encodeURIComponent(layer.name)}:${ids.replaceAll(',', '.')}`, world.layers) : [];
  return neurons.length > 0
    ? { kind: 'neurons', neurons, what: query }
    : { kind: 'wrong', message: `${layer.name} has neurons 0 to ${layer.n_neurons - 1}.` };
}

async function conditioned(match: RegExpExecArray, world: SearchWorld): Promise<Found> {
  const [, where, sign, limit, name, state] = match;
  const layer = where ? layerOf(where.replace(/:$/, ''), world.layers) : null;
  if (where && layer === null) return { kind: 'wrong', message: `No layer is named "${where}".` };
  const facts = await world.facts();
  const lack = facts.lacks[name ? 'class' : 'spikes'];
  if (lack) return { kind: 'wrong', message: `Not known: ${lack}.` };
  const of = name === undefined ? -1 : facts.classes.findIndex((candidate) => candidate.toLowerCase() === name.trim().toLowerCase());
  if (name !== undefined && of < 0) {
    return { kind: 'wrong', message: `There is no class "${name.trim()}". There are: ${facts.classes.slice(0, 12).join(', ')}.` };
  }
  const still = state?.toLowerCase() === 'silent' ? world.silent() : null;
  const rate = (id: number): number => facts.spikes[id] / world.duration_s;
  const holds = (id: number): boolean => {
    if (name !== undefined) return facts.classes_of[id] === of;
    if (facts.spikes[id] < 0) return false;
    if (still !== null) return still[id] === 1 && facts.spikes[id] > 0;
    if (state !== undefined) return state.toLowerCase() === 'dead' ? facts.spikes[id] === 0 : rate(id) >= world.saturated_hz;
    const x = Number(limit);
    return sign === '>' ? rate(id) > x : sign === '>=' ? rate(id) >= x : sign === '<' ? rate(id) < x : sign === '<=' ? rate(id) <= x : Math.abs(rate(id) - x) < 0.05;
  };
  const neurons: number[] = [];
  for (const candidate of layer === null ? world.layers : [layer]) {
    for (let id = candidate.offset; id < candidate.offset + candidate.n_neurons; id++) if (holds(id)) neurons.push(id);
  }
  const what = match[0].trim();
  return neurons.length > 0 ? { kind: 'neurons', neurons, what } : { kind: 'wrong', message: `No neuron: ${what} (${still === null ? 'over the whole recording' : 'at the playhead'}).` };
}

function layerOf(name: string, layers: readonly LayerInfo[]): LayerInfo | null {
  const wanted = name.toLowerCase();
  return layers.find((layer) => layer.name.toLowerCase() === wanted)
    ?? layers.find((layer) => wanted.length > 1 && layer.name.toLowerCase().startsWith(wanted) && !wanted.includes(' ')) ?? null;
}
