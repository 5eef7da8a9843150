/** The canvas: how large it is, and the one picture or the two beside each other that are drawn on it. */

import * as THREE from 'three';

import type { Comparing } from './comparing';
import { FIELD_OF_VIEW_DEG, type CameraRig } from './looking/camera_rig';
import type { Picker } from './looking/picker';
import type { Depths, NetworkView } from './network_view';
import type { NeuronTable } from './neurons/neuron_table';
import type { SynapseExtras } from './synapses/synapse_extras';
import type { SceneContext } from '../state/frames';

/** The picture that a place of the canvas lies in: whose neurons, and where it begins and how wide it is, CSS pixels. */
export interface Side extends Pick<SceneContext, 'network' | 'view' | 'frames' | 'playback'> {
  readonly table: NeuronTable;
  readonly picker: Picker;
  readonly extras: SynapseExtras;
  readonly left: number;
  readonly width: number;
}

export class Surface {
  /** Of A's picture, CSS pixels: the window, or its left half. */
  width = 1;
  height = 1;
  /** Of the last drawing. */
  drawCalls = 0;

  constructor(
    private readonly host: HTMLElement, private readonly renderer: THREE.WebGLRenderer, private readonly network: NetworkView,
    private readonly comparing: Comparing, private readonly rig: CameraRig,
  ) {}

  /** Pixels of the drawing buffer for each CSS pixel. */
  get ratio(): number {
    return this.renderer.getPixelRatio();
  }

  /** As large as the host. */
  fill(): void {
    const { host } = this;
    this.fit(Math.max(1, host.clientWidth), Math.max(1, host.clientHeight), windowRatio());
  }

  /** So large: CSS pixels, and how many of its own each has. */
  fit(full: number, height: number, ratio: number): void {
    const { renderer, rig, network, comparing } = this;
    this.width = comparing.beside ? Math.max(1, Math.floor(full / 2)) : full;
    this.height = height;
    renderer.setPixelRatio(ratio);
    // A thousandth of a pixel, since it is rounded down.
    renderer.setSize(full + 1e-3 / ratio, height + 1e-3 / ratio, false);
    rig.resize(this.width, this.height);
    rig.zoomToPointer = !comparing.beside;
    const pixelScale = (this.height * ratio) / (2 * Math.tan(THREE.MathUtils.degToRad(FIELD_OF_VIEW_DEG) / 2));
    for (const { neurons } of [network, ...(comparing.second === null ? [] : [comparing.second])]) neurons.resize(pixelScale, ratio);
  }

  /** What is seen on it, from the left. */
  pictures(): readonly NetworkView[] {
    const { second, beside } = this.comparing;
    return beside && second !== null ? [this.network, second] : [this.network];
  }

  /** Which picture a CSS pixel lies in. */
  sideAt(x: number): Side {
    const pictures = this.pictures();
    const part = x < this.width ? 0 : pictures.length - 1;
    const { source, table, picker, extras } = pictures[part];
    const { network, view, frames, playback } = source;
    return { network, view, frames, playback, table, picker, extras, left: part * this.width, width: this.width };
  }

  /** The CSS pixel of A's picture at which a place lies; null when it is behind the camera. */
  project(place: THREE.Vector3): { x: number; y: number } | null {
    const { camera } = this.rig;
    camera.updateMatrixWorld();
    const point = place.clone().applyMatrix4(camera.matrixWorldInverse);
    if (point.z > -camera.near) return null;
    point.applyMatrix4(camera.projectionMatrix);
    return { x: (point.x * 0.5 + 0.5) * this.width, y: (0.5 - point.y * 0.5) * this.height };
  }

  /** The place under a pixel of A's picture, on the plane through what the camera looks at. */
  planeAt(x: number, y: number): THREE.Vector3 {
    const { camera, target } = this.rig;
    const ray = new THREE.Raycaster();
    ray.setFromCamera(new THREE.Vector2((x / this.width) * 2 - 1, 1 - (y / this.height) * 2), camera);
    const plane = new THREE.Plane().setFromNormalAndCoplanarPoint(camera.getWorldDirection(new THREE.Vector3()), target);
    return ray.ray.intersectPlane(plane, new THREE.Vector3()) ?? target;
  }

  /** Draws the picture, or two beside each other; spike light is multiplied by `gain`; `still`: all else is as it was. */
  draw(gain: number, still: boolean): void {
    const { rig, comparing } = this;
    const depths = this.depths();
    this.drawCalls = 0;
    this.pictures().forEach((picture, part) => {
      this.window(part);
      this.drawCalls += picture.draw(rig.camera, depths, gain, part === 0 ? comparing.difference : null, still);
    });
    this.window(0);
  }

  /** How much of it flashes, and how brightly. */
  flash(elapsed_s: number): { area: number; light: number } {
    const flashes = this.pictures().map((picture) => picture.flash(this.rig.camera, this.width / this.height, elapsed_s));
    return { area: flashes.reduce((sum, { area }) => sum + area, 0) / flashes.length, light: Math.max(...flashes.map(({ light }) => light)) };
  }

  private depths(): Depths {
    const { camera } = this.rig;
    camera.updateMatrixWorld();
    const sphere = this.network.table.bounds().getBoundingSphere(new THREE.Sphere());
    const middle = camera.position.distanceTo(sphere.center);
    return { near: middle - sphere.radius * 0.6, far: middle + sphere.radius * 1.1 };
  }

  /** Draws into the whole canvas, or into one of two halves. */
  private window(half: number): void {
    const { beside } = this.comparing;
    this.renderer.setScissorTest(beside);
    this.renderer.setViewport(half * this.width, 0, this.width, this.height);
    if (beside) this.renderer.setScissor(half * this.width, 0, this.width, this.height);
  }
}

/** Pixels of the screen for each CSS pixel; more than two are not seen. */
export function windowRatio(): number {
  return Math.min(2, window.devicePixelRatio || 1);
}
