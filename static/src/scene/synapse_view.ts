/**
 * Which synapses are shown and with which weights: the chosen ones of the whole network, and all of the selected
 * neurons. Fetches each projection's ends once, chooses anew when the weights have moved on, and counts what is drawn.
 */

import { round125 } from './activity';
import { chooseAbove, chooseSynapses, countAbove, shareBudget, strongest } from './synapse_choice';
import { SynapseLines, type Segments, weightDifference } from './synapses';
import { WeightChanges } from './weight_changes';
import type { NeuronTable } from './neuron_table';
import type { FrameSource, Network, ProjectionInfo, StateView, Synapses } from '../state/frames';
import type { SynapseDirection, View } from '../state/view';

/** A selected hub may have millions: more than this is not drawn, and said so. */
const MOST_SELECTED = 40_000;
const CHOOSE_EVERY_MS = 1500;
/** Changes are looked for over about so long on the wall clock: what has been learned since the last choice. */
const CHANGE_S = CHOOSE_EVERY_MS / 1000;
/** Choosing is linear in the synapses; above this it happens only when the playhead rests. */
const QUICK_SYNAPSES = 2_000_000;

interface Loaded {
  readonly info: ProjectionInfo;
  readonly synapses: Synapses;
  /** Point id of post 0: decoders end at their place. */
  readonly postBase: number;
  scale: number;
  unit: string;
  chosenVersion: string;
  /** In choice "change": the weights that the drawn ones are compared with, and |change| of full colour. */
  before: Float32Array | null;
  changeScale: number;
}

/** How many synapses of a projection may be drawn, and by which values (least: |value| at least, 0 = all). */
interface Candidates {
  readonly n: number;
  readonly strengths: Float32Array | null;
  readonly least: number;
  /** Frames over which changes were looked for. */
  readonly frames: number;
}

/** A projection as others may look at it. */
export interface VisitedProjection {
  readonly info: ProjectionInfo;
  readonly synapses: Synapses;
  /** |weight| of full colour; 0 while unknown. */
  readonly scale: number;
  readonly unit: string;
  /** Only good during the visit; null while unknown. */
  readonly values: Float32Array | null;
  readonly version: number;
  /** Point ids of segments: pre, post. */
  ends(ids: Uint32Array): Uint32Array;
  touching(neuron: number, direction: SynapseDirection): Iterable<number>;
}

export interface SynapseCounts {
  readonly drawn: number;
  readonly total: number;
  readonly n_top: number;
  readonly n_sample: number;
  /** Of the selection: drawn of all. */
  readonly selected: number;
  readonly selectedTotal: number;
  /** In choice "change": over how long, and how many have changed; 0 while that is not known. */
  readonly interval_us: number;
  readonly changed: number;
  /** At least so large a part of full colour. */
  readonly threshold: number;
  /** Projections that are not compared: the other side has other synapses there. */
  readonly unlike: readonly string[];
}

/** The weights of a projection on the other side at its playhead. */
export interface OtherWeights {
  readonly state: StateView;
  readonly synapses: Synapses;
}

export class SynapseView {
  readonly chosen: SynapseLines;
  readonly selected: SynapseLines;
  counts: SynapseCounts = { drawn: 0, total: 0, n_top: 0, n_sample: 0, selected: 0, selectedTotal: 0, interval_us: 0, changed: 0, threshold: 0, unlike: [] };
  /** Projections whose synapses could not be fetched, with the reason. */
  readonly failed = new Map<string, string>();
  private readonly network: Network;
  private readonly frames: FrameSource;
  private readonly view: View;
  private readonly table: NeuronTable;
  private readonly changes: WeightChanges;
  private readonly loaded: Loaded[] = [];
  private readonly seed: number;
  private chosen_ms = -Infinity;
  private stale = true;
  private staleSelection = true;
  /** In choice "change": the weights to compare with were not here. */
  private lacksEarlier = false;
  private data = false;
  /** The view beside this one: equal weights have equal colours in both. */
  twin: SynapseView | null = null;
  private other: ((projection: string) => OtherWeights | null) | null = null;
  /** What was chosen from, where all of it is drawn; else null. */
  private wholly: string | null = null;
  private bundled = 0;
  private readonly onLoad: () => void;

