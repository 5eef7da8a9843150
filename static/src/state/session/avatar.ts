/** The others of a shared session, as the scene draws them: in scene units, whoever draws them. */

import type { HandPose, Pose, Presence } from './presence';
import type { Vector } from '../frames';
import type { Presence as Told } from '../../net/messages.gen';

export interface AvatarRay {
  readonly start: Vector;
  readonly end: Vector;
  /** The laser: to be noticed. */
  readonly lit: boolean;
}

export interface Avatar {
  readonly id: string;
  readonly name: string;
  /** "#rrggbb" */
  readonly colour: string;
  /** Null where it would only stand in one's own eye or in another's head. */
  readonly head: Pose | null;
  readonly hands: readonly Pose[];
  readonly rays: readonly AvatarRay[];
  /** Scene units of one metre of this person; 0 at a desk. */
  readonly scale: number;
}

/** What goes over the wire of the person at this page; six digits are finer than a pixel, and half as long. */
export function told(own: Presence, points: Vector | null, lit: boolean, lag_ms: number): Told {
  const placed = ({ position, rotation }: Pose): { position: [number, number, number]; rotation: [number, number, number, number] } =>
    ({ position: short(position), rotation: short(rotation) });
  const hand = (pose: HandPose | null): Told['left'] => pose && { ...placed(pose), pinch: Math.round(pose.pinch * 100) / 100, points: pose.points && short(pose.points) };
  return {
    head: placed(own.head), left: hand(own.left), right: hand(own.right), points: own.headset || points === null ? null : short(points),
    lit, headset: own.headset, scale: Number(own.scale.toPrecision(6)), lag_ms: Math.round(lag_ms),
  };
}

/** How a person is drawn; `eye` stands in for the head of somebody who looks through another's eyes. */
export function avatarOf(id: string, name: string, colour: string, told: Told, showHead: boolean, eye: Pose | null): Avatar {
  const { head, left, right, points } = told;
  const lit = told.lit ?? false;
  const rays: AvatarRay[] = [];
  if (points) rays.push({ start: (eye ?? head).position, end: points, lit });
  for (const hand of [left, right]) {
    if (hand?.points) rays.push({ start: hand.position, end: hand.points, lit: lit || (hand.pinch ?? 0) > 0.5 });
  }
  return { id, name, colour, head: showHead ? head : null, hands: [left, right].filter((hand) => hand != null), rays, scale: told.scale ?? 0 };
}

function short<T extends readonly number[]>(values: T): T extends readonly [number, number, number, number] ? [number, number, number, number] : [number, number, number] {
  return values.map((value) => Number(value.toPrecision(6))) as never;
}
