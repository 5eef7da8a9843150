/**
 * Flying through the network in the first person: W A S D and the arrows or the mouse, the wheel for the speed. The speed
 * is measured by what is near, so that one can cross the whole network and yet pass between two neurons.
 */

import * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import { HeadsUp } from '../legend/heads_up';
import type { NeuronTable } from '../neurons/neuron_table';

/** Of the distance to the nearest layer, a second. */
const PACE = 0.8;
/** Of the network's radius: the slowest and the fastest distance that counts. */
const [NEAREST, FARTHEST] = [0.02, 1.2];
const SLOWEST = 1 / 16;
const FASTEST = 16;
const WHEEL_STEP = 1.25;
const TURN_PER_S = 0.9;
const TURN_PER_PX = 0.0028;
/** Time constant with which speed comes and goes; none for those who want little motion. */
const EASE_MS = 110;
const MOST_PITCH = Math.PI / 2 - 0.02;

/** Keys by their place on the keyboard, so that W A S D lie together everywhere: right, up, ahead; turn right, turn up. */
const KEYS: Readonly<Record<string, readonly [number, number, number, number, number]>> = {
  KeyW: [0, 0, 1, 0, 0], KeyS: [0, 0, -1, 0, 0], KeyA: [-1, 0, 0, 0, 0], KeyD: [1, 0, 0, 0, 0], KeyE: [0, 1, 0, 0, 0], KeyQ: [0, -1, 0, 0, 0],
  ArrowLeft: [0, 0, 0, -1, 0], ArrowRight: [0, 0, 0, 1, 0], ArrowUp: [0, 0, 0, 0, 1], ArrowDown: [0, 0, 0, 0, -1],
};
/** For fingers: what to hold, its sign and its name. */
const PADS: readonly (readonly [code: string, sign: string, name: string])[] = [
  ['KeyA', '◀', 'Left'], ['KeyW', '▲', 'Ahead'], ['KeyS', '▼', 'Back'], ['KeyD', '▶', 'Right'], ['KeyE', '↥', 'Up'], ['KeyQ', '↧', 'Down'],
];

export class Flight {
  private readonly held = new Set<string>();
  private readonly velocity = new THREE.Vector3();
  private readonly reducedMotion = window.matchMedia('(prefers-reduced-motion: reduce)');
  private readonly hud: HeadsUp;
  private session: AbortController | null = null;
  private turned = { yaw: 0, pitch: 0 };
  private factor = 1;
  private reach = 1;

  constructor(
    private readonly canvas: HTMLCanvasElement, host: HTMLElement, private readonly rig: CameraRig, private readonly table: NeuronTable,
    private readonly signal: AbortSignal,
  ) {
    this.hud = new HeadsUp(host, 'Flight', 'Leave the flight (Esc)', () => this.stop());
  }

  get flying(): boolean {
    return this.session !== null;
  }

  toggle(): void {
    if (this.flying) this.stop();
    else this.start();
  }

  start(): void {
    if (this.flying) return;
    const session = new AbortController();
    this.session = session;
    const first = { signal: AbortSignal.any([session.signal, this.signal]), capture: true };
    this.rig.enabled = false;
    this.reach = Math.max(this.radius() * NEAREST, this.rig.camera.position.distanceTo(this.rig.target));
    this.velocity.set(0, 0, 0);
    window.addEventListener('keydown', (event) => this.onKey(event), first);
    window.addEventListener('keyup', (event) => this.held.delete(event.code), first);
    window.addEventListener('blur', () => this.held.clear(), first);
    this.canvas.addEventListener('wheel', (event) => this.onWheel(event), { ...first, passive: false });
    for (const kind of ['pointerdown', 'pointermove', 'pointerup'] as const) this.canvas.addEventListener(kind, (event) => this.onPointer(event), first);
    document.addEventListener('pointerlockchange', () => {
      // The browser takes Escape for itself while it holds the pointer.
      if (document.pointerLockElement === null && !document.hidden) this.stop();
    }, first);
    this.hud.setPads(PADS.map(([code, sign, name]) => ({ sign, name, hold: (down) => void (down ? this.held.add(code) : this.held.delete(code)) })));
    this.hud.shown = true;
    this.say();
    this.canvas.focus({ preventScroll: true });
  }

  stop(): void {
    if (this.session === null) return;
    this.session.abort();
    this.session = null;
    this.held.clear();
    if (document.pointerLockElement === this.canvas) document.exitPointerLock();
    this.hud.shown = false;
    this.rig.enabled = true;
  }

