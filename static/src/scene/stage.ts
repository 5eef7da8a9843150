/** The scene in a headset: the network as one group in a room of metres, seen by a person who moves in it. */

import * as THREE from 'three';

import { cssGradientStops } from './legend/colour_maps';
import type { Legend } from './legend/legend';
import { alongRay } from './looking/ray_pick';
import type { NeuronTable } from './neurons/neuron_table';
import type { Neurons } from './neurons/neurons';
import { stepOf, thinned } from './neurons/thinned';
import type { Presence } from '../state/session/presence';
import type { Budget, Stage, StageHit, StageRow, StageWish } from '../state/stage';
import type { Camera } from '../state/view';

const NEAR_M = 0.03;
const FAR_M = 200;
/** Where the floor is not known, or one sits: the eyes are so high. */
const STANDING_M = 1.6;
const SEATED_M = 1.2;
/** Of the pixels a side that the headset advises. */
const LIGHT = 0.75;

export interface StageParts {
  readonly renderer: THREE.WebGLRenderer;
  readonly room: THREE.Scene;
  readonly network: THREE.Group;
  readonly backdrop: THREE.Object3D;
  /** Drawn additively: over the real room they must not cover it. */
  readonly lights: readonly THREE.Material[];
  readonly table: NeuronTable;
  readonly neurons: Neurons;
  readonly legend: Legend;
  setSynapses(part: number): void;
  resized(): void;
}

export class SceneStage implements Stage {
  readonly renderer: THREE.WebGLRenderer;
  readonly room: THREE.Scene;
  readonly network: THREE.Group;
  readonly person = new THREE.Group();
  readonly camera = new THREE.PerspectiveCamera(90, 1, NEAR_M, FAR_M);
  /** The headset's camera as the network sees it: for what works in network coordinates. */
  readonly eye = new THREE.PerspectiveCamera();
  active = false;
  eyes_m = 0;
  private turn: (now_ms: number, elapsed_ms: number) => void = () => undefined;
  private drawn: number;
  private readonly inverse = new THREE.Matrix4();
  private readonly origin = new THREE.Vector3();
  private readonly direction = new THREE.Vector3();
  private readonly place = new THREE.Vector3();
  private readonly rotation = new THREE.Quaternion();
  private readonly size = new THREE.Vector3();

  constructor(private readonly parts: StageParts) {
    this.renderer = parts.renderer;
    this.room = parts.room;
    this.network = parts.network;
    this.drawn = parts.table.n_neurons;
    this.person.add(this.camera);
  }

