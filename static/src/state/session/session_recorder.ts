/**
 * Records a session: notes what changes, sends it every two seconds, keeps what could not be sent.
 *
 * The playhead costs nothing while it runs: an operation is written when it departs from what the last one foretells.
 * Operations carry the time of the frame in which the playhead stood there, so that replaying shows the same frames.
 */

import type { HandPose, Presence, Quaternion } from './presence';
import { type Operation, playheadAt } from './session_state';
import { nKept, RECORDED, toChanges } from './session_view';
import type { LayerInfo } from '../frames';
import type { PlaybackClock } from '../playback';
import type { Camera, View, ViewKey } from '../view';
import type { ClockOp, Hand, NoteOp, PoseOp, Session } from '../../net/messages.gen';
import { ApiError } from '../../net/rest';
import { sessionRest } from '../../net/session_rest';

const POSE_EVERY_MS = 100;
const SEND_EVERY_MS = 2000;
const SEND_AT = 120;
const MAX_BATCH_BYTES = 600_000;
/** A session that ends while the server is away waits so long for it, and asks so often. */
const LINGER_MS = 60_000;
const RETRY_MS = 500;
/** The playhead may be so many seconds of play away from what was foretold before it is written again. */
const DRIFT_S = 0.02;

export type RecorderState = 'idle' | 'starting' | 'recording' | 'stopping';

/** Where operations go: the store of sessions, or the people of a shared one. */
export type SessionLog = Pick<typeof sessionRest, 'begin' | 'append' | 'change' | 'note'>;

export interface RecorderParts {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  pose(): Camera | null;
  /** What a headset shows now; null at a desk. */
  worn?(): Presence | null;
  modules(): readonly string[] | null;
  /** Something to tell: an error, or what cannot be kept. */
  told(key: string, message: string, hint: string, stays: boolean): void;
  changed(): void;
  readonly log?: SessionLog;
  /** How often the camera is looked at, and how often what came together is sent. */
  readonly pace?: { readonly sample_ms: number; readonly send_ms: number };
}

export class SessionRecorder {
  state: RecorderState = 'idle';
  session: Session | null = null;
  /** False while the server does not take what was recorded. */
  saved = true;
  /** Milliseconds of JavaScript spent on recording, and pictures drawn meanwhile: what recording costs. */
  cost_ms = 0;
  frames = 0;
  private started_ms = 0;
  /** Where the session ends, once it was told to: what is sent after that belongs to no later moment. */
  private end_ms: number | null = null;
  private last_at = 0;
  private last_send_ms = 0;
  private sent = 0;
  private sending: Promise<void> | null = null;
  private queue: Operation[] = [];
  private clockOp: ClockOp | null = null;
  private clockDue = false;
  private tick = { at_ms: 0, t_us: 0 };
  private poseText = '';
  private modulesText = '';
  private pointerText = 'null';
  private pointerPlace: [number, number, number] | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;
  private dirty = new Set<ViewKey>();
  private readonly log: SessionLog;
  private readonly pace: { readonly sample_ms: number; readonly send_ms: number };

  constructor(private readonly parts: RecorderParts, signal: AbortSignal) {
    const { view, clock } = parts;
    this.log = parts.log ?? sessionRest;
    this.pace = parts.pace ?? { sample_ms: POSE_EVERY_MS, send_ms: SEND_EVERY_MS };
    const costed = (run: () => void): void => {
      if (this.state !== 'recording') return;
      const before = performance.now();
      run();
      this.cost_ms += performance.now() - before;
    };
    view.subscribe(RECORDED, (_, changed) => costed(() => {
      for (const key of changed) if (RECORDED.includes(key)) this.dirty.add(key);
      if (this.dirty.has('selection')) this.tellKept(view.get('selection'));
      this.writeView();
    }), signal);
    clock.onTick((t_us) => costed(() => {
      this.frames += 1;
      this.tick = { at_ms: performance.now() - this.started_ms, t_us };
    }), signal);
    clock.onChange((change) => costed(() => {
      // A change of pace finds the playhead where the last picture had it; any other has just put it there.
      const pace = change === 'speed' || change === 'loop' || change === 'level';
      if (!pace || clock.t_us !== this.tick.t_us) this.tick = { at_ms: this.now(), t_us: clock.t_us };
      this.clockDue = true;
      if (this.now() - (this.clockOp?.at_ms ?? -Infinity) >= this.pace.sample_ms) this.writeClock();
    }), signal);
    this.sampleCosted = () => costed(() => this.sample());
    signal.addEventListener('abort', () => this.timer !== null && clearInterval(this.timer), { once: true });
    window.addEventListener('pagehide', () => this.lastWords(), { signal });
  }

  private readonly sampleCosted: () => void;

  private tellKept(selection: readonly number[]): void {
    const n = nKept(selection, this.parts.layers);
    if (n === selection.length) return;
    const [some, all] = [n, selection.length].map((count) => count.toLocaleString('en-US'));
    this.parts.told('session-selection', `The session keeps ${some} of the ${all} selected neurons.`, 'The last ones selected.', false);
  }

