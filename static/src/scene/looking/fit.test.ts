import * as THREE from 'three';
import { describe, expect, it } from 'vitest';

import { boxCorners, crosses, fitPose, type Lens } from './fit';

const DIRECTION = new THREE.Vector3(-0.66, 0.34, 0.67).normalize();
const BOXES = [[-60, 20], [-10, 40], [50, 25]].map(([x, half]) => new THREE.Box3(new THREE.Vector3(x, -half, -half), new THREE.Vector3(x + 1, half, half)));
const lens = (width: number, height: number): Lens => ({ width, height, tangent: Math.tan(THREE.MathUtils.degToRad(14)) });
const rect = (left: number, top: number, right: number, bottom: number): THREE.Box2 => new THREE.Box2(new THREE.Vector2(left, top), new THREE.Vector2(right, bottom));

/** Where a camera of three's own sees the corners of the boxes, pixels. */
function seen(pose: ReturnType<typeof fitPose>, { width, height }: Lens): THREE.Vector2[][] {
  const camera = new THREE.PerspectiveCamera(28, width / height, 0.1, 10_000);
  camera.position.set(...pose.position);
  camera.lookAt(...pose.target);
  camera.updateMatrixWorld();
  return BOXES.map((box) => boxCorners(box).map((corner) => corner.project(camera)).map(({ x, y }) => new THREE.Vector2((x * 0.5 + 0.5) * width, (0.5 - y * 0.5) * height)));
}

describe('fitPose', () => {
  it.each([[788, 586], [1400, 300], [360, 900], [820, 1000]])('fills a window of %i x %i and keeps its edges free', (width, height) => {
    const window = lens(width, height);
    const points = seen(fitPose(BOXES, DIRECTION, { x: 30, y: 46 }, window), window).flat();
    const box = new THREE.Box2().setFromPoints(points);
    expect(box.min.x).toBeGreaterThan(29);
    expect(box.max.x).toBeLessThan(width - 29);
    expect(box.min.y).toBeGreaterThan(45);
    expect(box.max.y).toBeLessThan(height - 45);
    const [across, upright] = [(box.max.x - box.min.x) / (width - 60), (box.max.y - box.min.y) / (height - 92)];
    expect(Math.max(across, upright)).toBeGreaterThan(0.9);
  });

  it.each([[788, 586], [820, 1000], [1800, 900]])('steps aside for what lies over a window of %i x %i', (width, height) => {
    const window = lens(width, height);
    const taken = [rect(width - 300, height - 260, width, height), rect(0, 0, 176, 96)];
    const free = fitPose(BOXES, DIRECTION, { x: 30, y: 46 }, window);
    const pose = fitPose(BOXES, DIRECTION, { x: 30, y: 46, taken }, window);
    for (const corners of seen(pose, window)) {
      for (const a of corners) {
        expect(a.x).toBeGreaterThan(28);
        expect(a.y).toBeLessThan(height - 14);
        for (const box of taken) expect(box.containsPoint(a)).toBe(false);
      }
    }
    const distance = ({ position, target }: typeof pose): number => new THREE.Vector3(...position).distanceTo(new THREE.Vector3(...target));
    expect(distance(pose) / distance(free)).toBeLessThan(1.9);
  });

  it('stays in the middle where nothing would be free', () => {
    const window = lens(400, 300);
    const all = rect(0, 0, 400, 300);
    expect(fitPose(BOXES, DIRECTION, { x: 30, y: 46, taken: [all] }, window)).toEqual(fitPose(BOXES, DIRECTION, { x: 30, y: 46 }, window));
  });
});

describe('crosses', () => {
  it.each([
    [0, 0, 10, 10, true], [0, 5, 3, 5, false], [4, 0, 4, 10, true], [0, 0, 10, 2, false], [5, 5, 6, 6, true], [2, 10, 2, 0, false],
  ])('says whether (%i, %i) to (%i, %i) meets the box from 4 to 8', (x1, y1, x2, y2, meets) => {
    expect(crosses(new THREE.Vector2(x1, y1), new THREE.Vector2(x2, y2), rect(4, 4, 8, 8))).toBe(meets);
  });
});
