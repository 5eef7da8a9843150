/** Which neurons of one recording stand for those of another: the same id in the layer of the same name. */

import type { LayerInfo } from '../frames';
import type { NeuronSet } from '../view';

/** Layers of `to` that stand for those of `from`; where no name is common, the one at the same place. */
export function twinLayers(from: readonly LayerInfo[], to: readonly LayerInfo[]): ReadonlyMap<string, LayerInfo> {
  const named = new Map(to.map((layer) => [layer.name, layer]));
  const common = from.some(({ name }) => named.has(name));
  return new Map(from.flatMap((layer, at) => {
    const twin = common ? named.get(layer.name) : to[at];
    return twin === undefined ? [] : [[layer.name, twin] as const];
  }));
}

/** Global indices in `to` of neurons of `from`; those without a twin are left out. */
export function twinNeurons(neurons: readonly number[], from: readonly LayerInfo[], to: readonly LayerInfo[]): number[] {
  if (from === to) return [...neurons];
  const twins = twinLayers(from, to);
  return neurons.flatMap((neuron) => {
    const layer = from.find(({ offset, n_neurons }) => neuron >= offset && neuron < offset + n_neurons);
    const twin = layer && twins.get(layer.name);
    return layer && twin && neuron - layer.offset < twin.n_neurons ? [twin.offset + neuron - layer.offset] : [];
  });
}

export function twinSets(sets: readonly NeuronSet[], from: readonly LayerInfo[], to: readonly LayerInfo[]): NeuronSet[] {
  return sets.map((set) => ({ ...set, neurons: twinNeurons(set.neurons, from, to) }));
}

/** Why no neuron-by-neuron difference of two networks can be shown; '' = it can. */
export function noDifference(a: readonly LayerInfo[], b: readonly LayerInfo[]): string {
  if (a === b) return '';
  if (a.length !== b.length) return `A has ${a.length} layers and B has ${b.length}; a difference needs the same layers. Side by side works.`;
  for (let at = 0; at < a.length; at++) {
    const [one, other] = [a[at], b[at]];
    if (one.n_neurons !== other.n_neurons || String(one.shape) !== String(other.shape)) {
      return `Layer "${one.name}" of A is ${shapeOf(one)} and layer "${other.name}" of B ${shapeOf(other)}; a difference needs equal layers. Side by side works.`;
    }
  }
  return '';
}

function shapeOf({ shape, n_neurons }: LayerInfo): string {
  return shape.length > 1 ? shape.join(' × ') : `${n_neurons} neurons`;
}
