/** Where the network stands at first, and where one asks it to stand: on a table, as large as the room, or around one. */

import * as THREE from 'three';

export type Placement = 'table' | 'room' | 'inside';

/** Half the size of what stands there, and how far ahead of the eyes and below them its middle is. */
const SIZES: Record<'table' | 'room', { radius_m: number; ahead_m: number; below_m: number }> = {
  table: { radius_m: 0.38, ahead_m: 0.72, below_m: 0.22 },
  room: { radius_m: 1.6, ahead_m: 2.6, below_m: 0 },
};
/** A layer that one stands in is so high. */
const INSIDE_M = 3;

export interface Where {
  readonly position: THREE.Vector3;
  readonly rotation: THREE.Quaternion;
  readonly scale: number;
}

/**
 * @param box the network's, in its own units
 * @param layer box of the layer to stand in
 * @param front direction from the network's middle to where it is best seen from, network coordinates
 */
export function placed(
  how: Placement, box: THREE.Box3, layer: THREE.Box3, front: THREE.Vector3, eyes: THREE.Vector3, looks: THREE.Vector3,
): Where {
  const middle = box.getCenter(new THREE.Vector3());
  const ahead = new THREE.Vector3(looks.x, 0, looks.z);
  if (ahead.lengthSq() < 1e-6) ahead.set(0, 0, -1);
  ahead.normalize();
  // Its front towards the viewer, upright.
  const yaw = Math.atan2(-ahead.x, -ahead.z) - Math.atan2(front.x, front.z);
  const rotation = new THREE.Quaternion().setFromAxisAngle(new THREE.Vector3(0, 1, 0), yaw);
  if (how === 'inside') {
    const size = layer.getSize(new THREE.Vector3());
    const scale = INSIDE_M / Math.max(size.x, size.y, size.z, 1e-6);
    const centre = layer.getCenter(new THREE.Vector3()).multiplyScalar(scale).applyQuaternion(rotation);
    return { position: eyes.clone().sub(centre), rotation, scale };
  }
  const { radius_m, ahead_m, below_m } = SIZES[how];
  const radius = Math.max(box.getSize(new THREE.Vector3()).length() / 2, 1e-6);
  const scale = radius_m / radius;
  const goal = eyes.clone().addScaledVector(ahead, ahead_m);
  goal.y -= below_m;
  return { position: goal.sub(middle.multiplyScalar(scale).applyQuaternion(rotation)), rotation, scale };
}
