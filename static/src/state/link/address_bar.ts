/** The view in the URL: `/view/<recording>?t=12.48&...`, defaults left out, written with replaceState after a pause. */

import { LinkQuery, type Misread, numbersOf } from './link_query';
import { decoded, neuronsToText, textToNeurons } from './neuron_ranges';
import type { LayerInfo } from '../frames';
import type { LoopRange } from '../playback';
import type { NeuronRef, ViewState } from '../../net/messages.gen';
import {
  SAME_MOMENT, VIEW_DEFAULTS, type Camera, type ColourMode, type ComparisonWish, type NeuronSet, type RuleEnd, type ViewValues,
} from '../view';

const WRITE_AFTER_MS = 300;
/** Servers and chat programs cut longer addresses: selections that would make it longer are left out, and said so. */
const MOST_CHARACTERS = 7000;
const FARTHEST = 1e6;
const COLOURS: readonly ColourMode[] = [
  'spikes', 'rate', 'potential', 'recruitment', 'persistence', 'count', 'selectivity', 'in_degree', 'health',
  'reconstruction',
];
const CHOICES: readonly ViewValues['synapse_choice'][] = ['both', 'top', 'sample', 'change'];
const BUNDLES: readonly ViewValues['bundles'][] = ['far', 'always', 'never'];
const WIDTHS: readonly ViewValues['bundle_width'][] = ['weight', 'number'];
const DIRECTIONS: readonly ViewValues['synapse_direction'][] = ['both', 'incoming', 'outgoing'];

/** What the URL says; absent fields were not there. Neurons stay text until the layers are known. */
export type LinkedView = Partial<Omit<ViewState, 'selection' | 'sets' | 'rule'>> & {
  recording: string;
  selection?: string;
  sets?: string;
  rule?: string;
  /** What stands in it and cannot be read. */
  misread?: readonly Misread[];
};

export function readLink(url: URL): LinkedView | null {
  const match = /^\/(?:view|embed)\/([^/]+)\/?$/.exec(url.pathname);
  const recording = match ? decoded(match[1]) : url.searchParams.get('recording');
  if (!recording) return null;
  const query = new LinkQuery(url.searchParams);
  const linked: LinkedView = { recording };
  const seconds = query.number('t');
  if (seconds !== undefined) linked.t_us = Math.round(seconds * 1e6);
  linked.speed = query.read('speed', (text) => numbersOf(text, 1)?.[0] || null);
  linked.loop = query.read('loop', rangeOf);
  linked.zoom = query.read('zoom', rangeOf);
  linked.colour = query.word('colour', COLOURS);
  linked.variable = query.text('variable');
  linked.layout = query.text('layout');
  linked.order = query.read('order', namesOf);
  linked.spread = query.number('spread', 0.01, 100);
  linked.fan = query.number('fan', 0, 1);
  linked.hidden = query.read('hidden', namesOf);
  linked.selection = query.text('select');
  linked.sets = query.text('sets');
  const synapses = query.number('synapses', 0);
  const threshold = query.number('threshold', 0);
  const choice = query.word('choose', CHOICES);
  const direction = query.word('direction', DIRECTIONS);
  const bundles = query.word('bundles', BUNDLES);
  const bundle_width = query.word('width', WIDTHS);
  const ghosts = query.read('ghosts', ghostsOf);
  if ([synapses, threshold, choice, direction, bundles, bundle_width, ghosts].some((value) => value !== undefined)) {
    linked.synapses = {
      shown: synapses !== 0, budget: synapses ?? VIEW_DEFAULTS.synapses, threshold: threshold ?? 0,
      choice: choice ?? VIEW_DEFAULTS.synapse_choice, direction: direction ?? VIEW_DEFAULTS.synapse_direction,
      bundles: bundles ?? VIEW_DEFAULTS.bundles, bundle_width: bundle_width ?? VIEW_DEFAULTS.bundle_width,
      ghosts: ghosts !== undefined, ghosts_below: ghosts?.below ?? 0, ghosts_of: ghosts?.of ?? '',
    };
  }
  linked.camera = query.read('camera', cameraOf);
  linked.bookmarks = query.read('bookmarks', bookmarksOf);
  linked.path_s = query.number('path', 0.01, 1e5);
  linked.clip = query.read('clip', clipOf);
  linked.rule = query.text('rule');
  linked.minimap = query.word('minimap', ['off', 'above', 'side'] as const);
  linked.glow_frames = query.number('glow', 0.01, 1e5);
  linked.point_size = query.number('size', 0.01, 100);
  if (query.word('legend', ['on', 'off'] as const) === 'off') linked.legend = false;
  linked.theme = query.word('theme', ['light', 'dark'] as const);
  linked.comparison = query.read('compare', comparisonOf);
  linked.stimuli = query.text('stimuli');
  if (query.misread.length > 0) linked.misread = query.misread;
  return defined(linked);
}

