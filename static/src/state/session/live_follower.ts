/**
 * Follows the presenter of a shared session: view, playhead and camera go along, until one takes hold of them.
 *
 * Three ways: "along" with all of it; "around" with a camera of one's own; "apart" with a playhead of one's own too.
 * Whoever moves the camera looks around, whoever takes the transport is apart, and neither is undone but by themselves.
 */

import { PlayheadGuide } from './playhead_guide';
import { type Operation, playheadAt, reduce } from './session_state';
import { fromChanges } from './session_view';
import type { LayerInfo } from '../frames';
import type { PlaybackClock } from '../playback';
import type { Camera, View } from '../view';
import type { Person, SessionState } from '../../net/messages.gen';

export type Following = NonNullable<Person['following']>;

/** The camera covers so much of the way to the presenter's in so many milliseconds: poses come in steps. */
const CAMERA_MS = 60;
const STILL = 1e-4;

export interface FollowerParts {
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  /** The session's time now. */
  now_ms(): number;
  /** Null where the camera is somebody's head, which nothing but that head moves. */
  camera(): Camera | null;
  place(camera: Camera): void;
  showModules(names: readonly string[]): void;
  changed(): void;
}

export class LiveFollower {
  following: Following = 'along';
  /** What the presenter shows. */
  state: SessionState = {};
  private active = false;
  private moved = false;
  private last_ms: number | null = null;
  private readonly guide: PlayheadGuide;

  constructor(private readonly parts: FollowerParts, signal: AbortSignal) {
    this.guide = new PlayheadGuide(parts.clock);
    parts.clock.onChange((change) => {
      if (!this.active || this.guide.leading || change === 'status' || change === 'level') return;
      // The run's end stops the clock by itself.
      if (change === 'pause' && parts.clock.status === 'ended') return;
      this.follow('apart');
    }, signal);
  }

  /** Begins to follow what was shown so far; presenting oneself ends it. */
  use(state: SessionState, active: boolean): void {
    this.state = state;
    this.active = active;
    this.last_ms = null;
    if (active) this.applyAll();
  }

  /** What the presenter did. */
  take(op: Operation): void {
    this.state = reduce(this.state, op);
    if (!this.active || this.following === 'apart') return;
    if (op.op === 'view') this.applyView(op.changes);
    else if (op.op === 'clock') this.guide.take(op, this.parts.now_ms(), 1, true);
    else if (op.op === 'pose') this.moved = true;
  }

  follow(following: Following): void {
    if (following === this.following) return;
    this.following = following;
    if (this.active && following !== 'apart') this.applyAll();
    this.parts.changed();
  }

  /** Somebody took hold of the camera. */
  lookAround(): void {
    if (this.active && this.following === 'along') this.follow('around');
  }

  /** One turn of the page's loop. */
  turn(now_ms: number): void {
    const elapsed_ms = this.last_ms === null ? 0 : Math.min(250, now_ms - this.last_ms);
    this.last_ms = now_ms;
    if (!this.active || this.following === 'apart') return;
    const { clock } = this.parts;
    // Where data is late the playhead waits for it, and is led on from there.
    if (!clock.playing || clock.status === 'playing') this.guide.steer(this.state.clock, this.parts.now_ms(), 1, elapsed_ms);
    if (this.following === 'along' && this.moved) this.ease(elapsed_ms);
  }

  /** How far the playhead is from the presenter's, microseconds; null where there is none to compare. */
  behind_us(): number | null {
    const op = this.state.clock;
    return op && this.following !== 'apart' ? playheadAt(op, this.parts.now_ms()) - this.parts.clock.t_us : null;
  }

  private applyAll(): void {
    this.applyView(this.state.view ?? {});
    if (this.state.clock) this.guide.take(this.state.clock, this.parts.now_ms(), 1, true);
    this.moved = this.following === 'along';
  }

  private applyView(changes: NonNullable<SessionState['view']>): void {
    this.parts.view.set(fromChanges(changes, this.parts.layers));
    if (changes.modules) this.parts.showModules(changes.modules);
  }

  private ease(elapsed_ms: number): void {
    const { pose } = this.state;
    const camera = this.parts.camera();
    if (!pose || camera === null) return;
    const part = 1 - Math.exp(-elapsed_ms / CAMERA_MS);
    const far = Math.hypot(...pose.position.map((value, axis) => value - pose.target[axis]));
    const near = (a: readonly number[], b: readonly number[]): boolean => Math.hypot(...a.map((value, axis) => value - b[axis])) < STILL * far;
    if (near(camera.position, pose.position) && near(camera.target, pose.target)) {
      this.moved = false;
      this.parts.place({ position: pose.position, target: pose.target });
      return;
    }
    const between = (a: readonly number[], b: readonly number[]): [number, number, number] =>
      [0, 1, 2].map((axis) => a[axis] + (b[axis] - a[axis]) * part) as [number, number, number];
    this.parts.place({ position: between(camera.position, pose.position), target: between(camera.target, pose.target) });
  }
}
