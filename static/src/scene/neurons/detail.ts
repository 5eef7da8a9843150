/**
 * Level of detail of the window: of layers whose neurons lie closer together than a pixel some are left out, and where
 * pictures of a large network come late, more of them and of the synapses for as long as it moves. At rest everything
 * that can be told apart is drawn. The legend says what is left out.
 */

import * as THREE from 'three';

import type { NeuronTable, TableRow } from './neuron_table';
import { stepOf, thinned } from './thinned';
import { Governor, WINDOW_LADDER, type Ration } from '../../state/governor';

/** Pictures a second that are held: below, movement is no longer seen as one. */
const RATE_HZ = 20;
/** Neurons closer than this many pixels are one spot. */
const APART_PX = 0.5;
const MOST_EVERY = 16;
/** In so small a network there is nothing to gain. */
const LARGE = 50_000;

export class Detail {
  /** The points to draw, null = all, and how many they are. */
  ids: Uint32Array | null = null;
  drawn: number;
  /** By layer: how many neurons a drawn one stands for. */
  steps: readonly number[];
  /** Part of the synapses of the whole network to draw. */
  synapses = 1;
  private readonly governor = new Governor(RATE_HZ, WINDOW_LADDER);
  private far = false;
  private moving = false;

  constructor(private readonly table: Pick<NeuronTable, 'rows' | 'n_points'>) {
    this.steps = table.rows.map(() => 1);
    this.drawn = table.n_points;
  }

  /**
   * One turn of the loop.
   *
   * @param pixelScale pixels of one scene unit at distance 1
   * @param work_ms JavaScript of the picture before
   * @param moving true while pictures follow each other
   * @param n_segments synapses that are drawn
   * @returns true when something else is to be drawn
   */
  update(camera: THREE.Camera, pixelScale: number, now_ms: number, work_ms: number, moving: boolean, n_segments: number): boolean {
    const large = this.table.n_points + n_segments > LARGE;
    if (large && moving && this.moving) this.governor.frame(now_ms, work_ms);
    this.moving = moving;
    const ration: Ration = large && moving ? this.governor.ration : WINDOW_LADDER[0];
    const changed = this.synapses !== ration.synapses;
    this.synapses = ration.synapses;
    const { rows } = this.table;
    const apart = rows.map((row, i) => stepOf(row, everyFor(spacingPx(row, camera, pixelScale), this.steps[i])));
    const steps = rows.map((row, i) => stepOf(row, Math.max(apart[i], Math.round(1 / ration.points))));
    if (steps.every((step, i) => step === this.steps[i])) return changed;
    this.steps = steps;
    this.far = apart.some((step) => step > 1);
    this.ids = thinned(rows, steps);
    this.drawn = this.ids?.length ?? this.table.n_points;
    return true;
  }

  /** Others have drawn everything: nothing is left out until the next turn says so. */
  forget(): void {
    if (this.ids === null && this.synapses === 1) return;
    this.steps = this.table.rows.map(() => 1);
    this.ids = null;
    this.drawn = this.table.n_points;
    this.synapses = 1;
    this.far = this.moving = false;
  }

  /** What is left out, in words; "" = nothing. */
  words(): string {
    const { n_points } = this.table;
    const parts: string[] = [];
    if (this.drawn < n_points) parts.push(`${this.drawn.toLocaleString('en-GB')} of ${n_points.toLocaleString('en-GB')} neurons`);
    if (this.synapses < 1) parts.push(`${Math.round(100 * this.synapses)} % of the synapses`);
    if (parts.length === 0) return '';
    const held = this.moving && this.governor.level > 0;
    return `Drawn: ${parts.join(' and ')}${held ? ', to keep pace; all of them at rest' : this.far ? ': the others lie closer than a pixel' : ''}`;
  }
}

/** Pixels between neighbours of a layer where it is nearest to the camera. */
function spacingPx(row: TableRow, camera: THREE.Camera, pixelScale: number): number {
  near.copy(row.box).translate(row.shift).clampPoint(camera.position, place);
  return (row.spacing * pixelScale) / Math.max(1e-6, place.distanceTo(camera.position));
}

const near = new THREE.Box3();
const place = new THREE.Vector3();

/** A power of two, and not back and forth at its border: it goes back only where there is clearly room. */
function everyFor(spacing_px: number, before: number): number {
  const steps = (apart_px: number): number => {
    const share = (apart_px / Math.max(spacing_px, 1e-3)) ** 2;
    return share < 2 ? 1 : Math.min(MOST_EVERY, 2 ** Math.floor(Math.log2(share)));
  };
  const step = steps(APART_PX);
  return step < before ? Math.min(before, steps(1.2 * APART_PX)) : step;
}
