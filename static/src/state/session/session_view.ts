/** The view as a session keeps it, and back: names of the schema, neurons as layer and id instead of global indices. */

import type { LayerInfo } from '../frames';
import { neuronRef } from '../link/address_bar';
import { neuronsToText, textToNeurons } from '../link/neuron_ranges';
import { SAME_MOMENT, VIEW_DEFAULTS, type RuleEnd, type ViewKey, type ViewValues } from '../view';
import type { NeuronRef, ViewChanges } from '../../net/messages.gen';

/** What is no part of a session's view: `pose` has the camera, the rest belongs to who looks. */
export const NOT_RECORDED: readonly ViewKey[] = ['hover', 'lit', 'camera', 'theme', 'bookmarks', 'path_s', 'zoom'];
const SAME = [
  'colour', 'variable', 'hidden', 'layout', 'order', 'spread', 'fan', 'legend', 'point_size', 'clip', 'minimap', 'comparison', 'stimuli',
] as const;
const SYNAPSES: readonly ViewKey[] = [
  'synapses', 'synapse_choice', 'synapse_direction', 'synapse_threshold', 'bundles', 'bundle_width', 'ghosts', 'ghosts_below', 'ghosts_of',
];
export const RECORDED: readonly ViewKey[] = [...SAME, ...SYNAPSES, 'decay_frames', 'selection', 'sets', 'rule'];
/** More neurons than these are kept as text. */
const ONE_BY_ONE = 64;
/** What of a message neurons may take: a million of them in no order. Of more the last ones are kept, and it is said. */
const MOST_LETTERS = 180_000;
const MAX_SELECTED = 5000;

/** The session's form of some keys of the view. */
export function toChanges(values: Readonly<ViewValues>, keys: Iterable<ViewKey>, layers: readonly LayerInfo[]): ViewChanges {
  const changes: Record<string, unknown> = {};
  for (const key of keys) {
    if ((SAME as readonly string[]).includes(key)) changes[key] = values[key];
    else if (SYNAPSES.includes(key)) {
      changes['synapses'] = {
        shown: values.synapses > 0, budget: values.synapses > 0 ? values.synapses : VIEW_DEFAULTS.synapses,
        threshold: values.synapse_threshold, choice: values.synapse_choice, direction: values.synapse_direction,
        bundles: values.bundles, bundle_width: values.bundle_width, ghosts: values.ghosts, ghosts_below: values.ghosts_below, ghosts_of: values.ghosts_of,
      };
    } else if (key === 'decay_frames') changes['glow_frames'] = values.decay_frames;
    else if (key === 'selection') changes['selection'] = keptNeurons(values.selection, layers);
    else if (key === 'rule') changes['rule'] = values.rule && values.rule.map((end) => ('neuron' in end ? { neuron: neuronRef(end.neuron, layers) } : end));
    else if (key === 'sets') changes['sets'] = values.sets.map((set) => ({ name: set.name, colour: set.colour, neurons: keptNeurons(set.neurons, layers) }));
  }
  return changes as ViewChanges;
}

/** The page's form of what a session kept; absent fields stay absent. */
export function fromChanges(changes: ViewChanges, layers: readonly LayerInfo[]): Partial<ViewValues> {
  const values: Record<string, unknown> = {};
  for (const key of SAME) {
    const value = (changes as Record<string, unknown>)[key];
    if (value !== undefined) values[key] = value;
  }
  if (changes.comparison) values['comparison'] = { ...SAME_MOMENT, ...changes.comparison };
  const { synapses, glow_frames, selection, sets, rule } = changes;
  if (synapses !== undefined) {
    values['synapses'] = synapses.shown === false ? 0 : (synapses.budget ?? VIEW_DEFAULTS.synapses);
    values['synapse_threshold'] = synapses.threshold ?? VIEW_DEFAULTS.synapse_threshold;
    values['synapse_choice'] = synapses.choice ?? VIEW_DEFAULTS.synapse_choice;
    values['synapse_direction'] = synapses.direction ?? VIEW_DEFAULTS.synapse_direction;
    for (const key of ['bundles', 'bundle_width', 'ghosts', 'ghosts_below', 'ghosts_of'] as const) values[key] = synapses[key] ?? VIEW_DEFAULTS[key];
  }
  if (glow_frames !== undefined) values['decay_frames'] = glow_frames;
  if (selection !== undefined) values['selection'] = globalIds(selection, layers);
  if (sets !== undefined) values['sets'] = sets.map((set) => ({ ...set, neurons: globalIds(set.neurons, layers) }));
  if (rule !== undefined) {
    const ends = (rule ?? []).flatMap(({ neuron, place }): RuleEnd[] => (neuron ? globalIds([neuron], layers).map((id) => ({ neuron: id })) : place ? [{ place }] : []));
    values['rule'] = ends.length === 2 ? ends : null;
  }
  return values as Partial<ViewValues>;
}

/** How many of these neurons a session keeps. */
export function nKept(neurons: readonly number[], layers: readonly LayerInfo[]): number {
  return neurons.length <= MAX_SELECTED || neuronsToText(neurons, layers).length <= MOST_LETTERS ? neurons.length : MAX_SELECTED;
}

function keptNeurons(neurons: readonly number[], layers: readonly LayerInfo[]): NeuronRef[] | string {
  const n = nKept(neurons, layers);
  if (n <= ONE_BY_ONE) return neurons.map((neuron) => neuronRef(neuron, layers));
  return neuronsToText(n === neurons.length ? neurons : neurons.slice(-n), layers);
}

/** Global indices of references; neurons that this recording does not have are left out. */
function globalIds(neurons: readonly NeuronRef[] | string, layers: readonly LayerInfo[]): number[] {
  if (typeof neurons === 'string') return textToNeurons(neurons, layers);
  const known = new Map(layers.map((layer) => [layer.name, layer]));
  return neurons.flatMap(({ layer, neuron }) => {
    const found = known.get(layer);
    return found && neuron >= 0 && neuron < found.n_neurons ? [found.offset + neuron] : [];
  });
}
