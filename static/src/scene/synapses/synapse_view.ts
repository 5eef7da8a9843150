/**
 * The synapses as they are drawn: the chosen ones of the whole network, and all of the selected neurons. Has them chosen
 * anew when the weights have moved on, colours them by the weights of the moment, and counts what is drawn.
 */

import type { IUniform, WebGLRenderer } from 'three';

import type { Projections } from './projections';
import { CHOOSE_EVERY_MS, type ChoiceCounts, type OtherSideWeights, scaleOf, SynapseChooser } from './synapse_chooser';
import { joined, SynapseLines, type Segments } from './synapses';
import { WeightPass } from './weight_pass';
import type { NeuronTable } from '../neurons/neuron_table';
import type { Changed } from '../redraw';
import type { FrameSource, Network } from '../../state/frames';
import type { View } from '../../state/view';

/** A selected hub may have millions: more than this is not drawn, and said so. */
const MOST_SELECTED = 40_000;
/** Choosing is linear in the synapses; above this it happens only when the playhead rests. */
const QUICK_SYNAPSES = 2_000_000;

export interface SynapseCounts extends ChoiceCounts {
  readonly drawn: number;
  readonly total: number;
  /** Of the selection: drawn of all. */
  readonly selected: number;
  readonly selectedTotal: number;
}

export class SynapseView {
  readonly chosen: SynapseLines;
  readonly selected: SynapseLines;
  counts: SynapseCounts = { drawn: 0, total: 0, n_top: 0, n_sample: 0, selected: 0, selectedTotal: 0, interval_us: 0, changed: 0, threshold: 0, unlike: [] };
  /** The view beside this one: equal weights have equal colours in both. */
  twin: SynapseView | null = null;
  private readonly chooser: SynapseChooser;
  private readonly pass: WeightPass;
  private chosen_ms = -Infinity;
  private stale = true;
  private staleSelection = true;
  private data = false;
  private bundled = 0;

  constructor(
    renderer: WebGLRenderer, private readonly network: Network, private readonly frames: FrameSource, private readonly view: View, table: NeuronTable, readonly projections: Projections,
    shared: Record<string, IUniform>, signal: AbortSignal,
  ) {
    this.pass = new WeightPass(renderer);
    this.chooser = new SynapseChooser(network, frames, view, projections);
    this.chosen = new SynapseLines(table, shared, 3);
    this.selected = new SynapseLines(table, shared, 5);
    this.selected.uniforms.strength.value = 0.85;
    view.subscribe(['synapses', 'synapse_choice', 'synapse_threshold', 'hidden'], () => (this.stale = true), signal);
    frames.onChange((change) => { if (change.kind === 'values' && this.chooser.lacksEarlier) this.stale = true; }, signal);
    view.subscribe(['selection', 'synapse_direction', 'lit'], () => (this.staleSelection = true), signal);
  }

