/** The two hands, as controllers or tracked hands: where they are, where they point, what is pressed since when. */

import * as THREE from 'three';

export type Side = 'left' | 'right';
export const SIDES: readonly Side[] = ['left', 'right'];

/** Thumb and index finger: nearer than the first they pinch, farther than the second they let go. */
const PINCH_M = 0.016;
const OPEN_M = 0.028;
const FAR_M = 0.06;
const DEAD_ZONE = 0.18;
export const JOINTS = 25;

/** A thing that is down or up, and whether it just changed. */
export class Press {
  down = false;
  started = false;
  ended = false;

  set(down: boolean): void {
    this.started = down && !this.down;
    this.ended = !down && this.down;
    this.down = down;
  }
}

export class Hand {
  kind: 'none' | 'controller' | 'hand' = 'none';
  source: XRInputSource | null = null;
  /** In room coordinates. */
  readonly ray = new THREE.Matrix4();
  readonly grip = new THREE.Matrix4();
  readonly origin = new THREE.Vector3();
  readonly direction = new THREE.Vector3(0, 0, -1);
  readonly place = new THREE.Vector3();
  readonly turn = new THREE.Quaternion();
  readonly trigger = new Press();
  readonly squeeze = new Press();
  readonly stickPress = new Press();
  readonly button = new Press();
  readonly stick = { x: 0, y: 0 };
  /** 0..1: how far the trigger is pulled or the fingers have closed. */
  pinch = 0;
  /** Of a tracked hand: positions in room coordinates, 3 numbers a joint. */
  readonly joints = new Float32Array(3 * JOINTS);
  private readonly joint = new THREE.Vector3();
  private readonly other = new THREE.Vector3();
  private readonly scale = new THREE.Vector3();

  constructor(readonly side: Side) {}

  get tracked(): boolean {
    return this.kind !== 'none';
  }

  update(source: XRInputSource | null, frame: XRFrame, space: XRReferenceSpace, person: THREE.Matrix4): void {
    this.source = source;
    const ray = source && frame.getPose(source.targetRaySpace, space);
    if (source === null || !ray) {
      this.kind = 'none';
      this.still();
      return;
    }
    this.kind = source.hand ? 'hand' : 'controller';
    const grip = source.gripSpace && frame.getPose(source.gripSpace, space);
    this.ray.fromArray(ray.transform.matrix).premultiply(person);
    this.grip.fromArray((grip || ray).transform.matrix).premultiply(person);
    if (source.hand) this.readJoints(source.hand, frame, space, person);
    this.origin.setFromMatrixPosition(this.ray);
    this.direction.set(0, 0, -1).transformDirection(this.ray);
    this.grip.decompose(this.place, this.turn, this.scale);
    if (source.hand) return;
    const { gamepad } = source;
    const pressed = (at: number): boolean => gamepad?.buttons[at]?.pressed ?? false;
    this.pinch = gamepad?.buttons[0]?.value ?? 0;
    this.trigger.set(pressed(0));
    this.squeeze.set(pressed(1));
    this.stickPress.set(pressed(3));
    this.button.set(pressed(4));
    // A stick is at 2 and 3; a touchpad in its place at 0 and 1.
    const { axes } = gamepad ?? { axes: [] };
    this.stick.x = dead(axes[2] ?? axes[0] ?? 0);
    this.stick.y = dead(axes[3] ?? axes[1] ?? 0);
  }

  /** A short knock, where the controller can. */
  knock(strength: number): void {
    void this.source?.gamepad?.hapticActuators?.[0]?.pulse(strength, 20);
  }

  private readJoints(hand: XRHand, frame: XRFrame, space: XRReferenceSpace, person: THREE.Matrix4): void {
    let at = 0;
    for (const joint of hand.values()) {
      const pose = frame.getJointPose?.(joint, space);
      if (pose) {
        const { x, y, z } = pose.transform.position;
        this.joint.set(x, y, z).applyMatrix4(person).toArray(this.joints, 3 * at);
        if (at === 0) this.grip.fromArray(pose.transform.matrix).premultiply(person); // the wrist
      }
      at++;
    }
    const gap = this.joint.fromArray(this.joints, 3 * 4).distanceTo(this.other.fromArray(this.joints, 3 * 9)); // the tips
    this.pinch = THREE.MathUtils.clamp((FAR_M - gap) / (FAR_M - PINCH_M), 0, 1);
    this.trigger.set(this.trigger.down ? gap < OPEN_M : gap < PINCH_M);
    this.squeeze.set(false);
    this.stickPress.set(false);
    this.button.set(false);
    this.stick.x = this.stick.y = 0;
  }

  private still(): void {
    for (const press of [this.trigger, this.squeeze, this.stickPress, this.button]) press.set(false);
    this.stick.x = this.stick.y = this.pinch = 0;
  }
}

export class Inputs {
  readonly left = new Hand('left');
  readonly right = new Hand('right');

  update(session: XRSession, frame: XRFrame, space: XRReferenceSpace, person: THREE.Matrix4): void {
    for (const side of SIDES) {
      let found: XRInputSource | null = null;
      for (const source of session.inputSources) {
        if (source.targetRayMode === 'tracked-pointer' && (source.handedness === side || (source.handedness === 'none' && side === 'right'))) found = source;
      }
      this[side].update(found, frame, space, person);
    }
  }
}

function dead(value: number): number {
  return Math.abs(value) < DEAD_ZONE ? 0 : value;
}
