/**
 * Where a person is in the network: head, hands and what they point at, in **network coordinates** (scene units), so that
 * people of any size, at a desk or in a headset, mean the same places.
 *
 * One `PresenceSource` is the page's own person. The headset writes it at every frame; at a desk there is only the
 * camera, and `now()` gives that. Sessions record it, and shared sessions send it.
 */

import type { Vector } from '../frames';
import type { Camera } from '../view';

/** x, y, z, w; unit length. */
export type Quaternion = readonly [number, number, number, number];

export interface Pose {
  readonly position: Vector;
  readonly rotation: Quaternion;
}

/** A wrist (of a tracked hand) or the grip of a controller. */
export interface HandPose extends Pose {
  /** 0 open .. 1 thumb and index finger meet, or the trigger is pulled. */
  readonly pinch: number;
  /** Where the hand's ray ends; null when it points at nothing. */
  readonly points: Vector | null;
}

export interface Presence {
  readonly head: Pose;
  /** What the head looks at: as far away as the network's nearest part in that direction. */
  readonly target: Vector;
  readonly left: HandPose | null;
  readonly right: HandPose | null;
  /** Scene units of one metre: how large this person is in the network. */
  readonly scale: number;
  /** True in a headset; at a desk `head` is the camera and `scale` is 0. */
  readonly headset: boolean;
}

export class PresenceSource {
  private worn: Presence | null = null;

  /** @param camera the page's own camera, for the time outside a headset */
  constructor(private readonly camera: () => Camera | null) {}

  /** Called by the headset at each frame; null when it is taken off. */
  wear(presence: Presence | null): void {
    this.worn = presence;
  }

  /** What the headset shows; null at a desk. */
  get headset(): Presence | null {
    return this.worn;
  }

  /** The person now; null before there is a scene. */
  now(): Presence | null {
    if (this.worn !== null) return this.worn;
    const camera = this.camera();
    return camera && {
      head: { position: camera.position, rotation: lookAt(camera.position, camera.target) }, target: camera.target,
      left: null, right: null, scale: 0, headset: false,
    };
  }
}

/** The rotation of a camera (it looks along -z, y up) at a place that looks at another. */
export function lookAt(from: Vector, to: Vector): Quaternion {
  const back = unit([from[0] - to[0], from[1] - to[1], from[2] - to[2]], [0, 0, 1]);
  const right = unit([back[2], 0, -back[0]], [1, 0, 0]);
  const up: Vector = [back[1] * right[2] - back[2] * right[1], back[2] * right[0] - back[0] * right[2], back[0] * right[1] - back[1] * right[0]];
  const trace = right[0] + up[1] + back[2];
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1);
    return [(up[2] - back[1]) / s, (back[0] - right[2]) / s, (right[1] - up[0]) / s, s / 4];
  }
  if (right[0] > up[1] && right[0] > back[2]) {
    const s = 2 * Math.sqrt(1 + right[0] - up[1] - back[2]);
    return [s / 4, (up[0] + right[1]) / s, (back[0] + right[2]) / s, (up[2] - back[1]) / s];
  }
  if (up[1] > back[2]) {
    const s = 2 * Math.sqrt(1 + up[1] - right[0] - back[2]);
    return [(up[0] + right[1]) / s, s / 4, (back[1] + up[2]) / s, (back[0] - right[2]) / s];
  }
  const s = 2 * Math.sqrt(1 + back[2] - right[0] - up[1]);
  return [(back[0] + right[2]) / s, (back[1] + up[2]) / s, s / 4, (right[1] - up[0]) / s];
}

/** Between two rotations, the short way. */
export function turned(a: Quaternion, b: Quaternion, part: number): Quaternion {
  const dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
  const sign = dot < 0 ? -1 : 1;
  // Nearly linear between poses a tenth of a second apart; normalised, it is the great circle to within a thousandth.
  const mixed = [0, 1, 2, 3].map((i) => a[i] * (1 - part) + sign * b[i] * part);
  const length = Math.hypot(...mixed) || 1;
  return [mixed[0] / length, mixed[1] / length, mixed[2] / length, mixed[3] / length];
}

function unit(v: Vector, otherwise: Vector): Vector {
  const length = Math.hypot(...v);
  return length > 1e-12 ? [v[0] / length, v[1] / length, v[2] / length] : otherwise;
}
