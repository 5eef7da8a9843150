/** Holding a thing with one hand moves and turns it; with two hands it is moved, turned and scaled between them. */

import * as THREE from 'three';

const inverse = new THREE.Matrix4();
const spread = new THREE.Vector3();
const spreadBefore = new THREE.Vector3();
const turn = new THREE.Quaternion();
const middle = new THREE.Vector3();
const step = new THREE.Matrix4();

/**
 * Where the thing is now that the hand has moved.
 *
 * @param thing its matrix when it was taken
 * @param taken the hand's matrix then
 * @param hand the hand's matrix now
 */
export function heldByOne(thing: THREE.Matrix4, taken: THREE.Matrix4, hand: THREE.Matrix4, into: THREE.Matrix4): THREE.Matrix4 {
  return into.copy(hand).multiply(inverse.copy(taken).invert()).multiply(thing);
}

/**
 * The same for two hands, by their places: the line between them gives the turn, its length the scale.
 *
 * @param limits least and greatest factor
 */
export function heldByTwo(
  thing: THREE.Matrix4, taken: readonly [THREE.Vector3, THREE.Vector3], hands: readonly [THREE.Vector3, THREE.Vector3],
  limits: readonly [number, number], into: THREE.Matrix4,
): THREE.Matrix4 {
  spreadBefore.subVectors(taken[1], taken[0]);
  spread.subVectors(hands[1], hands[0]);
  const factor = THREE.MathUtils.clamp(spread.length() / Math.max(spreadBefore.length(), 1e-3), limits[0], limits[1]);
  turn.setFromUnitVectors(spreadBefore.normalize(), spread.normalize());
  middle.addVectors(taken[0], taken[1]).multiplyScalar(-0.5);
  into.makeTranslation(middle);
  into.premultiply(step.makeRotationFromQuaternion(turn)).premultiply(step.makeScale(factor, factor, factor));
  middle.addVectors(hands[0], hands[1]).multiplyScalar(0.5);
  return into.premultiply(step.makeTranslation(middle)).multiply(thing);
}
