/**
 * One network as it is drawn: its visuals over its own frames and playhead, in a room of its own. The scene shows one;
 * a comparison makes another of B, drawn beside the first or read by it where B minus A is shown.
 */

import * as THREE from 'three';

import { Backdrop } from './backdrop';
import { LayoutMotion } from './layout_motion';
import { ColourRange } from './legend/colour_range';
import { Labels } from './legend/labels';
import { Clipping } from './looking/clipping';
import { Picker } from './looking/picker';
import { Markers } from './neurons/markers';
import { Measures } from './neurons/measures';
import { NeuronTable } from './neurons/neuron_table';
import { type Difference, Neurons } from './neurons/neurons';
import { Rebuilt } from './neurons/rebuilt';
import { type Changed, NOTHING, Redraw } from './redraw';
import { Sheets } from './sheets';
import { Activity } from './spikes/activity';
import { ViewFlashes } from './spikes/view_flashes';
import { type OtherWeights, Projections } from './synapses/projections';
import { SynapseExtras } from './synapses/synapse_extras';
import { SynapseView } from './synapses/synapse_view';
import type { FramesChange, SceneContext } from '../state/frames';
import type { ColourMode } from '../state/view';

const FADE_MS = 200;

/** What is drawn of: a network, its frames, its clock and the view on it. */
export type NetworkSource = Pick<SceneContext, 'network' | 'frames' | 'playback' | 'view' | 'signal'>;

/** A turn of the loop as the visuals see it. */
export interface Turn {
  readonly now_ms: number;
  /** Distance of the camera, 1 = where the network fills the window. */
  readonly far: number;
  /** What was lit a moment ago stays: the frame that the playhead has jumped to is on its way. */
  readonly held: boolean;
  /** The lines show B minus A. */
  readonly differs: boolean;
}

/** Between which depths a network lies. */
export interface Depths {
  readonly near: number;
  readonly far: number;
}

export class NetworkView {
  readonly room = new THREE.Scene();
  /** Everything in network coordinates. */
  readonly object = new THREE.Group();
  readonly backdrop = new Backdrop();
  readonly table: NeuronTable;
  readonly activity: Activity;
  readonly neurons: Neurons;
  readonly projections: Projections;
  readonly synapses: SynapseView;
  readonly extras: SynapseExtras;
  readonly sheets: Sheets;
  readonly picker: Picker;
  readonly labels: Labels;
  readonly layout: LayoutMotion;
  readonly colours: ColourRange;
  readonly rebuilt: Rebuilt;
  readonly redraw: Redraw;
  private readonly measures: Measures;
  private readonly clipping: Clipping;
  private readonly markers: Markers;
  private readonly flashes: ViewFlashes;
  private measured = '';
  private dirty = true;

  constructor(
    readonly source: NetworkSource, private readonly renderer: THREE.WebGLRenderer,
    /** Where the labels stand. */
    host: HTMLElement,
    /** Neurons lie elsewhere (`far`), or the layers stand closer or farther; `camera`: it was set along with that. */
    layoutChanged: (far: boolean, camera: boolean) => void,
  ) {
    const { network, frames, view, signal } = source;
    const invalidate = (): void => this.invalidate();
    this.table = new NeuronTable(network);
    this.table.easeVisibility(new Set(view.get('hidden')), 1);
    this.activity = new Activity(renderer, network, frames, this.table.n_points);
    this.neurons = new Neurons(this.table, this.activity, network.classes.length);
    this.projections = new Projections(network, frames, this.table, signal, () => {
      this.synapses.renew();
      invalidate();
    });
    this.synapses = new SynapseView(renderer, network, frames, view, this.table, this.projections, this.neurons.uniforms, signal);
    this.extras = new SynapseExtras(this.synapses, view, this.table, this.neurons.uniforms, signal);
    this.measures = new Measures(network, frames, this.projections, signal, () => {
      this.neurons.setClasses(this.measures.classes.length);
      invalidate();
    });
    this.rebuilt = new Rebuilt(network, signal, invalidate);
    this.sheets = new Sheets(this.table);
    this.clipping = new Clipping(view, this.table);
    this.markers = new Markers(this.table, this.neurons.uniforms);
    this.picker = new Picker(renderer, this.neurons);
    this.labels = new Labels(host, this.table, network);
    this.flashes = new ViewFlashes(this.table, source);
    this.layout = new LayoutMotion(network, view, this.table, this.sheets, signal, (far, camera) => {
      invalidate();
      layoutChanged(far, camera);
    });
    this.colours = new ColourRange(source, this.activity, this.synapses, this.extras, this.measures, this.rebuilt, this.layout);
    this.object.add(
      this.sheets.object, this.neurons.object, this.synapses.chosen.object, this.synapses.selected.object, ...this.extras.objects,
      this.clipping.object, this.markers.object,
    );
    this.room.add(this.backdrop.object, this.object);
    this.redraw = new Redraw(renderer, this.room);

    view.subscribe(['colour', 'variable', 'synapses', 'selection'], () => this.demand(), signal);
    view.subscribe(null, invalidate, signal);
    view.subscribe(['selection', 'hover', 'sets', 'lit'], () => this.mark(), signal);
    frames.onChange((change) => this.onFrames(change), signal);
    this.mark();
    this.demand();
  }

