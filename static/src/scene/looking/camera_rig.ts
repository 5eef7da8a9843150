/**
 * The camera: orbit (drag), pan (right drag), zoom to the pointer (wheel), and eased flights home or to a part of the
 * network. People who asked for reduced motion are taken there at once.
 */

import * as THREE from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';

import type { Lens } from './fit';
import type { Camera } from '../../state/view';

export const FIELD_OF_VIEW_DEG = 28;
/** After so many turns nothing is left of a drag's swing (a tenth of it goes in each). */
const SWING_TURNS = 60;
const FLIGHT_MS = 240;
const FIRST_FLIGHT_MS = 900;

interface Flight {
  readonly start_ms: number;
  readonly duration_ms: number;
  readonly from: { position: THREE.Vector3; target: THREE.Vector3 };
  readonly to: { position: THREE.Vector3; target: THREE.Vector3 };
}

export class CameraRig {
  readonly camera = new THREE.PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, 0.1, 10_000);
  /** Called when the viewer has moved the camera and let go, or a flight has ended. */
  onSettled: (camera: Camera) => void = () => {};
  private readonly controls: OrbitControls;
  private flight: Flight | null = null;
  private moved = false;
  /** Where it stood when the controls last told of a change. */
  private readonly told = { position: new THREE.Vector3(), target: new THREE.Vector3() };
  /** Turns of the loop for which the controls may still move the camera by themselves. */
  private swing = SWING_TURNS;
  private height = 720;
  private settle_ms = 0;
  private readonly reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');

  constructor(element: HTMLElement) {
    this.controls = new OrbitControls(this.camera, element);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.12;
    this.controls.zoomToCursor = true;
    this.controls.zoomSpeed = 1.4;
    this.controls.screenSpacePanning = true;
    this.controls.addEventListener('change', this.onChange);
    this.controls.addEventListener('start', this.onStart);
    this.controls.addEventListener('end', this.onEnd);
  }

  /** Sets what is reachable from the size of the network. */
  setWorld(box: THREE.Box3): void {
    const radius = Math.max(box.getBoundingSphere(new THREE.Sphere()).radius, 1e-3);
    this.controls.minDistance = radius * 0.01;
    this.controls.maxDistance = radius * 12;
    this.camera.near = radius * 0.004;
    this.camera.far = radius * 30;
    this.camera.updateProjectionMatrix();
    this.swing = SWING_TURNS; // the controls hold the new limits
  }

  /** Zooms towards the pointer only where the picture fills the canvas: the controls know the canvas alone. */
  set zoomToPointer(on: boolean) {
    this.controls.zoomToCursor = on;
  }

  resize(width: number, height: number): void {
    this.height = Math.max(height, 1);
    this.camera.aspect = width / this.height;
    this.camera.updateProjectionMatrix();
  }

  /** Moves damping and flights on; true while the camera moves. */
  update(now_ms: number): boolean {
    if (this.flight !== null) {
      const { start_ms, duration_ms, from, to } = this.flight;
      const part = duration_ms <= 0 ? 1 : Math.min(1, Math.max(0, (now_ms - start_ms) / duration_ms));
      const eased = 1 - (1 - part) ** 3;
      this.camera.position.lerpVectors(from.position, to.position, eased);
      this.controls.target.lerpVectors(from.target, to.target, eased);
      if (part >= 1) this.flight = null;
      this.moved = true;
      this.controls.enableDamping = false;
      this.controls.update();
      this.controls.enableDamping = true;
    } else if (this.swing > 0) {
      this.swing--;
      this.controls.update();
    }
    const moved = this.moved;
    this.moved = false;
    if (moved) this.settle_ms = now_ms + 250;
    else if (this.settle_ms > 0 && now_ms > this.settle_ms) {
      this.settle_ms = 0;
      this.onSettled(this.pose());
    }
    return moved;
  }

  /** True while `update` has to be called although nothing is drawn. */
  get settling(): boolean {
    return this.settle_ms > 0 || this.flight !== null;
  }

  pose(): Camera {
    return rounded({ position: this.camera.position.toArray(), target: this.controls.target.toArray() });
  }

  /** Puts the camera there, with nothing in between: for what moves it at every turn, such as a replayed session. */
  place({ position, target }: Camera): void {
    this.flight = null;
    // What is left of a drag's swing would carry it on from there.
    this.controls.enableDamping = false;
    this.controls.update();
    this.camera.position.set(...position);
    this.controls.target.set(...target);
    this.controls.update();
    this.controls.enableDamping = true;
    this.stir();
  }

  /** The picture that it sees. */
  get lens(): Lens {
    return { width: this.camera.aspect * this.height, height: this.height, tangent: Math.tan(THREE.MathUtils.degToRad(this.camera.fov) / 2) };
  }

  /** Where it stands, or flies to. */
  goal(): Camera {
    return this.flight === null ? this.pose() : rounded({ position: this.flight.to.position.toArray(), target: this.flight.to.target.toArray() });
  }

  /** False while a drag means something else than turning. */
  set enabled(on: boolean) {
    this.controls.enabled = on;
  }

  /** Direction from the target to the camera. */
  direction(): THREE.Vector3 {
    return this.camera.position.clone().sub(this.controls.target).normalize();
  }

  get target(): THREE.Vector3 {
    return this.controls.target;
  }

  /** Eases to a pose; at once for those who want little motion, and where `now` is asked for. */
  flyTo(pose: Camera, how: 'first' | 'ease' | 'now' = 'ease'): void {
    const duration_ms = how === 'now' || this.reducedMotion.matches ? 0 : how === 'first' ? FIRST_FLIGHT_MS : FLIGHT_MS;
    this.flight = {
      start_ms: performance.now(),
      duration_ms,
      from: { position: this.camera.position.clone(), target: this.controls.target.clone() },
      to: { position: new THREE.Vector3(...pose.position), target: new THREE.Vector3(...pose.target) },
    };
    if (duration_ms === 0) this.update(performance.now());
  }

  dispose(): void {
    this.controls.removeEventListener('change', this.onChange);
    this.controls.removeEventListener('start', this.onStart);
    this.controls.removeEventListener('end', this.onEnd);
    this.controls.dispose();
  }

  private readonly onChange = (): void => {
    // At the farthest place the controls tell of a change at every turn, of no more than rounding errors.
    const { told, controls, camera } = this;
    const far = camera.position.distanceTo(controls.target);
    if (told.position.distanceTo(camera.position) + told.target.distanceTo(controls.target) < 1e-9 * far) return;
    told.position.copy(camera.position);
    told.target.copy(controls.target);
    this.stir();
  };

  private stir(): void {
    this.moved = true;
    this.swing = SWING_TURNS;
  }

  private readonly onEnd = (): void => {
    this.swing = SWING_TURNS;
  };

  private readonly onStart = (): void => {
    this.flight = null;
    this.swing = SWING_TURNS;
  };
}

/** A pose as it stands in addresses: to a hundredth of a scene unit. */
export function rounded({ position, target }: Camera): Camera {
  const round = (v: readonly number[]): [number, number, number] => v.map((x) => Math.round(x * 100) / 100) as [number, number, number];
  return { position: round(position), target: round(target) };
}
