import * as THREE from 'three';
import { expect, test } from 'vitest';

import { placed } from './placement';

const box = new THREE.Box3(new THREE.Vector3(-10, -30, -30), new THREE.Vector3(90, 30, 30));
const layer = new THREE.Box3(new THREE.Vector3(88, -30, -30), new THREE.Vector3(90, 30, 30));
const eyes = new THREE.Vector3(1, 1.6, 2);

function inRoom({ position, rotation, scale }: ReturnType<typeof placed>, point: THREE.Vector3): THREE.Vector3 {
  return point.clone().multiplyScalar(scale).applyQuaternion(rotation).add(position);
}

test('a table-top stands ahead and below, upright, its front towards the eyes', () => {
  const looks = new THREE.Vector3(1, -0.5, 0);
  const where = placed('table', box, layer, new THREE.Vector3(0, 0, 1), eyes, looks);
  const middle = inRoom(where, box.getCenter(new THREE.Vector3()));
  expect(middle.x).toBeCloseTo(1.72, 6);
  expect(middle.y).toBeCloseTo(1.38, 6);
  expect(middle.z).toBeCloseTo(2, 6);
  expect(box.getSize(new THREE.Vector3()).length() * where.scale).toBeCloseTo(0.76, 6);
  const front = new THREE.Vector3(0, 0, 1).applyQuaternion(where.rotation);
  expect(front.x).toBeCloseTo(-1, 6);
  expect(new THREE.Vector3(0, 1, 0).applyQuaternion(where.rotation).y).toBeCloseTo(1, 6);
});

test('inside a layer the eyes are in its middle and it is three metres high', () => {
  const where = placed('inside', box, layer, new THREE.Vector3(1, 0, 1), eyes, new THREE.Vector3(0, 0, -1));
  expect(inRoom(where, layer.getCenter(new THREE.Vector3())).distanceTo(eyes)).toBeLessThan(1e-9);
  expect(60 * where.scale).toBeCloseTo(3, 6);
});
