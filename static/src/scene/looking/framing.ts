/**
 * Where the camera goes to show something: the whole network, a layer, the selection, and the first view of all. What was
 * fitted into the window stays so when the window changes, until the user moves the camera.
 */

import * as THREE from 'three';

import { type CameraRig, rounded } from './camera_rig';
import { fitPose, type Keep } from './fit';
import type { NeuronTable } from '../neurons/neuron_table';
import { paneBox } from '../pane_box';
import type { Camera, View } from '../../state/view';

/** From before the first sheet, to its right, a little above: the layers follow each other from left to right. */
const HOME_DIRECTION = new THREE.Vector3(-0.66, 0.34, 0.67).normalize();
const LAYER_DIRECTION = new THREE.Vector3(-0.85, 0.22, 0.48).normalize();
/** Room for the labels, pixels: above sheets, or beside what stands one above the other. */
const ABOVE = { x: 30, y: 46 };
const BESIDE = { x: 104, y: 20 };

/** How much farther away the camera stands where the picture is half as wide. */
const HALF_DOLLY = 1.7;

export class Framing {
  /** Neurons of the picture beside, which has the same camera. */
  private second: NeuronTable | null = null;
  private home_distance = { version: -1, width: 0, height: 0, second: null as NeuronTable | null, middle: new THREE.Vector3(), distance: 1 };
  /** What the camera was last sent to show, and where it stands for that. */
  private fitted: { readonly pose: Camera; readonly again: () => Camera } | null = null;
  /** The camera that the address gave: two pictures instead of one do not move it. */
  private linkedCamera = '';
  /** Where the camera has come to rest, as it stands in the view. */
  private restCamera = 'null';

  constructor(
    private readonly view: View, private readonly table: NeuronTable, private readonly rig: CameraRig,
    /** What lies over the picture, pixels. */
    private readonly taken: () => readonly THREE.Box2[],
  ) {}

  /** Keeps camera and view the same: what moves one is told to the other. The view calls the home of any window null. */
  follow(signal: AbortSignal): void {
    const { view, rig } = this;
    rig.onSettled = () => this.tell();
    view.subscribe(['camera'], () => {
      const camera = view.get('camera');
      if (JSON.stringify(camera) === this.restCamera) return;
      this.restCamera = JSON.stringify(camera);
      if (camera === null) this.home();
      else rig.flyTo(camera);
    }, signal);
    view.subscribe(['legend', 'minimap'], () => this.refit('ease'), signal);
    // Hiding a layer moves nothing, but the home of what is left is another.
    view.subscribe(['hidden'], () => queueMicrotask(() => this.tell()), signal);
  }

  home(): void {
    this.fly(() => this.homeNow());
  }

  /** The window, or what lies over it, is another: what was fitted into it is fitted again, unless the camera was moved. */
  refit(how: 'ease' | 'now' = 'now'): void {
    const { fitted, rig } = this;
    if (fitted === null || !near(rig.goal(), fitted.pose)) return;
    this.fly(fitted.again, how);
  }

  /** Two pictures beside each other, or one again (null); what was in sight stays so. */
  beside(second: NeuronTable | null): void {
    const box = this.table.bounds();
    this.rig.setWorld(second === null ? box : box.union(second.bounds()));
    const halved = second !== null;
    const before = this.second !== null;
    this.second = second;
    if (halved === before || JSON.stringify(this.view.get('camera')) === this.linkedCamera) return;
    const goal = this.rig.goal();
    if (this.fitted !== null && near(goal, this.fitted.pose)) return this.refit('ease');
    const by = halved ? HALF_DOLLY : 1 / HALF_DOLLY;
    const [x, y, z] = goal.position.map((at, k) => goal.target[k] + (at - goal.target[k]) * by);
    this.rig.flyTo({ position: [x, y, z], target: goal.target });
  }

  fitSelection(): void {
    const selection = this.view.get('selection');
    if (selection.length === 0) return this.home();
    const box = new THREE.Box3();
    const point = new THREE.Vector3();
    const direction = this.rig.direction();
    for (const id of selection) {
      this.table.position(id, point);
      const reach = 6 * (this.table.rowOf(id)?.spacing ?? 1);
      box.union(new THREE.Box3().setFromCenterAndSize(point, new THREE.Vector3(reach, reach, reach)));
    }
    this.fly(() => fitPose([box], direction, this.part(0.08), this.rig.lens));
  }

