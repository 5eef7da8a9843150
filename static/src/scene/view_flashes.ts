/** A model of how brightly how much of the view is lit, for the flash limiter: projected area of each layer times its glow. */

import * as THREE from 'three';

import type { Activity } from './activity';
import type { NeuronTable } from './neuron_table';
import type { Network } from '../state/frames';

/** A fully lit sheet is about this bright on average: discs and their light, room between them. */
const FULL = 0.75;
const SWING = 0.1;

interface LayerLight {
  glow: number;
  high: number;
  low: number;
}

export class ViewFlashes {
  private readonly table: NeuronTable;
  private readonly n_neurons: number[];
  private readonly lights: LayerLight[];
  private readonly corner = new THREE.Vector3();
  private now = 0;

  constructor(table: NeuronTable, network: Network) {
    this.table = table;
    this.n_neurons = network.layers.map((layer) => layer.n_neurons);
    this.lights = network.layers.map(() => ({ glow: 0, high: 0, low: 0 }));
  }

  /**
   * Takes over the spikes that have just landed.
   *
   * @returns area: part of the view that layers cover which have flashed lately; light: their mean brightness
   */
  measure(
    activity: Activity, camera: THREE.PerspectiveCamera, aspect: number, elapsed_s: number,
  ): { area: number; light: number } {
    const halfLives = Math.abs(activity.now - this.now) / activity.halfLife_bins;
    const fade = 2 ** -halfLives;
    // Spikes of a long step are spread over it: the early ones have faded when it is drawn.
    const kept = halfLives > 1e-6 ? (1 - fade) / (halfLives * Math.LN2) : 1;
    this.now = activity.now;
    let [area, lit] = [0, 0];
    this.lights.forEach((layer, i) => {
      const fresh = (kept * activity.perLayer[i]) / Math.max(1, this.n_neurons[i]);
      layer.glow = Math.min(1, layer.glow * fade + fresh);
      // The range of the last second or so, forgotten slowly.
      layer.high = Math.max(layer.glow, layer.high - elapsed_s * 0.5);
      layer.low = Math.min(layer.glow, layer.low + elapsed_s * 0.5);
      if ((layer.high - layer.low) * FULL <= SWING) return;
      const covered = this.coverage(i, camera, aspect);
      area += covered;
      lit += covered * layer.glow * FULL;
    });
    return { area: Math.min(1, area), light: area > 0 ? lit / area : 0 };
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
