/** The camera by key: around what it looks at, sideways, closer. */

import type { Camera } from './view';

type Vector = readonly [number, number, number];

/** Nearest that a turn comes to straight above and below, radians: beyond, the picture would flip over. */
const POLE = 0.05;

/** The camera farther around its target: to its own right and upwards by these radians. */
export function turned({ position, target }: Camera, right: number, up: number): Camera {
  const [x, y, z] = minus(position, target);
  const distance = Math.hypot(x, y, z);
  const around = Math.atan2(x, z) + right;
  const height = Math.min(Math.PI / 2 - POLE, Math.max(POLE - Math.PI / 2, Math.asin(y / distance) + up));
  const flat = distance * Math.cos(height);
  return { position: plus(target, [flat * Math.sin(around), distance * Math.sin(height), flat * Math.cos(around)]), target };
}

/** The camera and what it looks at moved to its right and upwards, by parts of their distance. */
export function shifted({ position, target }: Camera, right: number, up: number): Camera {
  const [x, y, z] = minus(position, target);
  const distance = Math.hypot(x, y, z);
  const flat = Math.hypot(x, z) || 1e-9;
  // Right lies level; up is square to it and to the line of sight.
  const by: Vector = [(right * distance * z - up * x * y) / flat, up * flat, (-right * distance * x - up * z * y) / flat];
  return { position: plus(position, by), target: plus(target, by) };
}

/** The camera at this part of its distance. */
export function closer({ position, target }: Camera, part: number): Camera {
  const [x, y, z] = minus(position, target);
  return { position: plus(target, [part * x, part * y, part * z]), target };
}

function minus(a: Vector, b: Vector): [number, number, number] {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function plus(a: Vector, b: Vector): [number, number, number] {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}
