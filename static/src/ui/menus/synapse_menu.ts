/** The synapse menu: how many, which, from which weight on, and which of the selection. */

import { formatValue } from '../../state/format';
import type { Network } from '../../state/frames';
import type { BundleWidth, Bundles, SynapseChoice, SynapseDirection, View } from '../../state/view';
import { h, setText } from '../dom';
import { choices, Popover, slider } from '../popover';

/** No screen tells more apart. */
const MOST = 100_000;
const WORDS: Record<SynapseChoice, string> = { both: 'strongest and sample', top: 'strongest', sample: 'random sample', change: 'most changed' };

const BUNDLES: Record<Bundles, string> = { far: 'when far', always: 'always', never: 'never' };
const WIDTHS: Record<BundleWidth, string> = { weight: 'sum of |weight|', number: 'synapses' };

export class SynapseMenu {
  readonly element: HTMLElement;
  private readonly popover: Popover;
  private readonly pruned = h('input', { type: 'checkbox', onchange: () => this.showPruned(this.pruned.checked) });
  private readonly prunedHint = h('p.hint', { hidden: true });

  constructor(private readonly network: Network, private readonly view: View, signal: AbortSignal) {
    this.popover = new Popover('synapses', 'Synapses', 'Which synapses are drawn (W: none, or as before)', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    view.subscribe(['synapses', 'synapse_choice'], () => this.paint(), signal);
    view.subscribe(['ghosts', 'ghosts_below', 'ghosts_of'], () => this.paintPruned(), signal);
    this.paint();
  }

  /** All that are pruned, where a panel has shown what one pruning would take. */
  private showPruned(ghosts: boolean): void {
    const { view } = this;
    view.set(view.get('ghosts_of') === '' ? { ghosts } : { ghosts, ghosts_of: '', ghosts_below: 0 });
  }

  /** In place: the slider below may be in the user's hand. */
  private paintPruned(): void {
    const { view, pruned, prunedHint } = this;
    const of = view.get('ghosts_of');
    pruned.checked = view.get('ghosts');
    prunedHint.hidden = of === '' || !pruned.checked;
    setText(prunedHint, `As the panel "Synapses" prunes ${of}: |weight| below ${formatValue(view.get('ghosts_below'))}.`);
  }

  private paint(): void {
    const { view } = this;
    this.popover.value = view.get('synapses') === 0 ? 'none' : WORDS[view.get('synapse_choice')];
  }

  private fill(panel: HTMLElement): void {
    const { view, network } = this;
    const total = network.projections.reduce((sum, { n_synapses }) => sum + n_synapses, 0);
    if (total === 0) {
      panel.replaceChildren(h('p.hint', 'The recording holds no synapses.'));
      return;
    }
    const most = Math.min(total, MOST);
    const weighed = network.projections.some(({ has_weights }) => has_weights) ? '' : 'no weights are recorded';
    const steps = 60;
    const place = (n: number): number => (n <= 0 ? 0 : Math.max(1, Math.round(((Math.log10(Math.max(n, 10)) - 1) / (Math.log10(Math.max(most, 11)) - 1)) * steps)));
    const shown = Math.min(view.get('synapses'), most);
    // Round numbers on the way; where the slider stands at first, what is set.
    const countAt = (at: number): number => {
      if (at === place(shown)) return shown;
      if (at === 0 || at === steps) return at === 0 ? 0 : most;
      return Math.min(most, Number((10 ** (1 + (at / steps) * (Math.log10(Math.max(most, 11)) - 1))).toPrecision(2)));
    };
    panel.replaceChildren(
      h('h3', 'Of the whole network'),
      slider(
        'Drawn', `How many of the ${total.toLocaleString('en-GB')} synapses at most`, { min: 0, max: steps, step: 1, value: place(shown) },
        (at) => `${countAt(at).toLocaleString('en-GB')} of ${total.toLocaleString('en-GB')}`, (at) => view.set({ synapses: countAt(at) }),
      ),
      choices<SynapseChoice>('synapses', [
        { value: 'both', title: 'Strongest and a sample', summary: 'Half and half: the strongest alone mislead', lacks: weighed },
        { value: 'top', title: 'Strongest', summary: 'The largest weights, of either sign', lacks: weighed },
        { value: 'sample', title: 'Random sample', summary: 'Each synapse equally likely' },
        { value: 'change', title: 'Most changed', summary: 'What is being learned now', lacks: weighed },
      ], view.get('synapse_choice'), (synapse_choice) => view.set({ synapse_choice })),
      slider(
        'From', 'Least |weight|, or |change|, of a drawn synapse, of its projection\'s full colour', { min: 0, max: 1, step: 0.01, value: view.get('synapse_threshold') },
        (x) => (x === 0 ? 'any weight' : `${Math.round(100 * x)} % of full colour`), (synapse_threshold) => view.set({ synapse_threshold }),
      ),
      h('h3', 'Of the selection'),
      choices<SynapseDirection>('direction', [
        { value: 'both', title: 'All', summary: 'Into and out of the selected neurons' },
        { value: 'incoming', title: 'Incoming', summary: 'What drives them: the receptive field' },
        { value: 'outgoing', title: 'Outgoing', summary: 'What they drive' },
      ], view.get('synapse_direction'), (synapse_direction) => view.set({ synapse_direction })),
      h('h3', 'Projections as bundles'),
      h(
        'div.bundle-choice',
        chooser('When', 'When each projection is one bundle instead of lines', BUNDLES, view.get('bundles'), (bundles) => view.set({ bundles })),
        chooser('Width', 'What a wide bundle means', WIDTHS, view.get('bundle_width'), (bundle_width) => view.set({ bundle_width })),
      ),
      h('h3', 'Pruned'),
      h('label.check', { title: weighed || 'Synapses of weight 0 or below the bound, as faint dashes' }, this.pruned, 'Show pruned synapses'),
      slider(
        'Pruned below', 'Below which |weight| a synapse counts as pruned, of its projection\'s full colour', { min: 0, max: 1, step: 0.01, value: view.get('ghosts_of') === '' ? view.get('ghosts_below') : 0 },
        (x) => (x === 0 ? 'weight 0 only' : `${Math.round(100 * x)} % of full colour`), (ghosts_below) => view.set({ ghosts_of: '', ghosts_below, ghosts: true }),
      ),
      this.prunedHint,
    );
    this.pruned.disabled = weighed !== '';
    this.paintPruned();
  }
}

function chooser<T extends string>(label: string, title: string, words: Record<T, string>, chosen: T, changed: (value: T) => void): HTMLElement {
  const select = h('select', { 'aria-label': `${label}: bundles`, onchange: () => changed(select.value as T) }, ...(Object.entries(words) as [T, string][]).map(
    ([value, text]) => h('option', { value, selected: value === chosen }, text),
  ));
  return h('label.field', { title }, label, select);
}
