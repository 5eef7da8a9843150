/**
 * Replays a session: moves its own time on, and sets view, playhead and camera to what it shows at each moment.
 *
 * The recording's clock runs as ever, so that data arrives ahead of it; after each turn the playhead is set to exactly
 * what the session says. Where data is late the session waits with it, so that words, camera and spikes stay together.
 */

import { PlayheadGuide } from './playhead_guide';
import type { Presence } from './presence';
import { cameraAt, momentAt, notesAt, presenceAt, reduce } from './session_state';
import { fromChanges } from './session_view';
import type { LayerInfo } from '../frames';
import type { PlaybackClock } from '../playback';
import type { Camera, View } from '../view';
import type { NoteOp, PoseOp, Segment, SessionState, SessionSummary } from '../../net/messages.gen';
import { sessionRest } from '../../net/session_rest';

export const REPLAY_SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8];
const MAX_TICK_MS = 250;
const FETCH_AHEAD_MS = 5000;
const KEPT_SEGMENTS = 64;

export type ReplayStatus = 'playing' | 'paused' | 'loading' | 'ended';

export interface ReplayParts {
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  /** Puts the camera there at once. */
  place(camera: Camera): void;
  showModules(names: readonly string[]): void;
  failed(error: unknown): void;
}

export class SessionReplay {
  at_ms: number;
  speed = 1;
  /** True while the camera goes along; else the viewer looks around freely. */
  ride = true;
  status: ReplayStatus = 'loading';
  /** The viewer took the playhead: replaying stopped for that. */
  taken = false;
  pointer: [number, number, number] | null = null;
  private wanted = false;
  private segments = new Map<number, Segment>();
  private fetching = new Map<number, Promise<Segment>>();
  private segment: Segment | null = null;
  private state: SessionState = {};
  private next = 0;
  private last_ms: number | null = null;
  private readonly guide: PlayheadGuide;
  private generation = 0;
  private ended = false;
  private readonly listeners = new Set<() => void>();
  private readonly leave = new AbortController();

  constructor(public session: SessionSummary, private readonly parts: ReplayParts, signal: AbortSignal) {
    this.at_ms = this.start_ms;
    this.guide = new PlayheadGuide(parts.clock);
    signal.addEventListener('abort', () => this.close(), { once: true });
    parts.clock.onChange((change) => {
      if (this.guide.leading || change === 'status' || change === 'level' || this.segment === null) return;
      if (change === 'pause' && parts.clock.status === 'ended') return;
      // Somebody took hold of the recording's own transport.
      if (!this.wanted && !this.ended) return;
      this.wanted = false;
      this.taken = true;
      this.say('paused');
    }, this.leave.signal);
  }

  get start_ms(): number {
    return this.session.trim?.[0] ?? 0;
  }

  get end_ms(): number {
    return this.session.trim?.[1] ?? this.session.duration_ms ?? 0;
  }

  get notes(): readonly NoteOp[] {
    return this.session.notes ?? [];
  }

  get notesNow(): NoteOp[] {
    return notesAt(this.notes, this.at_ms);
  }

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  play(): void {
    if (this.at_ms >= this.end_ms) this.at_ms = this.start_ms;
    this.wanted = true;
    this.taken = false;
    this.last_ms = null;
    void this.settle();
  }

  pause(): void {
    this.wanted = false;
    this.guide.quietly(() => this.parts.clock.pause());
    this.say('paused');
  }

  toggle(): void {
    if (this.wanted) this.pause();
    else this.play();
  }

  seek(at_ms: number): void {
    this.at_ms = Math.min(this.end_ms, Math.max(this.start_ms, at_ms));
    this.taken = false;
    void this.settle();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    if (this.wanted) this.applyClock();
    this.tell();
  }

  setRide(ride: boolean): void {
    if (ride === this.ride) return;
    this.ride = ride;
    if (ride) this.applyCamera();
    this.tell();
  }

  use(session: SessionSummary): void {
    this.session = session;
    if (this.at_ms < this.start_ms || this.at_ms > this.end_ms) this.seek(this.at_ms);
    this.tell();
  }

  /** Ends replaying; view and playhead stay as they are, at the recording's own speed. */
  close(): void {
    if (this.leave.signal.aborted) return;
    this.leave.abort();
    this.wanted = false;
    const { clock } = this.parts;
    clock.pause();
    if (this.state.clock && this.state.clock.speed !== 0) clock.setSpeed(this.state.clock.speed);
    this.listeners.clear();
  }

  /** One turn of the page's loop. */
  turn(now_ms: number): void {
    const elapsed = this.last_ms === null ? 0 : Math.min(MAX_TICK_MS, now_ms - this.last_ms);
    this.last_ms = now_ms;
    if (!this.wanted || this.segment === null || this.status === 'loading') return;
    const { clock } = this.parts;
    if (this.state.clock?.playing && clock.playing && clock.status !== 'playing') return; // waits with the data
    const goal = Math.min(this.end_ms, this.at_ms + elapsed * this.speed);
    this.advance(goal);
    this.guide.steer(this.state.clock, this.at_ms, this.speed, elapsed);
    if (this.ride) this.applyCamera();
    if (this.status === 'playing' && this.at_ms >= this.end_ms) {
      this.wanted = false;
      this.ended = true;
      this.guide.quietly(() => clock.pause());
      this.ended = false;
      this.say('ended');
    } else this.tell();
  }

