/** The view in the URL: `/view/<recording>?t=12.48&...`, defaults left out, written with replaceState after a pause. */

import type { NeuronRef, ViewState } from '../net/messages.gen';
import type { LayerInfo } from './frames';
import type { LoopRange } from './playback';
import { VIEW_DEFAULTS, type ColourMode, type ViewValues } from './view';

const WRITE_AFTER_MS = 300;
const COLOURS: readonly ColourMode[] = ['spikes', 'rate', 'potential', 'recruitment', 'count'];

/** What the URL says; absent fields were not there. */
export type LinkedView = Partial<ViewState> & { recording: string };

export function readLink(url: URL): LinkedView | null {
  const match = /^\/view\/([^/]+)\/?$/.exec(url.pathname);
  const recording = match ? decodeURIComponent(match[1]) : url.searchParams.get('recording');
  if (!recording) return null;
  const query = url.searchParams;
  const linked: LinkedView = { recording };
  const seconds = numberOf(query.get('t'));
  if (seconds !== null) linked.t_us = Math.round(seconds * 1e6);
  const speed = numberOf(query.get('speed'));
  if (speed) linked.speed = speed;
  const loop = numbersOf(query.get('loop'));
  if (loop?.length === 2) linked.loop = [Math.round(loop[0] * 1e6), Math.round(loop[1] * 1e6)];
  const colour = query.get('colour') as ColourMode | null;
  if (colour && COLOURS.includes(colour)) linked.colour = colour;
  const variable = query.get('variable');
  if (variable) linked.variable = variable;
  const layout = query.get('layout');
  if (layout) linked.layout = layout;
  const spread = numberOf(query.get('spread'));
  if (spread) linked.spread = spread;
  const hidden = query.get('hidden');
  if (hidden) linked.hidden = hidden.split(',').map(decodeURIComponent);
  const selection = query.get('select');
  if (selection) linked.selection = selection.split(',').map(neuronOf).filter((ref) => ref !== null);
  const synapses = query.get('synapses');
  if (synapses !== null) {
    const budget = numberOf(synapses);
    linked.synapses = { shown: budget !== 0, budget: budget ?? VIEW_DEFAULTS.synapses };
  }
  const camera = numbersOf(query.get('camera'));
  if (camera?.length === 6) {
    linked.camera = {
      position: [camera[0], camera[1], camera[2]], target: [camera[3], camera[4], camera[5]],
    };
  }
  const theme = query.get('theme');
  if (theme === 'light' || theme === 'dark') linked.theme = theme;
  return linked;
}

/** The address of a view, defaults left out. */
export function linkOf(
  recording: string, t_us: number, speed: number, loop: LoopRange | null, view: Readonly<ViewValues>,
  layers: readonly LayerInfo[],
): string {
  const query = new URLSearchParams();
  query.set('t', String(Math.round(t_us) / 1e6));
  if (speed !== 1) query.set('speed', String(speed));
  if (loop) query.set('loop', `${loop.t_start_us / 1e6},${loop.t_stop_us / 1e6}`);
  if (view.colour !== VIEW_DEFAULTS.colour) query.set('colour', view.colour);
  if (view.variable !== VIEW_DEFAULTS.variable) query.set('variable', view.variable);
  if (view.layout !== VIEW_DEFAULTS.layout) query.set('layout', view.layout);
  if (view.spread !== VIEW_DEFAULTS.spread) query.set('spread', String(view.spread));
  if (view.hidden.length > 0) query.set('hidden', view.hidden.map(encodeURIComponent).join(','));
  if (view.selection.length > 0) {
    query.set('select', view.selection.slice(0, 200).map((neuron) => refOf(neuron, layers)).join(','));
  }
  if (view.synapses !== VIEW_DEFAULTS.synapses) query.set('synapses', String(view.synapses));
  if (view.camera) {
    query.set('camera', [...view.camera.position, ...view.camera.target].map((v) => Number(v.toPrecision(5))).join(','));
  }
  if (view.theme !== VIEW_DEFAULTS.theme) query.set('theme', view.theme);
  return `/view/${encodeURIComponent(recording)}?${query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

/** Global indices of references; those that do not exist are left out. */
export function globalIds(selection: readonly NeuronRef[], layers: readonly LayerInfo[]): number[] {
  return selection.flatMap(({ layer, neuron }) => {
    const found = layers.find((candidate) => candidate.name === layer);
    return found && neuron >= 0 && neuron < found.n_neurons ? [found.offset + neuron] : [];
  });
}

export function neuronRef(neuron: number, layers: readonly LayerInfo[]): NeuronRef {
  const layer = layers.findLast((candidate) => candidate.offset <= neuron) ?? layers[0];
  return { layer: layer?.name ?? '', neuron: neuron - (layer?.offset ?? 0) };
}

/** Writes the address after the view has been still for a moment; `current` returns it. */
export class AddressBar {
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly current: () => string, signal: AbortSignal) {
    signal.addEventListener('abort', () => this.timer !== null && clearTimeout(this.timer), { once: true });
  }

  touch(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      history.replaceState(null, '', this.current());
    }, WRITE_AFTER_MS);
  }
}

function refOf(neuron: number, layers: readonly LayerInfo[]): string {
  const ref = neuronRef(neuron, layers);
  return `${encodeURIComponent(ref.layer)}:${ref.neuron}`;
}

function neuronOf(text: string): NeuronRef | null {
  const at = text.lastIndexOf(':');
  const neuron = Number(text.slice(at + 1));
  return at > 0 && Number.isInteger(neuron) ? { layer: decodeURIComponent(text.slice(0, at)), neuron } : null;
}

function numberOf(text: string | null): number | null {
  if (text === null || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function numbersOf(text: string | null): number[] | null {
  if (!text) return null;
  const values = text.split(',').map(Number);
  return values.every(Number.isFinite) ? values : null;
}
