/** Where the camera goes to show something: the whole network, a layer, the selection, and the first view of all. */

import * as THREE from 'three';

import { type CameraRig, rounded } from './camera_rig';
import type { NeuronTable } from './neuron_table';
import type { View } from '../state/view';

const LAYER_DIRECTION = new THREE.Vector3(-0.85, 0.22, 0.48).normalize();

/** How much farther away the camera stands where the picture is half as wide. */
const HALF_DOLLY = 1.7;

export class Framing {
  /** Neurons of the picture beside, which has the same camera. */
  private second: NeuronTable | null = null;
  private home_distance = { key: '', middle: new THREE.Vector3(), distance: 1 };
  private homeCamera = '';
  /** The camera that the address gave: two pictures instead of one do not move it. */
  private linkedCamera = '';
  /** Where the user's own movement has come to rest, as it stands in the view. */
  private ownCamera = '';

  constructor(private readonly view: View, private readonly table: NeuronTable, private readonly rig: CameraRig) {}

  /** Keeps camera and view the same: what moves one is told to the other. */
  follow(signal: AbortSignal): void {
    const { view, rig } = this;
    rig.onSettled = (camera) => {
      this.ownCamera = JSON.stringify(camera);
      // A flight that ends where the view sent it says nothing new: undo would take it for a step of its own.
      if (JSON.stringify(view.get('camera')) !== this.ownCamera) view.set({ camera });
    };
    view.subscribe(['camera'], () => {
      const camera = view.get('camera');
      if (camera === null) this.home();
      else if (JSON.stringify(camera) !== this.ownCamera) rig.flyTo(camera);
    }, signal);
  }

  home(): void {
    const pose = this.rig.homePose(this.corners());
    this.homeCamera = JSON.stringify(rounded(pose));
    this.rig.flyTo(pose);
  }

  /** Two pictures beside each other, or one again (null); what was in sight stays so. */
  beside(second: NeuronTable | null): void {
    const box = this.table.bounds();
    this.rig.setWorld(second === null ? box : box.union(second.bounds()));
    const halved = second !== null;
    const before = this.second !== null;
    this.second = second;
    if (halved === before) return;
    const camera = JSON.stringify(this.view.get('camera'));
    if (camera === this.linkedCamera) return;
    if (camera === 'null' || camera === this.homeCamera) return this.home();
    const { position, target } = this.rig.pose();
    const by = halved ? HALF_DOLLY : 1 / HALF_DOLLY;
    const [x, y, z] = position.map((at, k) => target[k] + (at - target[k]) * by);
    this.rig.flyTo({ position: [x, y, z], target });
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
    this.homeCamera = JSON.stringify(rounded(home));
    this.linkedCamera = camera === null ? '' : JSON.stringify(camera);
    if (camera !== null) return this.rig.flyTo(camera, 'now');
    const target = new THREE.Vector3(...home.target);
    const far = new THREE.Vector3(...home.position).sub(target).multiplyScalar(1.45).applyAxisAngle(new THREE.Vector3(0, 1, 0), -0.35);
    this.rig.flyTo({ position: far.add(target).toArray(), target: home.target }, 'now');
    this.rig.flyTo(home, 'first');
  }

  /** Distance of the camera from the network, 1 = where it fills the window. */
  far(): number {
    const { min, max } = this.table.bounds();
    const key = [...min.toArray(), ...max.toArray(), this.rig.camera.aspect, this.second !== null].join();
    if (this.home_distance.key !== key) {
      const { position, target } = this.rig.homePose(this.corners());
      this.home_distance = { key, middle: new THREE.Vector3(...target), distance: new THREE.Vector3(...position).distanceTo(new THREE.Vector3(...target)) };
    }
    return this.rig.camera.position.distanceTo(this.home_distance.middle) / this.home_distance.distance;
  }

  private corners(): THREE.Vector3[] {
    return [...cornersOf(this.table), ...(this.second === null ? [] : cornersOf(this.second))];
  }
}

function cornersOf(table: NeuronTable): THREE.Vector3[] {
  const rows = table.rows.filter((row) => row.visible > 0.5);
  return (rows.length > 0 ? rows : table.rows).flatMap((row) => boxCorners(table.goalOf(row)));
}

export function boxCorners({ min, max }: THREE.Box3): THREE.Vector3[] {
  return Array.from({ length: 8 }, (_, i) => new THREE.Vector3(i & 1 ? max.x : min.x, i & 2 ? max.y : min.y, i & 4 ? max.z : min.z));
}
