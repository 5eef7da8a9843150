import * as THREE from 'three';
import { expect, test } from 'vitest';

import { heldByOne, heldByTwo } from './grab';

const at = (x: number, y: number, z: number): THREE.Vector3 => new THREE.Vector3(x, y, z);
const place = (matrix: THREE.Matrix4): number[] => at(0, 0, 0).applyMatrix4(matrix).toArray().map((x) => Math.round(x * 1e6) / 1e6 + 0);

test('one hand that turns about the vertical carries the thing around it', () => {
  const thing = new THREE.Matrix4().makeTranslation(0, 1, -1);
  const taken = new THREE.Matrix4().makeTranslation(0, 1, 0);
  const hand = new THREE.Matrix4().makeRotationY(Math.PI / 2).setPosition(0.5, 1, 0);
  expect(place(heldByOne(thing, taken, hand, new THREE.Matrix4()))).toEqual([-0.5, 1, 0]);
});

test('two hands twice as far apart make the thing twice as large, about their middle', () => {
  const thing = new THREE.Matrix4().makeTranslation(0, 1, -0.5);
  const now = heldByTwo(thing, [at(-0.1, 1, 0), at(0.1, 1, 0)], [at(-0.2, 1, 0), at(0.2, 1, 0)], [0.1, 10], new THREE.Matrix4());
  expect(place(now)).toEqual([0, 1, -1]);
  expect(now.getMaxScaleOnAxis()).toBeCloseTo(2, 6);
});

test('two hands that turn like a steering wheel turn the thing, and the scale keeps its limits', () => {
  const thing = new THREE.Matrix4();
  const now = heldByTwo(thing, [at(-0.1, 0, 0), at(0.1, 0, 0)], [at(0, -5, 0), at(0, 5, 0)], [0.5, 4], new THREE.Matrix4());
  expect(now.getMaxScaleOnAxis()).toBeCloseTo(4, 6);
  const right = at(1, 0, 0).transformDirection(now);
  expect(right.y).toBeCloseTo(1, 6);
});