/** What a link says about the view, once the layers are known. */
export function linkedValues(link: LinkedView, layers: readonly LayerInfo[]): Partial<ViewValues> {
  const { synapses } = link;
  return defined({
    colour: link.colour, variable: link.variable, layout: link.layout, order: link.order, spread: link.spread, fan: link.fan,
    hidden: link.hidden, theme: link.theme, legend: link.legend, decay_frames: link.glow_frames, point_size: link.point_size,
    bookmarks: link.bookmarks, camera: link.camera ?? null, path_s: link.path_s, clip: link.clip, minimap: link.minimap,
    rule: ruleOf(link.rule ?? '', layers) ?? undefined,
    comparison: link.comparison ? { ...SAME_MOMENT, ...link.comparison } : undefined, stimuli: link.stimuli,
    zoom: link.zoom ? { t_start_us: link.zoom[0], t_stop_us: link.zoom[1] } : undefined,
    selection: textToNeurons(link.selection ?? '', layers),
    sets: setsOf(link.sets ?? '', layers),
    ...(synapses === undefined ? {} : {
      synapses: synapses.shown === false ? 0 : synapses.budget, synapse_threshold: synapses.threshold,
      synapse_choice: synapses.choice, synapse_direction: synapses.direction,
      bundles: synapses.bundles, bundle_width: synapses.bundle_width, ghosts: synapses.ghosts, ghosts_below: synapses.ghosts_below, ghosts_of: synapses.ghosts_of,
    }),
  } satisfies { [K in keyof ViewValues]?: ViewValues[K] | undefined });
}

/** The address of a view, defaults left out. */
export function linkOf(
  recording: string, t_us: number, speed: number, loop: LoopRange | null, view: Readonly<ViewValues>,
  layers: readonly LayerInfo[],
): string {
  return linkParts(recording, t_us, speed, loop, view, layers).link;
}

