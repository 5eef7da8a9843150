/**
 * How the person gets about: a jump to a place on the floor, smooth flight with a narrowed view, turns in steps. All by the
 * stick of the hand that does not point; and one jump by the pointing hand's ray, for who has no stick or one hand only.
 */

import * as THREE from 'three';

import type { Hand } from './inputs';
import type { Lines } from './lines';
import type { Pane, Panes } from './panes';
import type { XrSettings } from './settings';

const TURN_RAD = Math.PI / 6;
const FLIGHT_M_PER_S = 1.6;
const THROW_M_PER_S = 5.5;
const GRAVITY = 9.81;
const ARC_STEPS = 24;
const ARC_S = 1.2;
/** So far aside or ahead the stick turns or aims, and so far back it has come before the next turn. */
const PUSHED = 0.7;
const RELEASED = 0.35;
const AIM = new THREE.Color(0.42, 0.7, 1);

export class Locomotion {
  /** Where a jump would lead, while one is aimed. */
  readonly goal = new THREE.Vector3();
  aiming = false;
  /** One jump by the pointing hand was asked for; what asked for it may still be pressed. */
  private asked: 'no' | 'pressed' | 'ready' = 'no';
  private turned = false;
  private dark = 0;
  private readonly marker: Pane;
  private readonly vignette: Pane;
  private readonly at = new THREE.Vector3();
  private readonly next = new THREE.Vector3();
  private readonly pivot = new THREE.Vector3();

  constructor(private readonly person: THREE.Group, private readonly camera: THREE.Camera, panes: Panes, private readonly eyes_m: () => number) {
    this.marker = panes.add('jump', 96, 96, 0.5);
    ring(this.marker.context);
    this.marker.visible = false;
    this.vignette = panes.add('vignette', 128, 128, 0.5);
    darken(this.vignette.context);
    this.vignette.visible = false;
  }

  /** The ray of the pointing hand aims a jump: it points at nothing else. */
  get takesRay(): boolean {
    return this.asked !== 'no';
  }

  /** How far the view is narrowed, 0..1. */
  get narrowed(): number {
    return this.dark;
  }

  /** The next press of the pointing hand jumps to where its ray falls. */
  askJump(): void {
    this.asked = 'pressed';
  }

  turnLeft(): void {
    this.turn(TURN_RAD);
  }

  turnRight(): void {
    this.turn(-TURN_RAD);
  }

  /**
   * @param hand whose stick moves the person
   * @param main the one that points
   */
  update(hand: Hand, main: Hand, settings: XrSettings, elapsed_s: number, lines: Lines): void {
    const { x, y } = hand.stick;
    if (Math.abs(x) > PUSHED && Math.abs(x) > Math.abs(y)) {
      if (!this.turned) this.turn(-Math.sign(x) * TURN_RAD);
      this.turned = true;
    } else if (Math.abs(x) < RELEASED) this.turned = false;

    let flying = false;
    if (this.takesRay) this.jumpByRay(main, lines);
    else if (settings.moving === 'fly' && !settings.still) {
      this.aiming = false;
      if (Math.abs(y) > 0 && Math.abs(y) >= Math.abs(x)) {
        flying = true;
        this.person.position.addScaledVector(hand.direction, -y * FLIGHT_M_PER_S * elapsed_s);
      }
    } else if (-y > PUSHED) this.aiming = this.aim(hand, lines);
    else if (this.aiming && -y < RELEASED) {
      this.aiming = false;
      this.jump(this.goal);
    }
    this.marker.visible = this.aiming;
    this.shade(flying, elapsed_s);
  }

  private jumpByRay(main: Hand, lines: Lines): void {
    this.aiming = main.tracked && this.aim(main, lines);
    if (this.asked === 'pressed') {
      if (!main.trigger.down) this.asked = 'ready';
    } else if (main.trigger.started) {
      if (this.aiming) this.jump(this.goal);
      this.aiming = false;
      this.asked = 'no';
    }
  }

  /** The person stands there, as turned as before. */
  private jump(place: THREE.Vector3): void {
    const head = this.camera.getWorldPosition(this.at);
    this.person.position.x += place.x - head.x;
    this.person.position.z += place.z - head.z;
    this.person.updateMatrixWorld();
  }

  /** About where the person stands, not about the middle of their room. */
  private turn(angle_rad: number): void {
    const head = this.camera.getWorldPosition(this.pivot);
    this.person.position.sub(head).applyAxisAngle(UP, angle_rad).add(head);
    this.person.rotateY(angle_rad);
    this.person.updateMatrixWorld();
  }

  /** The way of a thrown ball until it meets the floor. */
  private aim(hand: Hand, lines: Lines): boolean {
    const floor = this.person.position.y - this.eyes_m();
    this.at.copy(hand.origin);
    for (let step = 1; step <= ARC_STEPS; step++) {
      const t = (step / ARC_STEPS) * ARC_S;
      this.next.copy(hand.origin).addScaledVector(hand.direction, THROW_M_PER_S * t);
      this.next.y -= 0.5 * GRAVITY * t * t;
      const lands = this.next.y <= floor;
      if (lands) this.next.lerp(this.at, (floor - this.next.y) / Math.max(1e-6, this.at.y - this.next.y));
      lines.add(this.at, this.next, AIM, 0.9);
      if (lands) {
        this.goal.copy(this.next);
        this.marker.matrix.makeRotationX(-Math.PI / 2).setPosition(this.next.x, floor + 0.01, this.next.z);
        return true;
      }
      this.at.copy(this.next);
    }
    return false;
  }

  /** Less is seen at the edges while one flies: what moves there makes sick. */
  private shade(flying: boolean, elapsed_s: number): void {
    this.dark = THREE.MathUtils.clamp(this.dark + (flying ? 5 : -4) * elapsed_s, 0, 1);
    this.vignette.visible = this.dark > 0;
    this.vignette.alpha = this.dark;
    if (this.dark > 0) this.vignette.matrix.makeTranslation(0, 0, -0.1).premultiply(this.camera.matrixWorld);
  }
}

const UP = new THREE.Vector3(0, 1, 0);

function ring(context: CanvasRenderingContext2D): void {
  context.strokeStyle = '#6cb2ff';
  context.lineWidth = 7;
  context.beginPath();
  context.arc(48, 48, 40, 0, 2 * Math.PI);
  context.stroke();
  context.fillStyle = 'rgb(108 178 255 / 0.25)';
  context.fill();
}

function darken(context: CanvasRenderingContext2D): void {
  const gradient = context.createRadialGradient(64, 64, 12, 64, 64, 34);
  gradient.addColorStop(0, 'rgb(6 8 12 / 0)');
  gradient.addColorStop(1, 'rgb(6 8 12 / 1)');
  context.fillStyle = gradient;
  context.fillRect(0, 0, 128, 128);
}
