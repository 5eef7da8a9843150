/**
 * The B side of a comparison, drawn in the right half of the canvas by the camera of the first: visuals of its own over
 * its own network, frames and playhead. Where B minus A is shown nothing of it is drawn; A's neurons and synapses read it.
 */

import * as THREE from 'three';

import { Activity } from './activity';
import { Backdrop } from './backdrop';
import type { CameraRig } from './camera_rig';
import { Clipping } from './clipping';
import { ColourRange } from './colour_range';
import { Labels } from './labels';
import { LayoutMotion } from './layout_motion';
import { Markers } from './markers';
import { Measures } from './measures';
import { NeuronTable } from './neuron_table';
import { Neurons } from './neurons';
import { Picker } from './picker';
import { Rebuilt } from './rebuilt';
import { Sheets } from './sheets';
import { SynapseExtras } from './synapse_extras';
import { SynapseView } from './synapse_view';
import { ViewFlashes } from './view_flashes';
import type { OtherSide } from '../state/frames';
import type { ColourMode } from '../state/view';

const FADE_MS = 200;

export class SecondView {
  readonly scene = new THREE.Scene();
  readonly table: NeuronTable;
  readonly activity: Activity;
  readonly neurons: Neurons;
  readonly synapses: SynapseView;
  readonly colours: ColourRange;
  readonly picker: Picker;
  readonly labels: Labels;
  readonly backdrop = new Backdrop();
  private readonly extras: SynapseExtras;
  private readonly clipping: Clipping;
  private readonly measures: Measures;
  private readonly rebuilt: Rebuilt;
  private readonly sheets: Sheets;
  private readonly markers: Markers;
  private readonly layout: LayoutMotion;
  private readonly flashes: ViewFlashes;
  private readonly half = document.createElement('div');
  private measured = '';
  private dirty = true;

  constructor(host: HTMLElement, private readonly renderer: THREE.WebGLRenderer, readonly other: OtherSide, layoutChanged: () => void) {
    const { network, frames, view, signal } = other;
    const invalidate = (): void => { this.dirty = true; };
    this.half.className = 'scene-half';
    host.append(this.half);
    this.table = new NeuronTable(network);
    this.table.easeVisibility(new Set(view.get('hidden')), 1);
    this.activity = new Activity(renderer, network, frames, this.table.n_points);
    this.neurons = new Neurons(this.table, this.activity, network.classes.length);
    this.synapses = new SynapseView(network, frames, view, this.table, this.neurons.uniforms, signal, invalidate);
    this.extras = new SynapseExtras(this.synapses, view, this.table, this.neurons.uniforms, signal);
    this.clipping = new Clipping(view, this.table);
    this.measures = new Measures(network, frames, this.synapses, signal, () => {
      this.neurons.setClasses(this.measures.classes.length);
      invalidate();
    });
    this.rebuilt = new Rebuilt(network, signal, invalidate);
    this.sheets = new Sheets(this.table);
    this.markers = new Markers(this.table, this.neurons.uniforms);
    this.picker = new Picker(renderer, this.neurons);
    this.labels = new Labels(this.half, this.table, network);
    this.flashes = new ViewFlashes(this.table, network);
    this.layout = new LayoutMotion(network, view, this.table, this.sheets, signal, () => {
      invalidate();
      layoutChanged();
    });
    this.colours = new ColourRange(other, this.activity, this.synapses, this.extras, this.measures, this.rebuilt, this.layout);
    this.scene.add(
      this.backdrop.object, this.sheets.object, this.neurons.object, this.synapses.chosen.object, this.synapses.selected.object,
      ...this.extras.objects, this.clipping.object, this.markers.object,
    );
    view.subscribe(['colour', 'variable', 'synapses', 'selection'], () => this.demand(), signal);
    view.subscribe(null, invalidate, signal);
    // What the panels light is of the first side.
    const mark = (): void => this.markers.set(view.get('selection'), view.get('hover'), view.get('sets'), [], renderer.getPixelRatio());
    view.subscribe(['selection', 'hover', 'sets'], mark, signal);
    mark();
    frames.onChange((change) => {
      if (change.kind === 'reset' || (change.kind !== 'values' && this.activity.touches(change.level, change.frame_start, change.frame_stop))) {
        this.activity.invalidate();
      }
    }, signal);
    this.demand();
  }

