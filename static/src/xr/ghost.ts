/** The viewer of a replayed session, as lines: a frame that looks where the head looked, the hands and their rays. */

import * as THREE from 'three';

import type { Lines } from './lines';
import type { HandPose, Presence } from '../state/session/presence';

const COLOUR = new THREE.Color(0.45, 0.85, 0.6);
const HEAD_M = 0.12;
const HAND_M = 0.03;
const CORNERS = [[-1, 0.6], [1, 0.6], [1, -0.6], [-1, -0.6]] as const;
const ARMS = [new THREE.Vector3(1, 0, 0), new THREE.Vector3(0, 1, 0), new THREE.Vector3(0, 0, -2)] as const;

export class Ghost {
  private readonly head = new THREE.Vector3();
  private readonly corners = CORNERS.map(() => new THREE.Vector3());
  private readonly wrist = new THREE.Vector3();
  private readonly arm = new THREE.Vector3();
  private readonly end = new THREE.Vector3();
  private readonly turn = new THREE.Quaternion();

  constructor(private readonly network: THREE.Group, private readonly lines: Lines) {}

  draw({ head, left, right }: Presence): void {
    const { network, lines } = this;
    this.turn.fromArray(head.rotation).premultiply(network.quaternion);
    this.head.fromArray(head.position).applyMatrix4(network.matrixWorld);
    CORNERS.forEach(([x, y], i) => this.corners[i].set(0.6 * x, 0.6 * y, -1).multiplyScalar(HEAD_M).applyQuaternion(this.turn).add(this.head));
    this.corners.forEach((corner, i) => {
      lines.add(this.head, corner, COLOUR, 0.9);
      lines.add(corner, this.corners[(i + 1) % CORNERS.length], COLOUR, 0.9);
    });
    for (const hand of [left, right]) if (hand !== null) this.drawHand(hand);
  }

  private drawHand({ position, rotation, points }: HandPose): void {
    const { network, lines } = this;
    this.wrist.fromArray(position).applyMatrix4(network.matrixWorld);
    this.turn.fromArray(rotation).premultiply(network.quaternion);
    for (const along of ARMS) {
      this.arm.copy(along).multiplyScalar(HAND_M).applyQuaternion(this.turn);
      this.end.copy(this.wrist).add(this.arm);
      lines.add(this.arm.negate().add(this.wrist), this.end, COLOUR, 0.9);
    }
    if (points !== null) lines.add(this.wrist, this.end.fromArray(points).applyMatrix4(network.matrixWorld), COLOUR, 0.7, 0.2);
  }
}