  /** Moves the camera on. */
  update(elapsed_ms: number): void {
    if (this.session === null) return;
    const { camera } = this.rig;
    const [right, up, ahead, turn, tilt] = this.wanted();
    const seconds = elapsed_ms / 1000;
    const look = this.rig.direction().negate();
    const yaw = Math.atan2(look.x, look.z) - this.turned.yaw - turn * TURN_PER_S * seconds;
    const pitch = Math.max(-MOST_PITCH, Math.min(MOST_PITCH, Math.asin(look.y) + this.turned.pitch + tilt * TURN_PER_S * seconds));
    const turning = turn !== 0 || tilt !== 0 || this.turned.yaw !== 0 || this.turned.pitch !== 0;
    this.turned = { yaw: 0, pitch: 0 };
    const direction = new THREE.Vector3(Math.cos(pitch) * Math.sin(yaw), Math.sin(pitch), Math.cos(pitch) * Math.cos(yaw));
    const side = new THREE.Vector3().crossVectors(direction, new THREE.Vector3(0, 1, 0)).normalize();
    const goal = new THREE.Vector3().addScaledVector(side, right).addScaledVector(direction, ahead);
    goal.y += up;
    goal.clampLength(0, 1).multiplyScalar(this.speed());
    this.velocity.lerp(goal, this.reducedMotion.matches ? 1 : 1 - Math.exp(-elapsed_ms / EASE_MS));
    if (this.velocity.length() < 1e-3 * this.speed()) this.velocity.set(0, 0, 0);
    if (!turning && this.velocity.lengthSq() === 0) return;
    const position = camera.position.clone().addScaledVector(this.velocity, seconds);
    // Not so far away that nothing is left to be seen.
    const middle = this.table.bounds().getCenter(new THREE.Vector3());
    position.sub(middle).clampLength(0, 10 * this.radius()).add(middle);
    this.rig.place({ position: position.toArray(), target: position.clone().addScaledVector(direction, this.reach).toArray() });
  }

  dispose(): void {
    this.stop();
    this.hud.dispose();
  }

  /** Scene units a second: by the distance to the nearest layer that is shown. */
  private speed(): number {
    const radius = this.radius();
    const near = Math.min(...this.table.rows.filter(({ visible }) => visible > 0.5).map((row) => this.table.boxOf(row).distanceToPoint(this.rig.camera.position)));
    return this.factor * PACE * Math.max(NEAREST * radius, Math.min(FARTHEST * radius, near));
  }

  private radius(): number {
    return Math.max(1e-3, this.table.bounds().getBoundingSphere(new THREE.Sphere()).radius);
  }

  private wanted(): number[] {
    const sum = [0, 0, 0, 0, 0];
    for (const code of this.held) KEYS[code]?.forEach((part, i) => { sum[i] += part; });
    return sum;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as HTMLElement | null)?.closest('input, textarea, select, dialog')) return;
    if (event.key !== 'Escape' && KEYS[event.code] === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === 'Escape') this.stop();
    else this.held.add(event.code);
  }

  private onWheel(event: WheelEvent): void {
    event.preventDefault();
    event.stopPropagation();
    this.factor = Math.max(SLOWEST, Math.min(FASTEST, event.deltaY < 0 ? this.factor * WHEEL_STEP : this.factor / WHEEL_STEP));
    this.say();
  }

  /** A click takes the pointer, so that moving it turns the head; a drag does the same without. */
  private onPointer(event: PointerEvent): void {
    event.stopPropagation();
    const locked = document.pointerLockElement === this.canvas;
    if (event.type === 'pointerdown' && event.pointerType === 'mouse' && !locked) {
      void Promise.resolve(this.canvas.requestPointerLock()).catch(() => undefined); // then dragging turns
    } else if (event.type === 'pointerdown') this.canvas.setPointerCapture(event.pointerId);
    if (event.type !== 'pointermove' || !(locked || event.buttons !== 0)) return;
    this.turned.yaw += event.movementX * TURN_PER_PX;
    this.turned.pitch -= event.movementY * TURN_PER_PX;
  }

  private say(): void {
    const factor = this.factor >= 1 ? this.factor.toFixed(this.factor < 10 ? 1 : 0) : this.factor.toFixed(2);
    this.hud.text = matchMedia('(pointer: coarse)').matches
      ? 'Flying: hold a button, drag to look'
      : `Flying · W A S D, Q E move · mouse or arrows look · wheel: speed ${factor}x`;
  }
}