  /** What the session shows now, by its definition; what the page shows is held against it. */
  now(): ReturnType<typeof momentAt> | null {
    return this.segment && momentAt(this.segment, this.notes, this.at_ms);
  }

  private advance(goal_ms: number): void {
    let { segment } = this;
    while (segment !== null) {
      this.walk(segment, Math.min(goal_ms, segment.t_stop_ms));
      if (goal_ms < segment.t_stop_ms || segment.t_stop_ms > this.end_ms) break;
      const following = this.segments.get(segment.t_stop_ms);
      if (following === undefined) {
        this.at_ms = segment.t_stop_ms;
        void this.settle();
        return;
      }
      this.enter(following);
      segment = following;
    }
    this.at_ms = goal_ms;
    if (segment && segment.t_stop_ms - goal_ms < FETCH_AHEAD_MS * this.speed && segment.t_stop_ms <= this.end_ms) {
      this.fetch(segment.t_stop_ms).catch(() => undefined);
    }
  }

  private enter(segment: Segment): void {
    this.segment = segment;
    this.state = segment.state;
    this.next = 0;
  }

  /** Applies the operations up to a moment. */
  private walk(segment: Segment, to_ms: number): void {
    const { operations } = segment;
    while (this.next < operations.length && operations[this.next].at_ms <= to_ms) {
      const op = operations[this.next++];
      this.state = reduce(this.state, op);
      if (op.op === 'view') this.applyView(op.changes);
      else if (op.op === 'pointer') this.pointer = op.position ?? null;
      else if (op.op === 'clock') {
        this.at_ms = Math.max(this.at_ms, op.at_ms);
        this.applyClock();
      }
    }
  }

  /** Loads what holds the moment and sets everything to it. */
  private async settle(): Promise<void> {
    const generation = ++this.generation;
    const at_ms = this.at_ms;
    let segment = this.holding(at_ms);
    if (segment === null) {
      this.say('loading');
      try {
        segment = await this.fetch(Math.floor(at_ms));
      } catch (error) {
        if (generation !== this.generation || this.leave.signal.aborted) return;
        this.wanted = false;
        this.say('paused');
        this.parts.failed(error);
        return;
      }
    }
    if (generation !== this.generation || this.leave.signal.aborted) return;
    this.enter(segment);
    while (this.next < segment.operations.length && segment.operations[this.next].at_ms <= at_ms) {
      this.state = reduce(this.state, segment.operations[this.next++]);
    }
    this.pointer = this.state.pointer?.position ?? null;
    this.applyView(this.state.view ?? {});
    this.applyClock();
    if (this.ride) this.applyCamera();
    this.last_ms = null;
    this.say(this.wanted ? 'playing' : 'paused');
    this.tell();
  }

  private applyView(changes: NonNullable<SessionState['view']>): void {
    this.guide.quietly(() => this.parts.view.set(fromChanges(changes, this.parts.layers)));
    if (changes.modules) this.parts.showModules(changes.modules);
  }

  private applyClock(): void {
    const op = this.state.clock;
    if (op) this.guide.take(op, this.at_ms, this.speed, this.wanted);
  }

  /** Where the viewer was: the camera, or head and hands. */
  get presence(): Presence | null {
    return presenceAt(this.state.pose ?? null, this.nextPose(), this.at_ms);
  }

  private applyCamera(): void {
    const camera = cameraAt(this.state.pose ?? null, this.nextPose(), this.at_ms);
    if (camera !== null) this.parts.place(camera);
  }

  private nextPose(): PoseOp | null {
    const { segment } = this;
    if (segment === null) return null;
    for (let i = this.next; i < segment.operations.length; i++) {
      const op = segment.operations[i];
      if (op.op === 'pose') return op;
    }
    return segment.next_pose ?? null;
  }

  private holding(at_ms: number): Segment | null {
    for (const segment of this.segments.values()) if (segment.t_start_ms <= at_ms && at_ms < segment.t_stop_ms) return segment;
    return null;
  }

  private fetch(at_ms: number): Promise<Segment> {
    const known = this.holding(at_ms);
    if (known !== null) return Promise.resolve(known);
    let asked = this.fetching.get(at_ms);
    if (asked === undefined) {
      asked = sessionRest.segment(this.session.id, at_ms, this.leave.signal).then((segment) => {
        this.segments.set(segment.t_start_ms, segment);
        if (this.segments.size > KEPT_SEGMENTS) this.segments.delete(this.segments.keys().next().value as number);
        return segment;
      }).finally(() => this.fetching.delete(at_ms));
      this.fetching.set(at_ms, asked);
    }
    return asked;
  }

  private say(status: ReplayStatus): void {
    this.status = status;
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener();
  }
}
