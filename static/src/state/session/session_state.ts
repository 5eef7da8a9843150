/**
 * What a session shows at a moment: pure functions of its operations, the same as `synaptarium.schemas.session_state` has
 * in Python; both are held against one table of moments.
 */

import type {
  ClockOp, Hand, NoteOp, PointerOp, PoseOp, Segment, SessionState, UnnoteOp, ViewChanges, ViewOp,
} from '../../net/messages.gen';
import { type HandPose, lookAt, type Presence, turned } from './presence';
import type { Camera } from '../view';

export type Operation = PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp;
type Triple = [number, number, number];

/** A camera moves for so long towards the next pose; it stood before. */
const POSE_BLEND_MS = 150;
const NOTE_MS = 6000;
const PIN_LETTERS = 28;

export interface Moment {
  readonly t_us: number;
  readonly playing: boolean;
  readonly camera: Camera | null;
  readonly pointer: Triple | null;
  readonly view: ViewChanges;
  readonly clock: ClockOp | null;
  readonly notes: readonly NoteOp[];
}

/** The state after an operation; notes change nothing in it. */
export function reduce(state: SessionState, op: Operation): SessionState {
  switch (op.op) {
    case 'pose': return { ...state, pose: op };
    case 'clock': return { ...state, clock: op };
    case 'pointer': return { ...state, pointer: op.position ? op : null };
    case 'view': return { ...state, view: { ...state.view, ...op.changes } };
    default: return state;
  }
}

/** Where the playhead is at a moment, after the `clock` operation in force. */
export function playheadAt(clock: Pick<ClockOp, 'at_ms' | 't_us' | 'speed' | 'playing' | 'loop'>, at_ms: number): number {
  if (!clock.playing) return clock.t_us;
  const t_us = clock.t_us + clock.speed * (at_ms - clock.at_ms) * 1000;
  if (!clock.loop) return t_us;
  const [start, stop] = clock.loop;
  const length = stop - start;
  if (clock.speed > 0 && t_us >= stop) return start + ((t_us - stop) % length);
  if (clock.speed < 0 && t_us <= start) return stop - 1 - Math.min((start - t_us) % length, length - 1);
  return t_us;
}

/** The camera between two poses: it stands, and moves in a straight line at the end. */
export function cameraAt(pose: PoseOp | null, after: PoseOp | null, at_ms: number): Camera | null {
  if (pose === null) return null;
  const start = after === null ? 0 : Math.max(pose.at_ms, after.at_ms - POSE_BLEND_MS);
  if (after === null || at_ms <= start) return { position: pose.position, target: pose.target };
  const part = Math.min(1, (at_ms - start) / Math.max(1, after.at_ms - start));
  return { position: between(pose.position, after.position, part), target: between(pose.target, after.target, part) };
}

/** Where the viewer was between two poses: head, and hands where a headset was worn; moves as the camera does. */
export function presenceAt(pose: PoseOp | null, after: PoseOp | null, at_ms: number): Presence | null {
  const camera = cameraAt(pose, after, at_ms);
  if (pose === null || camera === null) return null;
  const { position, target } = camera;
  const { worn } = pose;
  if (!worn) return { head: { position, rotation: lookAt(position, target) }, target, left: null, right: null, scale: 0, headset: false };
  const next = after?.worn ?? worn;
  const start = after === null ? 0 : Math.max(pose.at_ms, after.at_ms - POSE_BLEND_MS);
  const part = after === null ? 0 : Math.min(1, Math.max(0, (at_ms - start) / Math.max(1, after.at_ms - start)));
  return {
    head: { position, rotation: turned(worn.rotation, next.rotation, part) }, target,
    left: handBetween(worn.left, next.left, part), right: handBetween(worn.right, next.right, part),
    scale: worn.scale + (next.scale - worn.scale) * part, headset: true,
  };
}

function handBetween(a: Hand | null | undefined, b: Hand | null | undefined, part: number): HandPose | null {
  if (!a) return null;
  const to = b ?? a;
  return {
    position: between(a.position, to.position, part), rotation: turned(a.rotation, to.rotation, part), pinch: a.pinch ?? 0,
    points: a.points && to.points ? between(a.points, to.points, part) : (a.points ?? null),
  };
}

export function notesAt(notes: readonly NoteOp[], at_ms: number): NoteOp[] {
  return notes.filter((note) => note.at_ms <= at_ms && at_ms < note.at_ms + (note.duration_ms ?? NOTE_MS));
}

/** What stands beside a note's place: as much of its text as fits there. */
export function pinText({ text }: NoteOp): string {
  if (!text) return 'here';
  return text.length > PIN_LETTERS ? `${text.slice(0, PIN_LETTERS - 2).trimEnd()}…` : text;
}

/** All that a segment shows at a moment within it. */
export function momentAt(segment: Segment, notes: readonly NoteOp[], at_ms: number): Moment {
  let state: SessionState = segment.state;
  let after: PoseOp | null = segment.next_pose ?? null;
  for (const op of segment.operations) {
    if (op.at_ms <= at_ms) state = reduce(state, op);
    else if (op.op === 'pose') {
      after = op;
      break;
    }
  }
  const clock = state.clock ?? null;
  return {
    t_us: clock === null ? 0 : Math.floor(playheadAt(clock, at_ms) + 0.5),
    playing: clock?.playing ?? false,
    camera: cameraAt(state.pose ?? null, after, at_ms),
    pointer: state.pointer?.position ?? null,
    view: state.view ?? {},
    clock,
    notes: notesAt(notes, at_ms),
  };
}

function between(a: Triple, b: Triple, part: number): Triple {
  return [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part];
}