/** The same, and what had to be left out of it because it would be too long for an address. */
export function linkParts(
  recording: string, t_us: number, speed: number, loop: LoopRange | null, view: Readonly<ViewValues>,
  layers: readonly LayerInfo[],
): { link: string; left_out: readonly string[] } {
  const query: [string, string][] = [['t', String(Math.round(t_us) / 1e6)]];
  const left_out: string[] = [];
  const add = <K extends keyof ViewValues>(key: K, name: string, text: (value: ViewValues[K]) => string = String): void => {
    if (JSON.stringify(view[key]) !== JSON.stringify(VIEW_DEFAULTS[key])) query.push([name, text(view[key])]);
  };
  if (speed !== 1) query.push(['speed', String(speed)]);
  if (loop) query.push(['loop', `${loop.t_start_us / 1e6},${loop.t_stop_us / 1e6}`]);
  add('zoom', 'zoom', (zoom) => (zoom === null ? '' : `${zoom.t_start_us / 1e6},${zoom.t_stop_us / 1e6}`));
  add('colour', 'colour');
  add('variable', 'variable');
  add('layout', 'layout');
  add('order', 'order', namesToText);
  add('spread', 'spread', short);
  add('fan', 'fan', short);
  add('hidden', 'hidden', namesToText);
  add('synapses', 'synapses');
  add('synapse_threshold', 'threshold', short);
  add('synapse_choice', 'choose');
  add('synapse_direction', 'direction');
  add('bundles', 'bundles');
  add('bundle_width', 'width');
  if (view.ghosts) query.push(['ghosts', view.ghosts_of === '' ? short(view.ghosts_below) : `${Number(view.ghosts_below.toPrecision(6))}~${view.ghosts_of}`]);
  add('camera', 'camera', (camera) => cameraToText(camera as Camera));
  add('decay_frames', 'glow', short);
  add('point_size', 'size', short);
  add('legend', 'legend', () => 'off');
  add('theme', 'theme');
  add('comparison', 'compare', (wish) => (wish === null ? '' : comparisonToText(wish)));
  add('stimuli', 'stimuli');
  add('bookmarks', 'bookmarks', (bookmarks) => bookmarks.map(({ name, camera }) => `${encodeURIComponent(name)}~${cameraToText(camera).replaceAll(',', '_')}`).join(','));
  add('path_s', 'path', short);
  add('clip', 'clip', (clip) => clip.map(short).join(','));
  add('rule', 'rule', (rule) => (rule ?? []).map((end) => ruleEndToText(end, layers)).join(';'));
  add('minimap', 'minimap');
  const room = (): number => MOST_CHARACTERS - query.reduce((sum, [name, text]) => sum + name.length + text.length + 2, 0);
  const selection = neuronsToText(view.selection, layers);
  if (selection.length > room()) left_out.push(`the selection of ${view.selection.length} neurons`);
  else if (selection !== '') query.push(['select', selection]);
  const sets = view.sets.map(({ name, colour, neurons }) => `${encodeURIComponent(name)}~${colour.slice(1)}~${neuronsToText(neurons, layers)}`).join(';');
  if (sets.length > room()) left_out.push('the selection sets');
  else if (sets !== '') query.push(['sets', sets]);
  const text = query.map(([name, value]) => `${name}=${readable(encodeURIComponent(value))}`).join('&');
  return { link: `/view/${encodeURIComponent(recording)}?${text}`, left_out };
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

// ------------------------------------------------------------------ parts

function setsOf(text: string, layers: readonly LayerInfo[]): NeuronSet[] {
  return text.split(';').flatMap((part) => {
    const match = /^(.*?)~([0-9a-f]{6})~(.*)$/.exec(part);
    if (match === null) return [];
    const neurons = textToNeurons(match[3], layers).sort((a, b) => a - b);
    return [{ name: decoded(match[1]), colour: `#${match[2]}`, neurons }];
  });
}

/** "recording~seconds~mode~stimuli". */
function comparisonToText({ recording, offset_us, mode, stimuli }: ComparisonWish): string {
  return [encodeURIComponent(recording), String(offset_us / 1e6), mode, encodeURIComponent(stimuli)].join('~');
}

function comparisonOf(text: string): ComparisonWish | null {
  const [recording = '', offset = '', mode = '', stimuli = ''] = text.split('~');
  const seconds = offset === '' ? [0] : numbersOf(offset, 1);
  if (seconds === null || !['', 'side', 'difference'].includes(mode)) return null;
  return {
    recording: decoded(recording), offset_us: Math.round(seconds[0] * 1e6),
    mode: mode === 'difference' ? 'difference' : SAME_MOMENT.mode, stimuli: decoded(stimuli),
  };
}

/** "0.2": a part of full colour; "0.03~name": a weight of one projection. */
function ghostsOf(text: string): { below: number; of: string } | null {
  const cut = text.indexOf('~');
  const [below] = numbersOf(cut < 0 ? text : text.slice(0, cut), 1) ?? [];
  if (below === undefined) return null;
  return cut < 0 ? { below: Math.min(1, Math.max(0, below)), of: '' } : { below: Math.max(0, below), of: text.slice(cut + 1) };
}

function bookmarksOf(text: string): { name: string; camera: NonNullable<ReturnType<typeof cameraOf>> }[] | null {
  const found = text.split(',').flatMap((part) => {
    const at = part.lastIndexOf('~');
    const camera = cameraOf(part.slice(at + 1).replaceAll('_', ','));
    return at < 0 || camera === null ? [] : [{ name: decoded(part.slice(0, at)), camera }];
  });
  return found.length > 0 ? found : null;
}

/** Ends are neurons ("hidden:17") or places ("@1,2,3"). */
function ruleOf(text: string, layers: readonly LayerInfo[]): ViewValues['rule'] {
  const ends = text.split(';').flatMap((part): RuleEnd[] => {
    if (!part.startsWith('@')) return textToNeurons(part, layers).slice(0, 1).map((neuron) => ({ neuron }));
    const v = numbersOf(part.slice(1), 3);
    return v === null ? [] : [{ place: [v[0], v[1], v[2]] }];
  });
  return ends.length === 2 ? [ends[0], ends[1]] : null;
}

function ruleEndToText(end: RuleEnd, layers: readonly LayerInfo[]): string {
  return 'neuron' in end ? neuronsToText([end.neuron], layers) : `@${end.place.map((v) => Number(v.toPrecision(6))).join(',')}`;
}

function clipOf(text: string): [number, number, number, number, number, number] | null {
  const v = numbersOf(text, 6)?.map((part) => Math.min(1, Math.max(0, part)));
  return v !== undefined && v[0] < v[1] && v[2] < v[3] && v[4] < v[5] ? [v[0], v[1], v[2], v[3], v[4], v[5]] : null;
}

/** Where the viewer stands, and looks to: two places, and not so far away that float32 cannot tell them apart. */
function cameraOf(text: string): { position: [number, number, number]; target: [number, number, number] } | null {
  const v = numbersOf(text, 6, -FARTHEST, FARTHEST);
  if (v === null || Math.hypot(v[0] - v[3], v[1] - v[4], v[2] - v[5]) < 1e-6) return null;
  return { position: [v[0], v[1], v[2]], target: [v[3], v[4], v[5]] };
}

function cameraToText({ position, target }: Camera): string {
  return [...position, ...target].map((v) => Number(v.toPrecision(6))).join(',');
}

function namesToText(names: readonly string[]): string {
  return names.map(encodeURIComponent).join(',');
}

function namesOf(text: string): string[] {
  return text.split(',').map(decoded);
}

/** From and to, in seconds. */
function rangeOf(text: string): [number, number] | null {
  const seconds = numbersOf(text, 2);
  return seconds !== null && seconds[0] < seconds[1] ? [Math.round(seconds[0] * 1e6), Math.round(seconds[1] * 1e6)] : null;
}

/** Commas, colons, tildes and semicolons are allowed in a query and read better as they are. */
function readable(text: string): string {
  return text.replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%7E', '~').replaceAll('%3B', ';');
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** The same object without the keys that are undefined. */
function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
