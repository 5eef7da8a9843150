/** Where the camera stands so that something fills the window, and nothing that lies over the window hides it. Pure. */

import * as THREE from 'three';

import type { Camera } from '../../state/view';

/** The picture that the camera sees: CSS pixels, and half its height at distance 1. */
export interface Lens {
  readonly width: number;
  readonly height: number;
  readonly tangent: number;
}

/** Pixels that stay free at the window's edges, and what lies over the window (pixels, y down). */
export interface Keep {
  readonly x: number;
  readonly y: number;
  readonly taken?: readonly THREE.Box2[];
}

/** Steps away from the network until it lies free; where that would make it smaller than half, it may be covered. */
const AWAY = Array.from({ length: 12 }, (_, step) => 1.06 ** step);
/** Where it may lie then, as parts of the room that is left: the middle first. */
const PLACES = [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
  .flatMap((x, _, steps) => steps.map((y) => new THREE.Vector2(x, y)))
  .sort((a, b) => a.length() - b.length());
const EDGES = [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]] as const;

/** A view along a direction (from the target to the camera) that fits the boxes into the window. */
export function fitPose(boxes: readonly THREE.Box3[], direction: THREE.Vector3, { x, y, taken = [] }: Keep, lens: Lens): Camera {
  const seen = new Seen(boxes, direction, lens);
  const [across, upright] = [1 - (2 * x) / lens.width, 1 - (2 * y) / lens.height].map((part) => 1 / Math.max(part, 0.3));
  const middle = seen.centred(across, upright);
  if (taken.length === 0 || !seen.covered(middle, taken)) return poseOf(middle);
  for (const away of AWAY) {
    for (const place of PLACES) {
      const standing = seen.shifted(middle, away, place, { x, y });
      if (standing !== null && !seen.covered(standing, taken)) return poseOf(standing);
    }
  }
  return poseOf(middle);
}

export function boxCorners({ min, max }: THREE.Box3): THREE.Vector3[] {
  return Array.from({ length: 8 }, (_, i) => new THREE.Vector3(i & 1 ? max.x : min.x, i & 2 ? max.y : min.y, i & 4 ? max.z : min.z));
}

interface Standing {
  readonly target: THREE.Vector3;
  readonly position: THREE.Vector3;
}

/** Boxes as a camera that looks along one direction sees them. */
class Seen {
  private readonly corners: THREE.Vector3[];
  private readonly right: THREE.Vector3;
  private readonly up: THREE.Vector3;

  constructor(boxes: readonly THREE.Box3[], private readonly direction: THREE.Vector3, private readonly lens: Lens) {
    this.corners = boxes.flatMap(boxCorners);
    const look = new THREE.Matrix4().lookAt(direction, new THREE.Vector3(), new THREE.Vector3(0, 1, 0));
    this.right = new THREE.Vector3().setFromMatrixColumn(look, 0);
    this.up = new THREE.Vector3().setFromMatrixColumn(look, 1);
  }

  /** In the middle of the window, as near as the margins allow. */
  centred(across: number, upright: number): Standing {
    const { lens, right, up, direction } = this;
    const target = new THREE.Box3().setFromPoints(this.corners).getCenter(new THREE.Vector3());
    const distance = (): number => this.corners.reduce((most, point) => {
      const ray = point.clone().sub(target);
      const wide = Math.max((Math.abs(ray.dot(right)) * across * lens.height) / lens.width, Math.abs(ray.dot(up)) * upright);
      return Math.max(most, ray.dot(direction) + wide / lens.tangent);
    }, 1e-3);
    // Twice: the second time around the middle of what is seen, which in perspective is not the middle of the box.
    const first = distance();
    const seen = new THREE.Box2();
    for (const point of this.corners) {
      const ray = point.clone().sub(target);
      const depth = first - ray.dot(direction);
      seen.expandByPoint(new THREE.Vector2(ray.dot(right) / depth, ray.dot(up) / depth));
    }
    const middle = seen.getCenter(new THREE.Vector2()).multiplyScalar(first);
    target.addScaledVector(right, middle.x).addScaledVector(up, middle.y);
    return { target, position: target.clone().addScaledVector(direction, distance()) };
  }

  /** Farther away, and aside by a part of the room that is left then; null where it would leave the window. */
  shifted({ target, position }: Standing, away: number, place: THREE.Vector2, keep: { readonly x: number; readonly y: number }): Standing | null {
    const { lens, right, up, direction } = this;
    const distance = position.distanceTo(target) * away;
    const still = { target, position: target.clone().addScaledVector(direction, distance) };
    const box = new THREE.Box2().setFromPoints(this.project(still));
    const room = new THREE.Box2(new THREE.Vector2(keep.x, keep.y), new THREE.Vector2(lens.width - keep.x, lens.height - Math.min(keep.y, 16)));
    const aside = new THREE.Vector2(
      place.x < 0 ? place.x * (box.min.x - room.min.x) : place.x * (room.max.x - box.max.x),
      place.y < 0 ? place.y * (box.min.y - room.min.y) : place.y * (room.max.y - box.max.y),
    ).multiplyScalar((2 * distance * lens.tangent) / lens.height);
    const moved = target.clone().addScaledVector(right, -aside.x).addScaledVector(up, aside.y);
    const standing = { target: moved, position: moved.clone().addScaledVector(direction, distance) };
    return this.project(standing).every((point) => room.distanceToPoint(point) < 1) ? standing : null;
  }

  /** True where something that is taken hides a part of it. */
  covered(standing: Standing, taken: readonly THREE.Box2[]): boolean {
    const points = this.project(standing);
    for (let first = 0; first < points.length; first += 8) {
      if (EDGES.some(([a, b]) => taken.some((box) => crosses(points[first + a], points[first + b], box)))) return true;
    }
    return false;
  }

  /** Where the corners are seen, pixels. */
  private project({ target, position }: Standing): THREE.Vector2[] {
    const { lens, right, up, direction } = this;
    const distance = position.distanceTo(target);
    const scale = lens.height / (2 * lens.tangent);
    return this.corners.map((corner) => {
      const ray = corner.clone().sub(target);
      const depth = distance - ray.dot(direction);
      return new THREE.Vector2(lens.width / 2 + (ray.dot(right) / depth) * scale, lens.height / 2 - (ray.dot(up) / depth) * scale);
    });
  }
}

/** True where a line from a to b meets a box. */
export function crosses(a: THREE.Vector2, b: THREE.Vector2, { min, max }: THREE.Box2): boolean {
  let [from, to] = [0, 1];
  for (const axis of ['x', 'y'] as const) {
    const way = b[axis] - a[axis];
    if (Math.abs(way) < 1e-9) {
      if (a[axis] < min[axis] || a[axis] > max[axis]) return false;
      continue;
    }
    const ends = [(min[axis] - a[axis]) / way, (max[axis] - a[axis]) / way];
    from = Math.max(from, Math.min(...ends));
    to = Math.min(to, Math.max(...ends));
  }
  return from <= to;
}

function poseOf({ target, position }: Standing): Camera {
  return { position: position.toArray() as [number, number, number], target: target.toArray() as [number, number, number] };
}
