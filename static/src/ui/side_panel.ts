/** The left panel: the layers with their hues and rates, the selection, and the card of the neuron selected last. */

import { h, setText } from './dom';
import { iconButton, setIcon } from './icons';
import { bookmarksSection, keepSelection, setsSection } from './kept_list';
import { PathPlayer } from './path_player';
import { patternImage } from './pattern_image';
import { layerRates, neuronActivity } from '../state/data/activity';
import { formatCount, formatDuration, formatRate, formatTime, formatValue, plural } from '../state/format';
import type { FrameSource, LayerInfo, Network, SceneHandle } from '../state/frames';
import { neuronRef } from '../state/link/address_bar';
import { layerColour } from '../state/palette';
import type { PlaybackClock } from '../state/playback';
import type { View } from '../state/view';

const RATE_WINDOW_US = 500_000;
const NEURON_WINDOW_US = 1_000_000;
const REFRESH_MS = 250;

export interface SidePanelParts {
  readonly network: Network;
  readonly frames: FrameSource;
  readonly clock: PlaybackClock;
  readonly view: View;
  scene(): SceneHandle | null;
}

export class SidePanel {
  readonly element: HTMLElement;
  /** Plays the camera's path through the places. */
  readonly path: PathPlayer;
  private readonly rows: LayerRow[];
  private readonly selection = h('section.selection', { 'aria-label': 'Selection' });
  private readonly detail = h('section.detail', { 'aria-label': 'Neuron', 'data-testid': 'detail' });

  constructor(private readonly parts: SidePanelParts, signal: AbortSignal) {
    const { network, view, clock, frames } = parts;
    this.rows = network.layers.map((layer) => new LayerRow(layer, parts));
    this.path = new PathPlayer(view, () => parts.scene(), signal);
    this.element = h(
      'aside.side', { 'aria-label': 'Layers and selection' },
      h('section', h('h2', 'Layers'), h('ul.layers-list', ...this.rows.map((row) => row.element))),
      this.selection,
      setsSection(view, () => parts.scene()?.fitSelection(), signal),
      this.detail,
      bookmarksSection(view, () => parts.scene()?.pose() ?? null, this.path.element, signal),
    );
    view.subscribe(['hidden', 'theme'], () => this.paintLayers(), signal);
    view.subscribe(['selection'], () => this.paintSelection(), signal);
    clock.onChange(() => this.refresh(), signal);
    let asked = false;
    frames.onChange(() => {
      if (asked) return;
      asked = true;
      setTimeout(() => { asked = false; this.refresh(); }, 60);
    }, signal);
    const timer = setInterval(() => (clock.playing || view.get('colour') === 'reconstruction') && this.refresh(), REFRESH_MS);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    this.paintLayers();
    this.paintSelection();
    this.refresh();
  }

  private paintLayers(): void {
    for (const row of this.rows) row.paint();
  }

  private refresh(): void {
    const { network, frames, clock } = this.parts;
    const rates = layerRates(frames, clock.t_us, clock.level, RATE_WINDOW_US, network.layers.map((layer) => layer.n_neurons));
    this.rows.forEach((row, at) => row.showRate(rates === null ? null : rates.rates_hz[at], rates?.window_us ?? RATE_WINDOW_US));
    this.paintDetail();
  }

  private paintSelection(): void {
    const { view, network } = this.parts;
    const selected = view.get('selection');
    const { scene } = this.parts;
    this.selection.replaceChildren(h(
      'div.section-head', h('h2', 'Selected'),
      h(
        'div.selection-tools',
        iconButton('box', 'Select in a box: drag in the scene', 'Shift drag', () => scene()?.selectBy?.('box')),
        iconButton('lasso', 'Select inside a line: draw in the scene', 'Alt drag', () => scene()?.selectBy?.('lasso')),
        ...(selected.length > 0 ? [
          iconButton('keep', 'Keep the selection as a set', '', () => keepSelection(view)),
          iconButton('close', 'Clear the selection', 'Esc', () => view.set({ selection: [] })),
        ] : []),
      ),
    ));
    if (selected.length > 0) {
      const byLayer = new Map<string, number>();
      for (const neuron of selected) {
        const { layer } = neuronRef(neuron, network.layers);
        byLayer.set(layer, (byLayer.get(layer) ?? 0) + 1);
      }
      this.selection.append(
        h('p.facts', [...byLayer].map(([layer, n]) => `${formatCount(n)} in ${layer}`).join(', ')),
      );
    }
    this.paintDetail();
  }

  /** The reconstructed input as pictures, one for each input layer; null in other colour modes. */
  private reconstructed(): HTMLElement[] | null {
    const found = this.parts.scene()?.reconstruction?.() ?? null;
    if (found === null) return null;
    return this.parts.network.layers.filter(({ name }) => found.inputs.includes(name)).flatMap((layer) => [
      h('h3', `Responds to, on ${layer.name}`), patternImage(layer, found.values.subarray(layer.offset, layer.offset + layer.n_neurons)),
    ]);
  }