  /** Other projections are here: everything is chosen anew. */
  renew(): void {
    this.stale = this.staleSelection = true;
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
   * @returns `lit`: weights have landed; `rest`: other synapses are drawn
   */
  update(level: number, frame: number, now_ms: number, rest: boolean, speed: number): Changed {
    const { all } = this.projections;
    const { chooser } = this;
    let changed = false;
    const total = all.reduce((sum, { info }) => sum + info.n_synapses, 0);
    const due = rest || (now_ms - this.chosen_ms > CHOOSE_EVERY_MS && total <= QUICK_SYNAPSES);
    const moved = due && chooser.moved(level, frame);
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
    // Coarser frames know no moment within them.
    for (const lines of [this.chosen, this.selected]) lines.setTravelling(level === 0);
    const lit = this.colour(level, frame);
    for (const lines of [this.chosen, this.selected]) this.pass.land(lines.weights);
    return { lit, rest: changed };
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
    return this.projections.named(name)?.scale ?? 0;
  }

  /** How many synapses of a projection are seen as lines. */
  linesOf(name: string): number {
    return [this.chosen, this.selected].reduce((sum, lines) => sum + (lines.object.visible ? lines.countOf(name) : 0), 0);
  }

  /** Draws what the other side's weights have more than the own ones; null: the own ones. */
  compareWith(other: OtherSideWeights | null): void {
    if (other === null && this.chooser.other === null) return;
    this.chooser.other = other;
    this.renew();
  }

  /** |weight| of full colour by projection, for the legend; 0 while unknown. */
  scales(): { name: string; scale: number; unit: string }[] {
    const changing = this.chooser.other !== null || this.view.get('synapse_choice') === 'change';
    return this.projections.all
      .map(({ info, scale, changeScale, unit }) => ({ name: info.name, scale: changing ? changeScale : scale, unit }))
      .filter(({ scale }) => scale > 0);
  }

  /** The lines of the whole network make room for bundles: 0 = lines only, 1 = bundles only. */
  setBundled(part: number): void {
    if (part === this.bundled) return;
    this.bundled = part;
    this.strengthen();
  }

  /** The graphics card has lost everything. */
  restore(): void {
    this.pass.restore();
  }

  dispose(): void {
    this.pass.dispose();
    this.chosen.dispose();
    this.selected.dispose();
  }

  private choose(level: number, frame: number, rest: boolean, speed: number): void {
    const choice = this.chooser.choose(level, frame, rest, speed);
    if (choice === null) return;
    this.chosen.setSegments(choice.segments, { delays_bins: this.delaysOf(choice.segments) });
    this.chosen.uniforms.threshold.value = this.selected.uniforms.threshold.value = choice.counts.threshold;
    const total = this.network.projections.reduce((sum, { n_synapses }) => sum + n_synapses, 0);
    this.counts = { ...this.counts, ...choice.counts, drawn: this.chosen.n_segments, total };
    // The more lines, the fainter each: the sum stays about as bright.
    this.strengthen();
  }

  /** Takes over the weights of the frame; true when any have changed. */
  private colour(level: number, frame: number): boolean {
    let changed = false;
    this.projections.each(level, frame, (projection, state) => {
      if (state === null) return;
      const { name } = projection.info;
      projection.unit = state.unit;
      if (projection.scale === 0) projection.scale = scaleOf(state.values, Math.max(Math.abs(state.min), Math.abs(state.max)), 0);
      projection.scale = Math.max(projection.scale, this.twin?.scaleOf(name) ?? 0);
      const { scale, changeScale, before } = projection;
      const other = this.chooser.alike(projection);
      if (other !== null) {
        for (const lines of [this.chosen, this.selected]) changed = lines.setWeights(name, other.state, changeScale || 1, state) || changed;
        return;
      }
      changed = this.chosen.setWeights(name, state, before === null ? scale : changeScale, before) || changed;
      changed = this.selected.setWeights(name, state, scale) || changed;
    });
    return changed;
  }

  /** All synapses of the selected neurons. */
  private select(): void {
    const selection = this.view.get('selection');
    const direction = this.view.get('synapse_direction');
    const lit = new Set(this.view.get('lit').map(({ neuron }) => neuron));
    const last = selection[selection.length - 1];
    const ends: Uint32Array[] = [];
    const parts: Segments['parts'][number][] = [];
    let [drawn, all] = [0, 0];
    for (const projection of this.projections.all) {
      const ids = new Set<number>();
      for (const neuron of selection) for (const id of projection.touching(neuron, direction)) ids.add(id);
      all += ids.size;
      // What led to a spike stands alone: the other synapses would hide it.
      if (lit.size > 0) for (const id of ids) if (projection.synapses.post[id] !== last || !lit.has(projection.synapses.pre[id])) ids.delete(id);
      const taken = Uint32Array.from(ids).subarray(0, Math.max(0, MOST_SELECTED - drawn));
      drawn += taken.length;
      if (taken.length === 0) continue;
      ends.push(projection.ends(taken));
      parts.push({ projection: projection.info.name, synapses: taken });
    }
    const segments = { ends: joined(ends), parts };
    this.selected.setSegments(segments, { delays_bins: this.delaysOf(segments) });
    this.selected.uniforms.strength.value = Math.min(0.95, Math.max(0.15, Math.sqrt(700 / Math.max(drawn, 1))));
    this.counts = { ...this.counts, selected: drawn, selectedTotal: all };
    this.strengthen();
  }

  /** The delays of segments in bins; null where none is known. */
  private delaysOf({ ends, parts }: Segments): Float32Array | null {
    const known = parts.map(({ projection }) => this.projections.named(projection)?.synapses.delay_ms ?? null);
    if (known.every((delay_ms) => delay_ms === null)) return null;
    const delays = new Float32Array(ends.length / 2);
    const bins_per_ms = 1000 / this.frames.bin_us;
    let at = 0;
    parts.forEach(({ synapses }, part) => {
      const delay_ms = known[part];
      if (delay_ms !== null) for (let i = 0; i < synapses.length; i++) delays[at + i] = delay_ms[synapses[i]] * bins_per_ms;
      at += synapses.length;
    });
    return delays;
  }

  private strengthen(): void {
    const n = Math.max(1, this.chosen.n_segments);
    const quiet = (this.counts.selected > 0 ? 0.14 : 1) * (this.data ? 0.42 : 1);
    this.chosen.uniforms.strength.value = (1 - this.bundled) * quiet * Math.min(0.7, Math.max(0.06, Math.sqrt(300 / n)));
    this.chosen.object.visible = this.chosen.n_segments > 0 && this.bundled < 1;
  }
}