  constructor(
    network: Network, frames: FrameSource, view: View, table: NeuronTable,
    shared: Record<string, import('three').IUniform>, signal: AbortSignal, onLoad: () => void,
  ) {
    this.network = network;
    this.frames = frames;
    this.view = view;
    this.table = table;
    this.changes = new WeightChanges(frames);
    this.onLoad = onLoad;
    this.chosen = new SynapseLines(table, shared, 3);
    this.selected = new SynapseLines(table, shared, 5);
    this.selected.uniforms.strength.value = 0.85;
    this.seed = [...network.recording].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);
    view.subscribe(['synapses', 'synapse_choice', 'synapse_threshold', 'hidden'], () => (this.stale = true), signal);
    frames.onChange((change) => { if (change.kind === 'values' && this.lacksEarlier) this.stale = true; }, signal);
    view.subscribe(['selection', 'synapse_direction', 'lit'], () => (this.staleSelection = true), signal);
    for (const projection of network.projections) void this.load(projection, signal);
  }

  /** Projections whose weights the scene wants. */
  demanded(): string[] {
    const shown = this.view.get('synapses') > 0 || this.view.get('selection').length > 0 || this.view.get('colour') === 'in_degree';
    return shown ? this.network.projections.filter((projection) => projection.has_weights).map(({ name }) => name) : [];
  }

  /**
   * Chooses and colours for a frame.
   *
   * @param rest true when the playhead does not run: choose at once
   * @param speed recorded seconds a second, for the interval over which changes are looked for
   * @returns true when the picture changed
   */
  update(level: number, frame: number, now_ms: number, rest: boolean, speed: number): boolean {
    let changed = false;
    const total = this.loaded.reduce((sum, { info }) => sum + info.n_synapses, 0);
    const due = rest || (now_ms - this.chosen_ms > CHOOSE_EVERY_MS && total <= QUICK_SYNAPSES);
    const moved = due && this.loaded.some((p) => p.info.has_weights && this.versionOf(p, level, frame) !== p.chosenVersion);
    if (this.stale || (moved && now_ms - this.chosen_ms > (rest ? 100 : CHOOSE_EVERY_MS))) {
      this.choose(level, frame, rest, speed);
      this.chosen_ms = now_ms;
      this.stale = false;
      changed = true;
    }
    if (this.staleSelection) {
      this.select();
      this.staleSelection = false;
      changed = true;
    }
    for (const projection of this.loaded) {
      const state = this.state(projection, level, frame);
      if (state === null) continue;
      projection.unit = state.unit;
      if (projection.scale === 0) projection.scale = scaleOf(state.values, Math.max(Math.abs(state.min), Math.abs(state.max)), 0);
      const { name } = projection.info;
      projection.scale = Math.max(projection.scale, this.twin?.scaleOf(name) ?? 0);
      const other = this.alike(projection);
      if (other !== null) {
        const version = this.versionOf(projection, level, frame);
        for (const lines of [this.chosen, this.selected]) {
          changed = lines.setWeights(name, other.state.values, version, projection.changeScale || 1, state.values) || changed;
        }
        continue;
      }
      changed = (projection.before === null
        ? this.chosen.setWeights(name, state.values, state.version, projection.scale)
        : this.chosen.setWeights(name, state.values, state.version, projection.changeScale, projection.before)) || changed;
      changed = this.selected.setWeights(name, state.values, state.version, projection.scale) || changed;
    }
    return changed;
  }

  /** Steps back where the neurons' colours are data to be read, and sends no light along then. */
  setData(data: boolean): void {
    if (data === this.data) return;
    this.data = data;
    for (const lines of [this.chosen, this.selected]) lines.uniforms.pulseGain.value = data ? 0 : 1;
    this.strengthen();
  }

  /** |weight| of full colour of a projection; 0 while unknown. */
  scaleOf(name: string): number {
    return this.loaded.find(({ info }) => info.name === name)?.scale ?? 0;
  }

  /** Draws what the other side's weights have more than the own ones; null: the own ones. */
  compareWith(other: ((projection: string) => OtherWeights | null) | null): void {
    if (other === null && this.other === null) return;
    this.other = other;
    this.stale = this.staleSelection = true;
  }

  /** The weights of a projection, for the other side that is compared with this one. */
  weightsOf(name: string, level: number, frame: number): OtherWeights | null {
    const found = this.loaded.find(({ info }) => info.name === name);
    const state = found === undefined ? null : this.state(found, level, frame);
    return found === undefined || state === null ? null : { state, synapses: found.synapses };
  }

  /** |weight| of full colour by projection, for the legend; 0 while unknown. */
  scales(): { name: string; scale: number; unit: string }[] {
    const changing = this.other !== null || this.view.get('synapse_choice') === 'change';
    return this.loaded
      .map(({ info, scale, changeScale, unit }) => ({ name: info.name, scale: changing ? changeScale : scale, unit }))
      .filter(({ scale }) => scale > 0);
  }

  /** The synapses of a neuron with their weights now, strongest first. */
  synapsesOf(
    neuron: number, limit: number, level: number, frame: number,
  ): { projection: string; pre: number; post: number; weight: number }[] {
    const found: { projection: string; pre: number; post: number; weight: number }[] = [];
    for (const projection of this.loaded) {
      const state = this.state(projection, level, frame);
      if (state === null) continue;
      const { pre, post } = projection.synapses;
      for (const id of touching(projection, neuron)) {
        const weight = state.values[id];
        if (weight === weight) found.push({ projection: projection.info.name, pre: pre[id], post: post[id], weight });
      }
    }
    return found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, limit);
  }

  /** Says the version of the weights of every projection onto neurons at a frame; "" while none are known. */
  weightsVersion(level: number, frame: number): string {
    return this.loaded.map((p) => (p.info.kind === 'decoder' ? '' : `${this.state(p, level, frame)?.version ?? ''}`)).join(' ').trim();
  }

  /** Visits the known weights of each of them; the values are only good during the visit. */
  eachWeights(level: number, frame: number, visit: (post: Uint32Array, values: Float32Array) => void): void {
    this.each(level, frame, ({ info, synapses, values }) => {
      if (values !== null && info.kind !== 'decoder') visit(synapses.post, values);
    });
  }

  /** Visits every projection whose synapses are here, with its weights as far as they are known. */
  each(level: number, frame: number, visit: (projection: VisitedProjection) => void): void {
    for (const projection of this.loaded) {
      const state = this.state(projection, level, frame);
      const { info, synapses, scale, unit } = projection;
      visit({
        info, synapses, scale, unit, values: state?.values ?? null, version: state?.version ?? -1, ends: (ids) => endsOf(projection, ids),
        touching: (neuron, direction) => touching(projection, neuron, direction),
      });
    }
  }

  /** The lines of the whole network make room for bundles: 0 = lines only, 1 = bundles only. */
  setBundled(part: number): void {
    if (part === this.bundled) return;
    this.bundled = part;
    this.strengthen();
  }

  dispose(): void {
    this.chosen.dispose();
    this.selected.dispose();
  }

  private state(projection: Loaded, level: number, frame: number): ReturnType<FrameSource['stateAt']> {
    return projection.info.has_weights ? this.frames.stateAt('weights', projection.info.name, level, frame) : null;
  }

  private async load(info: ProjectionInfo, signal: AbortSignal): Promise<void> {
    const place = this.table.rows.find((row) => row.kind === 'place' && row.name === info.target);
    if (info.kind === 'decoder' && place === undefined) return;
    try {
      const synapses = await this.network.synapses(info.name, signal);
      if (signal.aborted) return;
      const postBase = info.kind === 'decoder' && place !== undefined ? place.first : 0;
      this.loaded.push({ info, synapses, postBase, scale: 0, unit: '', chosenVersion: '', before: null, changeScale: 0 });
      this.loaded.sort((a, b) => a.info.index - b.info.index);
    } catch (error) {
      if (signal.aborted) return;
      this.failed.set(info.name, error instanceof Error ? error.message : String(error));
    }
    this.stale = this.staleSelection = true;
    this.onLoad();
  }

  private choose(level: number, frame: number, rest: boolean, speed: number): void {
    const hidden = new Set(this.view.get('hidden'));
    const choice = this.view.get('synapse_choice');
    const threshold = this.view.get('synapse_threshold');
    const frame_us = this.frames.bins(level) * this.frames.bin_us;
    const interval = Math.max(1, Math.round(round125((Math.abs(speed) * CHANGE_S * 1e6) / frame_us)));
    const shown = this.loaded.filter(({ info }) => !hidden.has(info.source) && !hidden.has(info.target));
    this.lacksEarlier = false;
    const candidates = shown.map((projection) => this.candidates(projection, level, frame, interval, rest));
    // Shared by what may be drawn: nobody else could use what a projection without changes got.
    const shares = shareBudget(candidates.map(({ n }) => n), this.view.get('synapses'));
    // Where all of them are drawn, other weights choose nothing else.
    const whole = choice !== 'change' && this.other === null
      && candidates.every(({ n }, i) => n === shown[i].info.n_synapses && n === shares[i]);
    const key = whole ? JSON.stringify([choice, threshold, shown.map(({ info }) => info.name)]) : null;
    if (key !== null && key === this.wholly) return;
    this.wholly = key;
    const ends: Uint32Array[] = [];
    const parts: { projection: string; synapses: Uint32Array }[] = [];
    let [n_top, n_sample, changed, interval_us] = [0, 0, 0, 0];
    shown.forEach((projection, i) => {
      const { n, strengths, least, frames } = candidates[i];
      if (choice === 'change' || this.other !== null) {
        changed += n;
        interval_us = Math.max(interval_us, frames * frame_us);
      }
      const how = choice === 'change' ? 'top' : choice;
      const found = strengths !== null && least > 0
        ? chooseAbove(strengths, least, shares[i], how, this.seed + i)
        : chooseSynapses(n, strengths, shares[i], how, this.seed + i);
      n_top += found.n_top;
      n_sample += found.n_sample;
      const ids = found.ids.reverse(); // the strongest are drawn last, on top
      ends.push(endsOf(projection, ids));
      parts.push({ projection: projection.info.name, synapses: ids });
    });
    this.chosen.setSegments({ ends: joined(ends), parts });
    this.chosen.uniforms.threshold.value = this.selected.uniforms.threshold.value = threshold;
    const total = this.network.projections.reduce((sum, { n_synapses }) => sum + n_synapses, 0);
    this.counts = { ...this.counts, drawn: this.chosen.n_segments, total, n_top, n_sample, changed, interval_us, threshold, unlike: this.unlike() };
    // The more lines, the fainter each: the sum stays about as bright.
    this.strengthen();
  }

  /** What of a projection may be drawn; takes over its scale and, in choice "change", what its weights are compared with. */
  private candidates(projection: Loaded, level: number, frame: number, interval: number, rest: boolean): Candidates {
    const { info } = projection;
    const threshold = this.view.get('synapse_threshold');
    const state = this.state(projection, level, frame);
    projection.chosenVersion = this.versionOf(projection, level, frame);
    projection.before = null;
    if (state !== null) {
      projection.scale = scaleOf(state.values, Math.max(Math.abs(state.min), Math.abs(state.max)), projection.scale);
    }
    if (this.other !== null) return this.differing(projection, state);
    if (this.view.get('synapse_choice') === 'change') {
      const before = state === null ? null : this.changes.before(info.name, level, frame, interval, rest);
      // Looking back moved the state away and here again, each time to a new version.
      projection.chosenVersion = this.versionOf(projection, level, frame);
      this.lacksEarlier ||= before === null;
      if (state === null || before === null) return { n: 0, strengths: null, least: 0, frames: 0 };
      const strengths = state.values.map((value, id) => value - before.values[id]);
      const moved = strengths.filter((change) => Math.abs(change) > 0);
      projection.changeScale = moved.length > 0 ? scaleOf(moved, 0, 0) : 0;
      if (moved.length > 0) projection.before = before.values;
      const least = Math.max(threshold * projection.changeScale, Number.MIN_VALUE);
      return { n: countAbove(strengths, least), strengths, least, frames: frame - before.frame };
    }
    const strengths = state?.values ?? null;
    const least = threshold * projection.scale;
    const n = strengths !== null && least > 0 ? countAbove(strengths, least) : info.n_synapses;
    return { n, strengths, least, frames: 0 };
  }

  /** The other side's weights of a projection where it has the same synapses; null where not, or where nothing is compared. */
  private alike({ info, synapses }: Loaded): OtherWeights | null {
    const other = this.other?.(info.name) ?? null;
    return other !== null && sameSynapses(synapses, other.synapses) ? other : null;
  }

  private unlike(): string[] {
    if (this.other === null) return [];
    return this.loaded.filter((projection) => projection.info.has_weights && this.alike(projection) === null && this.other?.(projection.info.name)).map(({ info }) => info.name);
  }

  private versionOf(projection: Loaded, level: number, frame: number): string {
    const other = this.other?.(projection.info.name) ?? null;
    return `${this.state(projection, level, frame)?.version ?? ''} ${other?.state.version ?? ''}`;
  }

  /** What of a projection differs from the other side's. */
  private differing(projection: Loaded, state: StateView | null): Candidates {
    const other = state === null ? null : this.alike(projection);
    projection.changeScale = 0;
    if (state === null || other === null) return { n: 0, strengths: null, least: 0, frames: 0 };
    const strengths = other.state.values.map((weight, id) => weightDifference(weight, state.values[id]));
    const moved = strengths.filter((difference) => Math.abs(difference) > 0);
    if (moved.length > 0) projection.changeScale = scaleOf(moved, 0, 0);
    const least = Math.max(this.view.get('synapse_threshold') * projection.changeScale, Number.MIN_VALUE);
    return { n: countAbove(strengths, least), strengths, least, frames: 0 };
  }

  private select(): void {
    const selection = this.view.get('selection');
    const direction = this.view.get('synapse_direction');
    const lit = new Set(this.view.get('lit').map(({ neuron }) => neuron));
    const last = selection[selection.length - 1];
    const ends: Uint32Array[] = [];
    const parts: Segments['parts'][number][] = [];
    let [drawn, all] = [0, 0];
    for (const projection of this.loaded) {
      const ids = new Set<number>();
      for (const neuron of selection) for (const id of touching(projection, neuron, direction)) ids.add(id);
      all += ids.size;
      // What led to a spike stands alone: the other synapses would hide it.
      if (lit.size > 0) for (const id of ids) if (projection.synapses.post[id] !== last || !lit.has(projection.synapses.pre[id])) ids.delete(id);
      const taken = Uint32Array.from(ids).subarray(0, Math.max(0, MOST_SELECTED - drawn));
      drawn += taken.length;
      if (taken.length === 0) continue;
      ends.push(endsOf(projection, taken));
      parts.push({ projection: projection.info.name, synapses: taken });
    }
    this.selected.setSegments({ ends: joined(ends), parts });
    this.selected.uniforms.strength.value = Math.min(0.95, Math.max(0.15, Math.sqrt(700 / Math.max(drawn, 1))));
    this.counts = { ...this.counts, selected: drawn, selectedTotal: all };
    this.strengthen();
  }

  private strengthen(): void {
    const n = Math.max(1, this.chosen.n_segments);
    const quiet = (this.counts.selected > 0 ? 0.14 : 1) * (this.data ? 0.55 : 1);
    this.chosen.uniforms.strength.value = (1 - this.bundled) * quiet * Math.min(0.7, Math.max(0.06, Math.sqrt(300 / n)));
    this.chosen.object.visible = this.chosen.n_segments > 0 && this.bundled < 1;
  }
}