  private paintDetail(): void {
    const { view, network, frames, clock, scene } = this.parts;
    const neuron = view.get('selection').at(-1);
    if (neuron === undefined) {
      this.detail.replaceChildren(h('p.hint', 'Click a neuron to see what it does.'));
      return;
    }
    const ref = neuronRef(neuron, network.layers);
    const layer = network.layers.find((candidate) => candidate.name === ref.layer) as LayerInfo;
    const facts: [string, string][] = [];
    if (layer.shape.length > 1) facts.push(['place', placeOf(ref.neuron, layer.shape)]);
    if (layer.cell_type || layer.neuron_type) facts.push(['type', [layer.cell_type, layer.neuron_type].filter(Boolean).join(', ')]);
    const activity = neuronActivity(frames, layer.index, neuron, clock.t_us, clock.level, NEURON_WINDOW_US);
    if (activity) {
      const window = formatDuration(activity.window_us);
      facts.push([`rate, last ${window}`, formatRate(activity.rate_hz)]);
      facts.push(['last spike', activity.last_spike_us === null ? `none in ${window}` : formatTime(activity.last_spike_us, frames.bin_us)]);
    } else facts.push(['rate', 'loading']);
    for (const stream of network.potentials) {
      if (stream.layer !== layer.name) continue;
      const state = frames.stateAt(stream.variable, layer.name, clock.level, frames.frameAt(clock.t_us, clock.level));
      const value = state?.values[ref.neuron];
      if (value === undefined) continue;
      facts.push([stream.variable, Number.isNaN(value) ? 'not recorded' : `${formatValue(value)}${stream.unit === '1' ? '' : ` ${stream.unit}`}`]);
    }
    const strongest = scene()?.synapsesOf?.(neuron, 5) ?? [];
    this.detail.replaceChildren(
      h('div.section-head', h('h2', h('i.dot', { style: `--hue: ${layerColour(layer.index, view.get('theme'))}` }), `${layer.name} ${ref.neuron}`)),
      h('dl.facts-table', ...facts.map(([name, value]) => h('div', h('dt', name), h('dd', value)))),
      ...(this.reconstructed() ?? []),
      ...(strongest.length > 0 ? [h('h3', 'Strongest synapses')] : []),
      ...strongest.map((synapse) => {
        const other = synapse.pre === neuron ? synapse.post : synapse.pre;
        const decoder = network.projections.find((p) => p.name === synapse.projection)?.kind === 'decoder';
        const name = synapse.pre === neuron && decoder ? `dimension ${synapse.post}` : `${neuronRef(other, network.layers).layer} ${neuronRef(other, network.layers).neuron}`;
        return h('p.synapse', h('span', `${synapse.pre === neuron ? 'to' : 'from'} ${name}`), h('span.numbers', formatValue(synapse.weight)));
      }),
    );
  }
}

class LayerRow {
  readonly element: HTMLLIElement;
  private readonly eye: HTMLButtonElement;
  private readonly name: HTMLButtonElement;
  private readonly titled: (window_us: number) => string;
  private readonly rate = h('span.rate.numbers');

  constructor(private readonly layer: LayerInfo, private readonly parts: SidePanelParts) {
    const key = layer.index < 9 ? String(layer.index + 1) : '';
    this.eye = iconButton('eye', `Hide ${layer.name}`, '', () => this.toggle());
    const shape = layer.shape.length > 1 ? ` (${layer.shape.join(' x ')})` : '';
    this.titled = (window_us) => `${layer.name}: ${plural(layer.n_neurons, 'neuron')}${shape}, ${plural(layer.n_spikes, 'spike')}. `
      + `Its rate is the mean of the last ${formatDuration(window_us)}. Fly to it${key ? ` (${key})` : ''}`;
    this.name = h(
      'button.layer-name', { type: 'button', title: this.titled(RATE_WINDOW_US), onclick: () => parts.scene()?.fitLayer(layer.index) },
      h('span.ellipsis', layer.name), this.rate,
    );
    this.element = h('li.layer-row', h('i.dot'), this.name, this.eye);
  }

  toggle(): void {
    const { view } = this.parts;
    const hidden = view.get('hidden');
    const { name } = this.layer;
    view.set({ hidden: hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name] });
  }

  paint(): void {
    const { view } = this.parts;
    const hidden = view.get('hidden').includes(this.layer.name);
    this.element.style.setProperty('--hue', layerColour(this.layer.index, view.get('theme')));
    this.element.dataset['hidden'] = String(hidden);
    setIcon(this.eye, hidden ? 'eyeOff' : 'eye');
    const name = `${hidden ? 'Show' : 'Hide'} ${this.layer.name}`;
    this.eye.setAttribute('aria-label', name);
    this.eye.title = name;
    this.eye.setAttribute('aria-pressed', String(!hidden));
  }

  showRate(rate: number | null, window_us: number): void {
    // A moment at the edge of what is loaded does not make the last rate wrong.
    if (rate === null && this.parts.clock.playing && this.rate.textContent !== '') return;
    setText(this.rate, `${formatCount(this.layer.n_neurons)}  ·  ${rate === null ? 'loading' : formatRate(rate)}`);
    const title = this.titled(window_us);
    if (this.name.title !== title) this.name.title = title;
  }
}

/** Row and column of a neuron in its layer's shape. */
function placeOf(neuron: number, shape: readonly number[]): string {
  const places: number[] = [];
  let rest = neuron;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    places.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return places.length === 2 ? `row ${places[0]}, column ${places[1]}` : places.join(', ');
}
