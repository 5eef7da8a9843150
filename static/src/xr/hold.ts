/** What the hands hold: the network, with one hand or two, or a pane with one. */

import * as THREE from 'three';

import { heldByOne, heldByTwo } from './grab';
import type { Hand, Inputs, Side } from './inputs';
import { SIDES } from './inputs';
import type { Pane } from './panes';

/** Metres of a scene unit, at least and at most, as factors of the size on the table. */
const LEAST = 0.05;
const MOST = 400;

interface Grip {
  readonly thing: THREE.Object3D | Pane;
  /** Its matrix and the hand's, when it was taken. */
  readonly was: THREE.Matrix4;
  readonly hand: THREE.Matrix4;
}

export class Hold {
  /** Metres of a scene unit on the table. */
  table_scale = 1;
  private readonly grips: Record<Side, Grip | null> = { left: null, right: null };
  private pair: { readonly was: THREE.Matrix4; readonly taken: [THREE.Vector3, THREE.Vector3] } | null = null;
  private readonly matrix = new THREE.Matrix4();
  private readonly scale = new THREE.Vector3();

  constructor(private readonly network: THREE.Group) {}

  holds(side: Side): boolean {
    return this.grips[side] !== null;
  }

  holdsPane(pane: Pane): boolean {
    return SIDES.some((side) => this.grips[side]?.thing === pane);
  }

  take(hand: Hand, thing: THREE.Object3D | Pane): void {
    this.grips[hand.side] = { thing, was: this.matrixOf(thing), hand: hand.grip.clone() };
    this.pair = null;
  }

  letGo(hand: Hand, inputs: Inputs): void {
    this.grips[hand.side] = null;
    this.pair = null;
    // The other hand goes on from where the thing is now.
    for (const side of SIDES) {
      const grip = this.grips[side];
      if (grip !== null) this.grips[side] = { thing: grip.thing, was: this.matrixOf(grip.thing), hand: inputs[side].grip.clone() };
    }
  }

  update(inputs: Inputs): void {
    const { left, right } = this.grips;
    if (left?.thing === this.network && right?.thing === this.network) {
      this.pair ??= { was: this.matrixOf(this.network), taken: [inputs.left.place.clone(), inputs.right.place.clone()] };
      const before = this.pair.was.getMaxScaleOnAxis();
      const limits: [number, number] = [(LEAST * this.table_scale) / before, (MOST * this.table_scale) / before];
      this.put(this.network, heldByTwo(this.pair.was, this.pair.taken, [inputs.left.place, inputs.right.place], limits, this.matrix));
      return;
    }
    for (const side of SIDES) {
      const grip = this.grips[side];
      if (grip !== null) this.put(grip.thing, heldByOne(grip.was, grip.hand, inputs[side].grip, this.matrix));
    }
  }

  private matrixOf(thing: THREE.Object3D | Pane): THREE.Matrix4 {
    if (thing instanceof THREE.Object3D) {
      thing.updateMatrixWorld();
      return thing.matrixWorld.clone();
    }
    return thing.matrix.clone();
  }

  private put(thing: THREE.Object3D | Pane, matrix: THREE.Matrix4): void {
    if (thing instanceof THREE.Object3D) {
      matrix.decompose(thing.position, thing.quaternion, this.scale);
      thing.scale.setScalar(this.scale.x);
    } else thing.matrix.copy(matrix);
  }
}