  /** Moves B on; true when its picture, or what A reads of it, is another one. */
  update(far: number, now_ms: number, elapsed_ms: number, mode: ColourMode): boolean {
    const { playback, view } = this.other;
    const arranging = this.layout.update(now_ms, elapsed_ms);
    const fading = this.table.easeVisibility(new Set(view.get('hidden')), elapsed_ms / FADE_MS);
    const frame = this.frame();
    const active = this.activity.update(playback, mode, view.get('decay_frames'), view.get('variable'));
    if (mode === 'reconstruction') this.rebuilt.ask(view.get('selection').at(-1) ?? -1, playback.t_us, now_ms);
    const measured = this.measure(mode, frame);
    this.synapses.setData(mode !== 'spikes');
    const recoloured = this.synapses.update(playback.level, frame, now_ms, !playback.playing, playback.speed);
    const extra = this.extras.update(far, playback.level, frame, now_ms, !playback.playing, false);
    const changed = this.dirty || extra || arranging || fading || active || measured || recoloured;
    this.dirty = false;
    return changed;
  }

  get moving(): boolean {
    return this.layout.moving;
  }

  /** Draws into the renderer's viewport. */
  draw(camera: THREE.PerspectiveCamera, near: number, far: number, mode: ColourMode, point_size: number, gain: number): void {
    this.clipping.update();
    this.neurons.uniforms.pointSize.value = point_size;
    this.neurons.update(this.activity, mode, this.colours.range(), gain);
    this.neurons.setDepthRange(near, far);
    this.sheets.depthRange.value.set(near, far);
    for (const lines of [this.synapses.chosen, this.synapses.selected, this.extras.ghosts.lines]) lines.uniforms.depthRange.value.set(near, far);
    this.renderer.render(this.scene, camera);
  }

  /** The weights of A's projection of that name, now. */
  weightsOf(projection: string): ReturnType<SynapseView['weightsOf']> {
    return this.synapses.weightsOf(projection, this.other.playback.level, this.frame());
  }

  flash(rig: CameraRig, aspect: number, elapsed_s: number): { area: number; light: number } {
    return this.flashes.measure(this.activity, rig.camera, aspect, elapsed_s);
  }

  /** Shows labels in the right half, or none. */
  label(rig: CameraRig, shown: boolean, width: number, height: number, legend: HTMLElement | null): void {
    this.half.hidden = !shown;
    if (shown) this.labels.update(rig.camera, width, height, legend, width);
  }

  restore(): void {
    this.activity.invalidate();
    this.measured = '';
  }

  dispose(): void {
    for (const part of [
      this.picker, this.labels, this.markers, this.sheets, this.clipping, this.extras, this.synapses, this.neurons, this.activity, this.backdrop, this.table,
    ]) {
      part.dispose();
    }
    this.half.remove();
  }

  private frame(): number {
    const { frames, playback } = this.other;
    return frames.frameAt(playback.t_us, playback.level);
  }

  private measure(mode: ColourMode, frame: number): boolean {
    const measure = mode === 'reconstruction' ? this.rebuilt.measure : this.measures.get(mode, this.other.playback.level, frame);
    const key = `${mode} ${measure?.version ?? '-'}`;
    if (key === this.measured) return false;
    this.measured = key;
    if (measure !== null) this.activity.setValues(measure.values);
    else if (this.measures.isSlow(mode)) this.activity.setValues(new Float32Array(this.other.network.n_neurons).fill(NaN));
    return true;
  }

  private demand(): void {
    const { view, frames } = this.other;
    const potentials = view.get('colour') === 'potential' && view.get('variable') !== '' ? [view.get('variable')] : [];
    frames.demand({ weights: this.synapses.demanded(), potentials });
  }
}
