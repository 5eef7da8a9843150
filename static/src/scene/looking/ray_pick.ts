/**
 * Which neuron a ray means: the one at the least angle from it, seen from where the ray begins, within a tolerance; else
 * the layer whose box the ray meets. On the CPU and layer by layer, so that a headset's ray never waits for the GPU.
 */

import * as THREE from 'three';

import type { NeuronTable, TableRow } from '../neurons/neuron_table';

export interface RayHit {
  readonly neuron: number;
  readonly row: TableRow;
  /** In the units of the network, along the ray. */
  readonly distance: number;
}

const box = new THREE.Box3();
const entry = new THREE.Vector3();
const ray = new THREE.Ray();

/**
 * @param origin network coordinates
 * @param direction network coordinates, unit length
 * @param spread_rad how far beside the ray a neuron may lie
 */
export function alongRay(table: NeuronTable, origin: THREE.Vector3, direction: THREE.Vector3, spread_rad: number): RayHit | null {
  ray.set(origin, direction);
  let [neuron, least, distance] = [-1, Math.tan(spread_rad), Infinity];
  let found: TableRow | null = null;
  let sheet: TableRow | null = null;
  let sheetDistance = Infinity;
  for (const row of table.rows) {
    if (row.visible < 0.5) continue;
    box.copy(row.box).translate(row.shift);
    const met = box.containsPoint(origin) ? entry.copy(origin) : ray.intersectBox(box, entry);
    if (met !== null && met.distanceTo(origin) < sheetDistance) {
      sheet = row;
      sheetDistance = met.distanceTo(origin);
    }
    // Room for neurons at the edge, as wide as the tolerance is at the box's far end.
    box.expandByScalar(Math.tan(spread_rad) * (origin.distanceTo(box.getCenter(entry)) + box.getBoundingSphere(sphere).radius));
    if (row.kind !== 'layer' || (!box.containsPoint(origin) && ray.intersectBox(box, entry) === null)) continue;
    const { points } = table;
    const [ox, oy, oz] = [origin.x - row.shift.x, origin.y - row.shift.y, origin.z - row.shift.z];
    for (let id = row.first; id < row.first + row.n; id++) {
      const [x, y, z] = [points[4 * id] - ox, points[4 * id + 1] - oy, points[4 * id + 2] - oz];
      const ahead = x * direction.x + y * direction.y + z * direction.z;
      if (ahead <= 0) continue;
      const slope = Math.sqrt(Math.max(0, x * x + y * y + z * z - ahead * ahead)) / ahead;
      // What is clearly nearer to the ray wins; of two as near, the one in front.
      if (slope > least || (slope > 0.7 * least && ahead > distance)) continue;
      [neuron, least, distance, found] = [id, slope, ahead, row];
    }
  }
  if (found !== null) return { neuron, row: found, distance };
  return sheet === null ? null : { neuron: -1, row: sheet, distance: sheetDistance };
}

const sphere = new THREE.Sphere();