  get elapsed_ms(): number {
    return this.state === 'idle' || this.state === 'starting' ? 0 : this.now();
  }

  async start(author: string): Promise<void> {
    if (this.state !== 'idle') return;
    this.setState('starting');
    try {
      this.begin(await this.log.begin(this.parts.recording, { author }), 0);
    } catch (error) {
      this.setState('idle');
      this.tell(error);
    }
  }

  /** Goes on with a session that was forked: what follows is recorded from its end on. */
  resume(session: Session): void {
    this.begin(session, session.duration_ms ?? 0);
  }

  /** Ends the session; resolves to it, or to null where the server did not take the end. */
  async stop(): Promise<Session | null> {
    if (this.state !== 'recording' || this.session === null) return null;
    this.sample();
    const duration_ms = this.stamp();
    this.end_ms = duration_ms;
    this.setState('stopping');
    if (this.timer !== null) clearInterval(this.timer);
    const { id } = this.session;
    const until_ms = performance.now() + LINGER_MS;
    try {
      // The first may be one that was under way already, without the last operations.
      do {
        if (!this.saved) await new Promise((again) => { setTimeout(again, RETRY_MS); });
        await this.send();
      } while (this.queue.length > 0 && this.session !== null && (this.saved || performance.now() < until_ms));
      if (this.queue.length > 0) throw new ApiError('unreachable', 'The end of the session could not be saved.', 'It is kept as far as it was saved.', 0);
      return await this.log.change(id, { state: 'done', duration_ms });
    } catch (error) {
      this.tell(error);
      return null;
    } finally {
      this.queue = [];
      this.session = null;
      this.setState('idle');
    }
  }

  /** Points at a place; null when the light goes out. */
  point(place: [number, number, number] | null): void {
    this.pointerPlace = place;
  }

  async note(text: string, place: [number, number, number] | null, author: string): Promise<NoteOp | null> {
    if (this.session === null) return null;
    const note: NoteOp = { op: 'note', at_ms: Math.round(this.now()), id: noteId(), text, position: place, author };
    try {
      await this.log.note(this.session.id, { change: note });
      return note;
    } catch (error) {
      this.tell(error);
      return null;
    }
  }

  private begin(session: Session, at_ms: number): void {
    this.session = session;
    this.end_ms = null;
    this.started_ms = performance.now() - at_ms;
    this.last_at = at_ms;
    this.sent = session.n_recorded ?? 0;
    this.queue = [];
    this.clockOp = null;
    this.clockDue = true;
    this.poseText = this.modulesText = '';
    this.pointerText = 'null';
    this.saved = true;
    this.cost_ms = this.frames = 0;
    this.tick = { at_ms, t_us: this.parts.clock.t_us };
    this.setState('recording');
    for (const key of RECORDED) this.dirty.add(key);
    this.writeView();
    this.sample();
    this.last_send_ms = performance.now();
    this.timer = setInterval(this.sampleCosted, this.pace.sample_ms);
  }

  private now(): number {
    return this.end_ms ?? performance.now() - this.started_ms;
  }

  private stamp(wanted_ms = this.now()): number {
    this.last_at = Math.max(this.last_at, Math.round(wanted_ms));
    return this.last_at;
  }

  private sample(): void {
    const { parts } = this;
    this.writeView();
    const worn = parts.worn?.() ?? null;
    const pose = worn === null ? parts.pose() : { position: worn.head.position, target: worn.target };
    if (pose !== null) {
      const op: PoseOp = worn === null
        ? { op: 'pose', at_ms: 0, position: short(pose.position), target: short(pose.target) }
        : poseInHeadset(worn);
      // What moved by less than is kept has not moved.
      const text = JSON.stringify(op);
      if (text !== this.poseText) {
        this.poseText = text;
        this.queue.push({ ...op, at_ms: this.stamp() });
      }
    }
    if (this.clockDue || this.drifted()) this.writeClock();
    const modules = parts.modules();
    const names = modules?.join('\n') ?? '';
    if (modules !== null && names !== this.modulesText) {
      this.modulesText = names;
      this.queue.push({ op: 'view', at_ms: this.stamp(), changes: { modules: [...modules] } });
    }
    const pointer = JSON.stringify(this.pointerPlace);
    if (pointer !== this.pointerText) {
      this.pointerText = pointer;
      this.queue.push({ op: 'pointer', at_ms: this.stamp(), position: this.pointerPlace && short(this.pointerPlace) });
    }
    if (this.queue.length >= SEND_AT || performance.now() - this.last_send_ms >= this.pace.send_ms) void this.send();
    parts.changed();
  }

  private drifted(): boolean {
    const { clockOp: op, tick, parts } = this;
    if (op === null) return true;
    if (op.playing !== this.runs()) return true;
    const allowed_us = Math.max(1, DRIFT_S * 1e6 * Math.abs(parts.clock.speed));
    return tick.at_ms > op.at_ms && Math.abs(playheadAt(op, tick.at_ms) - tick.t_us) > allowed_us;
  }