  fitLayer(layer: number): void {
    const row = this.table.rows[layer];
    if (row === undefined || row.kind !== 'layer') return;
    this.fly(() => fitPose([paneBox(row, this.table.goalOf(row))], LAYER_DIRECTION, { ...this.part(0.1), taken: this.taken() }, this.rig.lens));
  }

  /** The first view: from a little farther and more to the side, eased to home; or where the link says. */
  arrive(): void {
    const camera = this.view.get('camera');
    this.restCamera = this.linkedCamera = camera === null ? '' : JSON.stringify(camera);
    const home = this.homeNow();
    if (camera !== null) {
      if (near(camera, home)) this.fly(() => this.homeNow(), 'now');
      else this.rig.flyTo(camera, 'now');
      return;
    }
    const target = new THREE.Vector3(...home.target);
    const far = new THREE.Vector3(...home.position).sub(target).multiplyScalar(1.45).applyAxisAngle(new THREE.Vector3(0, 1, 0), -0.35);
    this.rig.flyTo({ position: far.add(target).toArray(), target: home.target }, 'now');
    this.fly(() => this.homeNow(), 'first');
  }

  /** Distance of the camera from the network, 1 = where it fills the window. */
  far(): number {
    const { home_distance: home, table, second, rig } = this;
    const { lens } = rig;
    if (home.version !== table.version || home.width !== lens.width || home.height !== lens.height || home.second !== second) {
      const { position, target } = fitPose(this.boxes(), HOME_DIRECTION, this.margins(), lens);
      const middle = new THREE.Vector3(...target);
      this.home_distance = {
        version: table.version, width: lens.width, height: lens.height, second, middle, distance: middle.distanceTo(new THREE.Vector3(...position)),
      };
    }
    return rig.camera.position.distanceTo(this.home_distance.middle) / this.home_distance.distance;
  }

  private fly(again: () => Camera, how: 'first' | 'ease' | 'now' = 'ease'): void {
    const pose = again();
    this.fitted = { pose: rounded(pose), again };
    this.rig.flyTo(pose, how);
  }

  /** The three-quarter view that fits the network into the window, beside what lies over it. */
  private homeNow(): Camera {
    return fitPose(this.boxes(), HOME_DIRECTION, { ...this.margins(), taken: this.taken() }, this.rig.lens);
  }

  /** Writes where the camera is, or goes, into the view. */
  private tell(): void {
    const camera = this.rig.goal();
    const rest = near(camera, this.homeNow()) ? null : camera;
    this.restCamera = JSON.stringify(rest);
    // A flight that ends where the view sent it says nothing new: undo would take it for a step of its own.
    if (JSON.stringify(this.view.get('camera')) !== this.restCamera) this.view.set({ camera: rest });
  }

  private margins(): Keep {
    const stacked = this.table.rows.some(({ frame }) => frame?.kind === 'column' || frame?.kind === 'cloud');
    const { width, height } = this.rig.lens;
    const { x, y } = stacked ? BESIDE : ABOVE;
    return { x: Math.min(x, 0.16 * width), y: Math.min(y, 0.1 * height) };
  }

  /** Margins as a part of the window. */
  private part(of: number): Keep {
    const { width, height } = this.rig.lens;
    return { x: of * width, y: of * height };
  }

  private boxes(): THREE.Box3[] {
    const hidden = new Set(this.view.get('hidden'));
    return [this.table, ...(this.second === null ? [] : [this.second])].flatMap((table) => boxesOf(table, hidden));
  }
}

/** Of the rows that are shown, or are about to be. */
function boxesOf(table: NeuronTable, hidden: ReadonlySet<string>): THREE.Box3[] {
  const rows = table.rows.filter((row) => !hidden.has(row.name));
  return (rows.length > 0 ? rows : table.rows).map((row) => paneBox(row, table.goalOf(row)));
}

/** True for one and the same place, as far as an address can tell. */
function near(a: Camera, b: Camera): boolean {
  const apart = (one: readonly number[], other: readonly number[]): number => Math.hypot(...one.map((x, k) => x - other[k]));
  return apart(a.position, b.position) + apart(a.target, b.target) < 0.03 + 1e-4 * apart(b.position, b.target);
}
