/**
 * What the hands' rays mean: a pane is hovered, pressed and dragged; a neuron is picked; the network or a pane is taken hold
 * of. A short pinch of a tracked hand picks, one that moves holds.
 */

import * as THREE from 'three';

import { isHandle } from './board';
import type { Hold } from './hold';
import { type Hand, type Inputs, type Side } from './inputs';
import type { Lines } from './lines';
import type { PaneHit, Panes } from './panes';
import type { XrSettings } from './settings';
import type { HandPose } from '../state/session/presence';
import type { Stage, StageHit } from '../state/stage';
import type { View } from '../state/view';

/** A ray means a neuron that lies so far beside it; a hand is less steady than a controller. */
const SPREAD_RAD = { none: 0.02, controller: 0.02, hand: 0.03 } as const;
const RAY_M = 3;
const HOVER_MS = 90;
/** A pinch that is let go within so long, and moved no farther than this, picks; else it held the network. */
const PICK_MS = 350;
const PICK_M = 0.025;
const CROSS_M = 0.006;
const RAY = new THREE.Color(0.42, 0.7, 1);
const REST = new THREE.Color(0.6, 0.64, 0.72);

export interface PointingParts {
  readonly stage: Stage;
  readonly view: View;
  readonly panes: Panes;
  readonly hold: Hold;
  readonly inputs: Inputs;
  readonly lines: Lines;
  settings(): XrSettings;
  /** "layer 17" of a global index. */
  neuronName(neuron: number): string;
}

interface Ray {
  pane: PaneHit | null;
  hit: StageHit | null;
  /** A pane that the trigger is held on. */
  captured: PaneHit['pane'] | null;
  /** A pinch that began beside every pane: it picks or it holds. */
  pinched: { readonly at_ms: number; readonly place: THREE.Vector3; readonly hit: StageHit | null } | null;
  hover_ms: number;
}

export class Pointing {
  private readonly rays: Record<Side, Ray> = { left: ray(), right: ray() };
  private readonly tip = new THREE.Vector3();
  private readonly before = new THREE.Vector3();
  private readonly after = new THREE.Vector3();
  private readonly place = new THREE.Vector3();
  private readonly turn = new THREE.Quaternion();
  private readonly inverse = new THREE.Matrix4();

  constructor(private readonly parts: PointingParts) {}

  /** One frame of one hand. */
  update(hand: Hand, now_ms: number): void {
    const { panes, hold, stage } = this.parts;
    const ray = this.rays[hand.side];
    if (!hand.tracked) {
      this.forget(hand);
      return;
    }
    if (hand.trigger.ended || hand.squeeze.ended) this.release(hand, ray, now_ms);
    if (hold.holds(hand.side)) return;
    const before = ray.pane?.pane ?? null;
    if (ray.captured === null) {
      ray.pane = panes.along(hand.origin, hand.direction);
      if (before !== null && before !== ray.pane?.pane) before.handler.hover?.(null);
      if (ray.pane !== null) ray.pane.pane.handler.hover?.(ray.pane.at);
      else if (now_ms - ray.hover_ms >= HOVER_MS || hand.trigger.started) this.hoverNetwork(hand, ray, now_ms);
    } else {
      const at = panes.on(ray.captured, hand.origin, hand.direction);
      if (at !== null) {
        ray.pane = { pane: ray.captured, distance: at.distance, at };
        ray.captured.handler.move?.(at);
      }
    }
    if (hand.trigger.started) this.press(hand, ray, now_ms);
    if (hand.squeeze.started) this.take(hand, ray);
    if (ray.pinched !== null && hand.place.distanceTo(ray.pinched.place) > PICK_M) {
      ray.pinched = null;
      hold.take(hand, stage.network);
    }
    this.draw(hand, ray);
  }

  /** Points at nothing from now on, and lets go of what it held. */
  forget(hand: Hand): void {
    const ray = this.rays[hand.side];
    ray.captured?.handler.release?.(null);
    ray.pane?.pane.handler.hover?.(null);
    ray.pane = ray.hit = ray.captured = ray.pinched = null;
    if (this.parts.hold.holds(hand.side)) this.parts.hold.letGo(hand, this.parts.inputs);
  }

  /** The pane that a hand points at. */
  paneOf(side: Side): PaneHit | null {
    return this.rays[side].pane;
  }

