/** Where the camera goes to show something: the whole network, a layer, the selection, and the first view of all. */

import * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import type { NeuronTable } from './neuron_table';
import type { View } from '../state/view';

const LAYER_DIRECTION = new THREE.Vector3(-0.85, 0.22, 0.48).normalize();

export class Framing {
  constructor(private readonly view: View, private readonly table: NeuronTable, private readonly rig: CameraRig) {}

  home(): void {
    this.rig.flyTo(this.rig.homePose(this.corners()));
  }

  fitSelection(): void {
    const selection = this.view.get('selection');
    if (selection.length === 0) return this.home();
    const box = new THREE.Box3();
    const point = new THREE.Vector3();
    for (const id of selection) {
      this.table.position(id, point);
      const reach = 6 * (this.table.rowOf(id)?.spacing ?? 1);
      box.union(new THREE.Box3().setFromCenterAndSize(point, new THREE.Vector3(reach, reach, reach)));
    }
    this.rig.flyTo(this.rig.fitPose(boxCorners(box), this.rig.direction(), 1.2));
  }

  fitLayer(layer: number): void {
    const row = this.table.rows[layer];
    if (row === undefined || row.kind !== 'layer') return;
    this.rig.flyTo(this.rig.fitPose(boxCorners(this.table.goalOf(row)), LAYER_DIRECTION, 1.25));
  }

  /** The first view: from a little farther and more to the side, eased to home; or where the link says. */
  arrive(): void {
    const camera = this.view.get('camera');
    const home = this.rig.homePose(this.corners());
    if (camera !== null) return this.rig.flyTo(camera, 'now');
    const target = new THREE.Vector3(...home.target);
    const far = new THREE.Vector3(...home.position).sub(target).multiplyScalar(1.45).applyAxisAngle(new THREE.Vector3(0, 1, 0), -0.35);
    this.rig.flyTo({ position: far.add(target).toArray(), target: home.target }, 'now');
    this.rig.flyTo(home, 'first');
  }

  private corners(): THREE.Vector3[] {
    const rows = this.table.rows.filter((row) => row.visible > 0.5);
    return (rows.length > 0 ? rows : this.table.rows).flatMap((row) => boxCorners(this.table.goalOf(row)));
  }
}

export function boxCorners({ min, max }: THREE.Box3): THREE.Vector3[] {
  return Array.from({ length: 8 }, (_, i) => new THREE.Vector3(i & 1 ? max.x : min.x, i & 2 ? max.y : min.y, i & 4 ? max.z : min.z));
}