  /** The frame that the playhead stands in. */
  get frame(): number {
    const { frames, playback } = this.source;
    return frames.frameAt(playback.t_us, playback.level);
  }

  invalidate(): void {
    this.dirty = true;
  }

  /** Moves layers and lets them fade; true while they do. */
  arrange(now_ms: number, elapsed_ms: number): boolean {
    const moving = this.layout.update(now_ms, elapsed_ms);
    return this.table.easeVisibility(new Set(this.source.view.get('hidden')), elapsed_ms / FADE_MS) || moving;
  }

  /** Takes over what the playhead and the view now say. */
  update({ now_ms, far, held, differs }: Turn): Changed & { readonly spiked: boolean } {
    const { playback, view } = this.source;
    const { level, playing, speed } = playback;
    const { frame } = this;
    const mode = view.get('colour');
    const spiked = !held && this.activity.update(playback, mode, view.get('decay_frames'), view.get('variable'));
    if (mode === 'reconstruction') this.rebuilt.ask(view.get('selection').at(-1) ?? -1, playback.t_us, now_ms);
    const measured = this.measure(mode, frame);
    this.synapses.setData(mode !== 'spikes');
    const synapses = held ? NOTHING : this.synapses.update(level, frame, now_ms, !playing, speed);
    const extra = !held && this.extras.update(far, level, frame, now_ms, !playing, differs);
    const rest = this.dirty || measured || synapses.rest || extra;
    this.dirty = false;
    return { spiked, lit: spiked || synapses.lit, rest };
  }

  /**
   * Draws into the renderer's viewport; returns the draw calls.
   *
   * @param difference what the neurons read of the other side; null where they show their own
   * @param still nothing has changed since the last picture but what uniforms and accumulators hold
   */
  draw(camera: THREE.PerspectiveCamera, { near, far }: Depths, gain: number, difference: Difference | null = null, still = false): number {
    const { view } = this.source;
    this.clipping.update();
    this.neurons.uniforms.pointSize.value = view.get('point_size');
    this.neurons.update(this.activity, view.get('colour'), this.colours.range(), this.flashes.gainFor(gain), difference);
    this.neurons.setDepthRange(near, far);
    this.sheets.depthRange.value.set(near, far);
    for (const lines of [this.synapses.chosen, this.synapses.selected, this.extras.ghosts.lines]) lines.uniforms.depthRange.value.set(near, far);
    return this.redraw.draw(camera, still);
  }

  /** How much of the picture flashes, and how brightly. */
  flash(camera: THREE.PerspectiveCamera, aspect: number, elapsed_s: number): { area: number; light: number } {
    return this.flashes.measure(this.activity, camera, aspect, elapsed_s, () => this.colours.range());
  }

  /** The weights of a projection now, for the side that is compared with this one. */
  weightsOf(projection: string): OtherWeights | null {
    return this.projections.weightsOf(projection, this.source.playback.level, this.frame);
  }

  /** The graphics card has lost everything: lands it anew. */
  restore(): void {
    this.activity.restore();
    this.synapses.restore();
    this.measured = '';
    this.invalidate();
  }

  dispose(): void {
    for (const part of [
      this.picker, this.labels, this.markers, this.sheets, this.clipping, this.extras, this.synapses, this.neurons, this.activity, this.backdrop, this.table,
    ]) {
      part.dispose();
    }
  }

  /** Lands the values of a mode of slow quantities where they have changed; true when they have. */
  private measure(mode: ColourMode, frame: number): boolean {
    const { network, playback } = this.source;
    const measure = mode === 'reconstruction' ? this.rebuilt.measure : this.measures.get(mode, playback.level, frame);
    const key = `${mode} ${measure?.version ?? '-'}`;
    if (key === this.measured) return false;
    this.measured = key;
    if (measure !== null) this.activity.setValues(measure.values);
    else if (this.measures.isSlow(mode)) this.activity.setValues(new Float32Array(network.n_neurons).fill(NaN));
    return true;
  }

  private mark(): void {
    const { view } = this.source;
    this.markers.set(view.get('selection'), view.get('hover'), view.get('sets'), view.get('lit'), this.renderer.getPixelRatio());
  }

  private onFrames(change: FramesChange): void {
    if (change.kind === 'reset') this.activity.invalidate();
    else if (change.kind !== 'values' && this.activity.touches(change.level, change.frame_start, change.frame_stop)) {
      this.activity.invalidate();
    }
    // Nothing is drawn for data that is not shown: the next turn of the loop sees what has changed.
  }

  private demand(): void {
    const { view, frames } = this.source;
    const potentials = view.get('colour') === 'potential' && view.get('variable') !== '' ? [view.get('variable')] : [];
    frames.demand({ weights: this.synapses.demanded(), potentials });
  }
}
