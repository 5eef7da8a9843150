/** Adds neurons by layer and id, and takes them away: the selectors of a module whose panels are of the selected neurons. */

import { h } from '../dom';
import { iconButton } from '../icons';
import type { LayerInfo } from '../../state/frames';
import { neuronRef } from '../../state/link/address_bar';
import type { View } from '../../state/view';

/** So many of the selection, the latest, have a chip. */
const MOST_CHIPS = 6;

export function neuronPicker(view: View, layers: readonly LayerInfo[], signal: AbortSignal): HTMLElement {
  const layer = h('select', { 'aria-label': 'Layer of the neuron', onchange: () => bound() }, ...layers.map(({ name }) => h('option', { value: name }, name)));
  const id = h('input', { type: 'number', min: '0', step: '1', placeholder: 'neuron', 'aria-label': 'Id of the neuron', onkeydown: (event: KeyboardEvent) => event.key === 'Enter' && add() });
  const chips = h('span.neuron-chips');
  const chosen = (): LayerInfo => layers.find(({ name }) => name === layer.value) ?? layers[0];
  const bound = (): void => {
    id.max = String(chosen().n_neurons - 1);
    id.title = `Neurons of ${chosen().name}: 0 to ${chosen().n_neurons - 1}`;
  };
  const add = (): void => {
    const number = id.valueAsNumber;
    if (!Number.isInteger(number) || !id.checkValidity()) {
      id.reportValidity();
      return;
    }
    const neuron = chosen().offset + number;
    view.set({ selection: [...view.get('selection').filter((other) => other !== neuron), neuron] });
    id.value = '';
  };
  const paint = (): void => {
    const selection = view.get('selection');
    const last = selection[selection.length - 1];
    // Whoever picks in the scene goes on in the same layer here.
    if (last !== undefined) layer.value = neuronRef(last, layers).layer;
    bound();
    chips.replaceChildren(...selection.slice(-MOST_CHIPS).map((neuron) => {
      const { layer: name, neuron: number } = neuronRef(neuron, layers);
      return h('button.neuron-chip', { type: 'button', title: `Take ${name} ${number} away`, onclick: () => view.set({ selection: selection.filter((other) => other !== neuron) }) }, `${name} ${number} ×`);
    }));
  };
  view.subscribe(['selection'], paint, signal);
  if (layers.length > 0) paint();
  return h('div.neuron-picker', layer, id, iconButton('add', 'Add this neuron', 'Enter', add), chips);
}