  private runs(): boolean {
    const { clock } = this.parts;
    return clock.playing && clock.status === 'playing' && !clock.scrubbing;
  }

  private writeClock(): void {
    const { clock } = this.parts;
    const playing = this.runs();
    // The playhead moves in frames; it stood at t_us in the last one.
    const at_ms = this.stamp(playing ? this.tick.at_ms : this.now());
    const since_ms = playing ? at_ms - this.tick.at_ms : 0;
    const loop: [number, number] | null = clock.loop ? [clock.loop.t_start_us, clock.loop.t_stop_us] : null;
    const op: ClockOp = {
      op: 'clock', at_ms, t_us: Math.round((clock.t_us + clock.speed * since_ms * 1000) * 10) / 10, speed: clock.speed, playing, loop,
    };
    this.clockDue = false;
    const before = this.clockOp;
    if (before && !before.playing && !playing && before.t_us === op.t_us && before.speed === op.speed && String(before.loop) === String(loop)) return;
    this.clockOp = op;
    this.queue.push(op);
  }

  private writeView(): void {
    if (this.dirty.size === 0) return;
    this.queue.push({ op: 'view', at_ms: this.stamp(), changes: toChanges(this.parts.view.all(), this.dirty, this.parts.layers) });
    this.dirty.clear();
  }

  private send(): Promise<void> {
    this.sending ??= this.sendNow().finally(() => { this.sending = null; });
    return this.sending;
  }

  private async sendNow(): Promise<void> {
    if (this.session === null) return;
    this.last_send_ms = performance.now();
    const operations = batchOf(this.queue);
    const at_ms = operations.length < this.queue.length ? (operations.at(-1)?.at_ms ?? this.last_at) : this.stamp();
    try {
      await this.log.append(this.session.id, { first: this.sent, at_ms, operations });
      this.queue = this.queue.slice(operations.length);
      this.sent += operations.length;
      if (!this.saved) this.parts.told('session-saved', '', '', false);
      this.saved = true;
    } catch (error) {
      if (error instanceof ApiError && error.passes) {
        if (this.saved) this.parts.told('session-saved', 'The session cannot be saved at the moment.', 'It goes on; what is recorded is kept and sent when the server answers again.', true);
        this.saved = false;
        return;
      }
      this.tell(error);
      this.abandon();
    }
  }

  /** The session's own time is this now: its clock and ours drift apart. */
  retime(at_ms: number): void {
    if (this.state === 'recording') this.started_ms = performance.now() - at_ms;
  }

  /** The session is gone or belongs to another page: nothing more can be recorded into it. */
  abandon(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.queue = [];
    this.session = null;
    this.setState('idle');
  }

  /** The page goes away: one last batch that outlives it. */
  private lastWords(): void {
    if (this.session === null || this.sending !== null) return;
    const { id } = this.session;
    this.log.append(id, { first: this.sent, at_ms: this.stamp(), operations: this.queue.slice(0, 300) }, true).catch(() => undefined);
  }

  private tell(error: unknown): void {
    if (error instanceof ApiError) this.parts.told('session', error.message, error.hint, false);
    else throw error;
  }

  private setState(state: RecorderState): void {
    this.state = state;
    this.parts.changed();
  }
}

export function noteId(): string {
  return `n${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`;
}

/** The operations of one request: a body holds 1 MiB, and a large selection a good part of that. */
export function batchOf(queue: readonly Operation[]): Operation[] {
  let bytes = 0;
  let n = 0;
  for (const op of queue) {
    const { selection, sets } = op.op === 'view' ? op.changes : {};
    bytes += 200 + 80 * ((selection?.length ?? 0) + (sets ?? []).reduce((sum, set) => sum + set.neurons.length, 0));
    if (n > 0 && bytes > MAX_BATCH_BYTES) break;
    n += 1;
  }
  return queue.slice(0, n);
}

/** Head and hands to the millimetre of who wears the headset, and a fifth of a degree: less than hands tremble. */
function poseInHeadset({ head, target, left, right, scale }: Presence): PoseOp {
  const finest = scale / 1000;
  const place = (at: readonly [number, number, number]): [number, number, number] => at.map((x) => tidy(Math.round(x / finest) * finest)) as [number, number, number];
  const turn = (rotation: Quaternion): [number, number, number, number] => rotation.map((x) => Math.round(x * 500) / 500) as [number, number, number, number];
  const hand = (of: HandPose | null): Hand | null => of && {
    position: place(of.position), rotation: turn(of.rotation), pinch: Math.round(of.pinch * 10) / 10, points: of.points && place(of.points),
  };
  return {
    op: 'pose', at_ms: 0, position: place(head.position), target: place(target),
    worn: { rotation: turn(head.rotation), scale: tidy(scale), left: hand(left), right: hand(right) },
  };
}

function tidy(value: number): number {
  return Number(value.toPrecision(6));
}

/** Six digits are finer than a pixel from anywhere, and half as long. */
function short(place: readonly [number, number, number]): [number, number, number] {
  return place.map((value) => Number(value.toPrecision(6))) as [number, number, number];
}