const compared = new WeakMap<Synapses, WeakMap<Synapses, boolean>>();

/** True where both have the same synapses in the same order; looked at once. */
function sameSynapses(a: Synapses, b: Synapses): boolean {
  if (a === b) return true;
  const known = compared.get(a) ?? new WeakMap<Synapses, boolean>();
  compared.set(a, known);
  let same = known.get(b);
  if (same === undefined) {
    same = a.pre.length === b.pre.length && a.pre.every((pre, i) => pre === b.pre[i] && a.post[i] === b.post[i]);
    known.set(b, same);
  }
  return same;
}

function* touching({ synapses, info, postBase }: Loaded, neuron: number, direction: SynapseDirection = 'both'): Generator<number> {
  const { pre, post } = synapses;
  const outgoing = direction !== 'incoming';
  // Nothing ends at a neuron number that no synapse has.
  const end = direction === 'outgoing' ? -1 : info.kind === 'decoder' ? neuron - postBase : neuron;
  for (let id = 0; id < pre.length; id++) if ((outgoing && pre[id] === neuron) || post[id] === end) yield id;
}

/** Point ids of the segments, in the order of drawing. */
function endsOf({ synapses, postBase }: Loaded, ids: Uint32Array): Uint32Array {
  const ends = new Uint32Array(2 * ids.length);
  for (let i = 0; i < ids.length; i++) {
    ends[2 * i] = synapses.pre[ids[i]];
    ends[2 * i + 1] = postBase + synapses.post[ids[i]];
  }
  return ends;
}

export function joined(arrays: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

/** Full colour at about the 99.5th percentile of |weight|, never above the recording's bound, never shrinking. */
function scaleOf(values: Float32Array, bound: number, before: number): number {
  const k = Math.max(1, Math.ceil(values.length * 0.005));
  // Counting is much quicker than finding them, and a scale that stays is the rule.
  if (before > 0 && countAbove(values, before / 1.1) < k) return before;
  const top = strongest(values, k);
  const high = top.length > 0 ? Math.abs(values[top[top.length - 1]]) : 0;
  const scale = Math.max(before, Math.min(bound > 0 ? bound : Infinity, high * 1.1));
  if (!(scale > 0)) return bound > 0 ? bound : 1;
  if (scale === before) return before;
  const step = 10 ** (Math.floor(Math.log10(scale)) - 1);
  return Math.ceil(scale / step - 1e-9) * step;
}