  /** What the pointing hand is on, in words; "" = nothing, or a pane that says so itself. */
  words(): string {
    const { pane, hit } = this.rays[this.parts.settings().hand];
    if (pane !== null || hit === null) return '';
    return hit.neuron >= 0 ? this.parts.neuronName(hit.neuron) : hit.layer;
  }

  /** Where a hand is and points, in network coordinates; null where it is not seen. */
  poseOf(hand: Hand): HandPose | null {
    if (!hand.tracked) return null;
    const { network } = this.parts.stage;
    this.inverse.copy(network.matrixWorld).invert();
    const { pane, hit } = this.rays[hand.side];
    const distance = pane?.distance ?? hit?.distance ?? null;
    const points = distance === null ? null : this.tip.copy(hand.origin).addScaledVector(hand.direction, distance).applyMatrix4(this.inverse).toArray();
    this.turn.copy(network.quaternion).invert().multiply(hand.turn);
    return {
      position: this.place.copy(hand.place).applyMatrix4(this.inverse).toArray(),
      rotation: this.turn.toArray() as [number, number, number, number], pinch: hand.pinch, points,
    };
  }

  private hoverNetwork(hand: Hand, ray: Ray, now_ms: number): void {
    ray.hover_ms = now_ms;
    ray.hit = this.parts.stage.along(hand.origin, hand.direction, SPREAD_RAD[hand.kind]);
    if (hand.side === this.parts.settings().hand) this.parts.view.set({ hover: ray.hit?.neuron ?? -1 });
  }

  private press(hand: Hand, ray: Ray, now_ms: number): void {
    const { pane } = ray;
    if (pane !== null) {
      hand.knock(0.3);
      if (isHandle(pane.pane, pane.at)) this.parts.hold.take(hand, pane.pane);
      else {
        ray.captured = pane.pane;
        pane.pane.handler.press?.(pane.at);
      }
    } else if (hand.kind === 'hand') ray.pinched = { at_ms: now_ms, place: hand.place.clone(), hit: ray.hit };
    else this.pick(hand, ray.hit);
  }

  private release(hand: Hand, ray: Ray, now_ms: number): void {
    const { hold, inputs } = this.parts;
    ray.captured?.handler.release?.(ray.pane?.at ?? null);
    ray.captured = null;
    if (ray.pinched !== null && now_ms - ray.pinched.at_ms <= PICK_MS) this.pick(hand, ray.pinched.hit);
    ray.pinched = null;
    if (hold.holds(hand.side) && !hand.trigger.down && !hand.squeeze.down) hold.letGo(hand, inputs);
  }

  private take(hand: Hand, ray: Ray): void {
    if (ray.pane?.pane.movable === true) this.parts.hold.take(hand, ray.pane.pane);
    else if (ray.pane === null) this.parts.hold.take(hand, this.parts.stage.network);
    hand.knock(0.4);
  }

  /** Selects the neuron; with the other hand's trigger held, adds it. A sheet selects nothing but names its layer. */
  private pick(hand: Hand, hit: StageHit | null): void {
    const { view, inputs } = this.parts;
    if (hit === null) {
      view.set({ selection: [] });
      return;
    }
    if (hit.neuron < 0) return;
    hand.knock(0.6);
    const other = inputs[hand.side === 'left' ? 'right' : 'left'];
    const selection = view.get('selection');
    if (!other.trigger.down) view.set({ selection: [hit.neuron] });
    else view.set({ selection: selection.includes(hit.neuron) ? selection.filter((id) => id !== hit.neuron) : [...selection, hit.neuron] });
  }

  private draw(hand: Hand, { pane, hit }: Ray): void {
    const { lines } = this.parts;
    const distance = pane?.distance ?? hit?.distance ?? RAY_M;
    this.tip.copy(hand.origin).addScaledVector(hand.direction, Math.min(distance, RAY_M));
    const lit = pane !== null || (hit !== null && hit.neuron >= 0);
    lines.add(hand.origin, this.tip, lit ? RAY : REST, 0.9, lit ? 0.9 : 0.05);
    if (pane === null) return;
    // A small cross where the ray meets a pane.
    for (const column of [0, 1]) {
      this.after.setFromMatrixColumn(pane.pane.matrix, column).multiplyScalar(CROSS_M).add(this.tip);
      this.before.copy(this.tip).multiplyScalar(2).sub(this.after);
      lines.add(this.before, this.after, RAY);
    }
  }
}

function ray(): Ray {
  return { pane: null, hit: null, captured: null, pinched: null, hover_ms: -Infinity };
}