  async begin(session: XRSession, { passthrough, posture, resolution }: StageWish, turn: (now_ms: number, elapsed_ms: number) => void): Promise<void> {
    const { renderer } = this;
    this.turn = turn;
    this.active = true;
    this.setBudget({ points: 1, synapses: 1 }); // the window may have left something out
    this.room.add(this.person);
    this.person.position.set(0, 0, 0);
    this.person.quaternion.identity();
    this.parts.backdrop.visible = false;
    for (const material of this.parts.lights) material.blendSrcAlpha = passthrough ? THREE.ZeroFactor : THREE.OneFactor;
    this.room.background = passthrough ? null : new THREE.Color().setRGB(0.04, 0.05, 0.075, THREE.LinearSRGBColorSpace);
    renderer.xr.enabled = true;
    renderer.xr.setFramebufferScaleFactor(resolution === 'full' ? XRWebGLLayer.getNativeFramebufferScaleFactor(session) : resolution === 'light' ? LIGHT : 1);
    try {
      const floor = posture === 'standing' && (await session.requestReferenceSpace('local-floor').then(() => true, () => false));
      this.eyes_m = floor ? 0 : posture === 'seated' ? SEATED_M : STANDING_M;
      this.person.position.y = this.eyes_m;
      renderer.xr.setReferenceSpaceType(floor ? 'local-floor' : 'local');
      await renderer.xr.setSession(session);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  end(): void {
    if (!this.active) return;
    this.active = false;
    this.turn = () => undefined;
    this.renderer.xr.enabled = false;
    this.room.remove(this.person);
    this.room.background = null;
    for (const material of this.parts.lights) material.blendSrcAlpha = null;
    this.parts.backdrop.visible = true;
    this.network.position.set(0, 0, 0);
    this.network.quaternion.identity();
    this.network.scale.setScalar(1);
    this.network.updateMatrixWorld(true);
    this.setBudget({ points: 1, synapses: 1 });
    this.parts.resized();
  }

  /** One turn of the headset's loop, before anything is drawn: what is where. */
  step(now_ms: number, elapsed_ms: number): void {
    this.person.updateMatrixWorld();
    this.renderer.xr.updateCamera(this.camera);
    this.moveBetweenEyes();
    this.turn(now_ms, elapsed_ms);
    this.network.updateMatrixWorld(true);
    const { camera, eye } = this;
    eye.matrixWorldInverse.multiplyMatrices(camera.matrixWorldInverse, this.network.matrixWorld);
    eye.matrixWorld.copy(eye.matrixWorldInverse).invert();
    eye.matrixWorld.decompose(eye.position, eye.quaternion, eye.scale);
    eye.projectionMatrix.copy(camera.projectionMatrix);
    eye.projectionMatrixInverse.copy(camera.projectionMatrixInverse);
  }

  /** The renderer takes the left eye for the person, who is between both. */
  private moveBetweenEyes(): void {
    const { camera, person, place } = this;
    const { cameras } = this.renderer.xr.getCamera();
    if (cameras.length < 2) return;
    place.setFromMatrixPosition(cameras[0].matrixWorld).add(this.size.setFromMatrixPosition(cameras[1].matrixWorld)).multiplyScalar(0.5);
    camera.position.copy(person.worldToLocal(place));
    camera.updateMatrixWorld(true);
  }

  /** The sizes of points for the headset's pixels; distances of the farthest and the nearest part, metres. */
  prepare(): { near: number; far: number } {
    const view = this.renderer.xr.getCamera().cameras[0];
    const scale = this.network.scale.x;
    const pixels = view === undefined ? 1000 : (view.projectionMatrix.elements[5] * view.viewport.w) / 2;
    this.parts.neurons.resize(pixels * scale, 1);
    const sphere = this.bounds().getBoundingSphere(new THREE.Sphere());
    sphere.center.applyMatrix4(this.network.matrixWorld);
    const middle = sphere.center.distanceTo(this.camera.getWorldPosition(this.place));
    return { near: middle - sphere.radius * scale * 0.6, far: middle + sphere.radius * scale * 1.1 };
  }

  along(origin: THREE.Vector3, direction: THREE.Vector3, spread_rad: number): StageHit | null {
    this.inverse.copy(this.network.matrixWorld).invert();
    const start = this.origin.copy(origin).applyMatrix4(this.inverse);
    const towards = this.direction.copy(direction).transformDirection(this.inverse);
    const hit = alongRay(this.parts.table, start, towards, spread_rad);
    return hit && { neuron: hit.neuron, layer: hit.row.name, distance: hit.distance * this.network.scale.x };
  }

  rows(): StageRow[] {
    const { table } = this.parts;
    return table.rows.map((row) => ({
      name: row.name, kind: row.kind, n: row.n, colour: `#${row.colour.getHexString(THREE.LinearSRGBColorSpace)}`, shown: row.visible > 0.5, box: table.boxOf(row),
    }));
  }

  bounds(): THREE.Box3 {
    return this.parts.table.bounds();
  }

  setBudget({ points, synapses }: Budget): void {
    const { table, neurons } = this.parts;
    const every = Math.max(1, Math.round(1 / points));
    const steps = table.rows.map((row) => stepOf(row, every));
    const ids = thinned(table.rows, steps);
    neurons.only(ids);
    table.thin(steps);
    this.drawn = ids === null ? table.n_neurons : ids.reduce((n, id) => n + (id < table.n_neurons ? 1 : 0), 0);
    this.parts.setSynapses(synapses);
  }

  drawnPoints(): { drawn: number; total: number } {
    return { drawn: this.drawn, total: this.parts.table.n_neurons };
  }

  legendLines(): readonly string[] {
    const { scales, notes } = this.parts.legend.text;
    return [...scales.flatMap(({ title, ticks, rows, note, swatches }) => [
      title, ...(ticks.length > 0 ? [ticks.join('   ')] : []), ...(swatches ?? []).map(([, name, count]) => `${name}  ${count}`),
      ...(rows ?? []).map((row) => row.join('  ')), ...(note?.split('\n') ?? []),
    ]), ...notes];
  }

  legendBar(): readonly string[] | null {
    const [first] = this.parts.legend.text.scales;
    if (first === undefined || first.map === null) return null;
    const stops = cssGradientStops(first.map, first.from);
    return first.reversed === true ? stops.reverse() : stops;
  }

  presence(hands: Pick<Presence, 'left' | 'right'>): Presence {
    this.eye.matrixWorld.decompose(this.place, this.rotation, this.size);
    const forward = this.direction.set(0, 0, -1).applyQuaternion(this.rotation);
    // As far away as the middle of the network, so that an orbiting camera turns about what was looked at.
    const reach = Math.max(1e-3, this.bounds().getCenter(this.origin).sub(this.place).dot(forward));
    return {
      head: { position: this.place.toArray(), rotation: this.rotation.toArray() as [number, number, number, number] },
      target: forward.multiplyScalar(reach).add(this.place).toArray(),
      ...hands, scale: 1 / this.network.scale.x, headset: true,
    };
  }

  /**
   * Moves the network, never the head: it comes to stand so that the viewer's eyes are where the camera was, turned about
   * the vertical only, at the size at which the camera's target lies as far away as it stands now in the room.
   */
  ride({ position, target }: Camera): void {
    this.moveBetweenEyes(); // drawing has set it back
    const head = this.camera.getWorldPosition(new THREE.Vector3());
    const looks = this.camera.getWorldDirection(new THREE.Vector3());
    const from = new THREE.Vector3(...position);
    const to = new THREE.Vector3(...target);
    const yaw = Math.atan2(looks.x, looks.z) - Math.atan2(to.x - from.x, to.z - from.z);
    this.network.quaternion.setFromAxisAngle(new THREE.Vector3(0, 1, 0), yaw);
    this.network.position.copy(head).sub(from.multiplyScalar(this.network.scale.x).applyQuaternion(this.network.quaternion));
  }
}
