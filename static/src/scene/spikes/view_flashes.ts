/** A model of how brightly how much of the view is lit, for the flash limiter: projected area of each layer times its light. */

import * as THREE from 'three';

import type { Activity } from './activity';
import { glowFor, spikeLight, valueLight } from './spike_light';
import type { NeuronTable } from '../neurons/neuron_table';
import type { Scale } from '../neurons/neurons';
import type { FrameSource, Network, Playback } from '../../state/frames';
import type { ColourMode, View } from '../../state/view';

const SWING = 0.1;
/** Modes in which a layer may flash: spikes, and potentials that swing together. The others show slow quantities. */
export const FLASHING: ReadonlySet<ColourMode> = new Set(['spikes', 'potential']);

interface FlashSource {
  readonly network: Network;
  readonly frames: FrameSource;
  readonly view: View;
  readonly playback: Playback;
}

interface LayerLight {
  glow: number;
  light: number;
  high: number;
  low: number;
}

export class ViewFlashes {
  private readonly n_neurons: number[];
  private readonly lights: LayerLight[];
  private readonly corner = new THREE.Vector3();
  private now = 0;

  constructor(private readonly table: NeuronTable, private readonly source: FlashSource) {
    const { layers } = source.network;
    this.n_neurons = layers.map((layer) => layer.n_neurons);
    this.lights = layers.map(() => ({ glow: 0, light: 0, high: 0, low: 0 }));
  }

  /** What the limiter's gain, a share of the light, is for the shaders. */
  gainFor(share: number): number {
    const { view } = this.source;
    return view.get('colour') === 'spikes' ? glowFor(share, view.get('point_size')) : share;
  }

  /**
   * Takes over the spikes that have just landed.
   *
   * @param scale ends of the colours of values
   * @returns area: part of the view that layers cover which have flashed lately; light: their mean brightness
   */
  measure(
    activity: Activity, camera: THREE.PerspectiveCamera, aspect: number, elapsed_s: number, scale: () => Scale,
  ): { area: number; light: number } {
    const halfLives = Math.abs(activity.now - this.now) / activity.halfLife_bins;
    const fade = 2 ** -halfLives;
    // Spikes of a long step are spread over it: the early ones have faded when it is drawn.
    const kept = halfLives > 1e-6 ? (1 - fade) / (halfLives * Math.LN2) : 1;
    this.now = activity.now;
    const { view } = this.source;
    const mode = view.get('colour');
    const size = view.get('point_size');
    let [area, lit] = [0, 0];
    this.lights.forEach((layer, i) => {
      const fresh = (kept * activity.perLayer[i]) / Math.max(1, this.n_neurons[i]);
      layer.glow = Math.min(1, layer.glow * fade + fresh);
      if (mode === 'spikes') layer.light = spikeLight(layer.glow, size);
      else layer.light = mode === 'potential' ? this.potentialLight(i, scale()) : 0;
      // The range of the last second or so, forgotten slowly.
      layer.high = Math.max(layer.light, layer.high - elapsed_s * 0.4);
      layer.low = Math.min(layer.light, layer.low + elapsed_s * 0.4);
      if (layer.high - layer.low <= SWING) return;
      const covered = this.coverage(i, camera, aspect);
      area += covered;
      lit += covered * layer.light;
    });
    return { area: Math.min(1, area), light: area > 0 ? lit / area : 0 };
  }

  /** Of the layer's colours; what they were while no values are here. */
  private potentialLight(layer: number, { min, max }: Scale): number {
    const { network, frames, view, playback } = this.source;
    const { name } = network.layers[layer];
    const variable = view.get('variable');
    if (!network.potentials.some((stream) => stream.layer === name && stream.variable === variable)) return 0;
    const state = frames.stateAt(variable, name, playback.level, frames.frameAt(playback.t_us, playback.level));
    return state === null ? this.lights[layer].light : valueLight(state.values, min, max);
  }

  /** Part of the view inside the layer's projected rectangle. */
  private coverage(layer: number, camera: THREE.PerspectiveCamera, aspect: number): number {
    const row = this.table.rows[layer];
    if (row.visible < 0.05 || !(aspect > 0)) return 0;
    const { min, max } = row.box;
    let [left, right, bottom, top] = [1, -1, 1, -1];
    for (let i = 0; i < 8; i++) {
      this.corner.set(i & 1 ? max.x : min.x, i & 2 ? max.y : min.y, i & 4 ? max.z : min.z).add(row.shift).project(camera);
      left = Math.min(left, this.corner.x);
      right = Math.max(right, this.corner.x);
      bottom = Math.min(bottom, this.corner.y);
      top = Math.max(top, this.corner.y);
    }
    const width = Math.min(1, right) - Math.max(-1, left);
    const height = Math.min(1, top) - Math.max(-1, bottom);
    return width <= 0 || height <= 0 ? 0 : (width * height) / 4;
  }
}
