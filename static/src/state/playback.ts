/**
 * The playhead. It runs on the client's clock; data arrives ahead of it, and where data is missing it waits
 * (buffering) until half a second of play is there again. Knows nothing of sockets: `Supply` says what is loaded.
 */

import type { Playback, PlaybackStatus } from './frames';

/** What the clock asks of the data. */
export interface Supply {
  readonly t_start_us: number;
  readonly t_stop_us: number;
  /** True while the run still goes on: the end is not the end. */
  readonly open: boolean;
  /** Changes whenever loadedUntil may answer differently. */
  readonly version: number;
  loadedUntil(t_us: number, direction: 1 | -1, level: number, limit_us: number): number;
  /** The finest level whose frames do not pass faster than the screen can show. */
  levelFor(speed: number): number;
  frame_us(level: number): number;
}

export type PlaybackChange = 'play' | 'pause' | 'seek' | 'speed' | 'loop' | 'status' | 'level' | 'scrub';

export interface LoopRange {
  readonly t_start_us: number;
  readonly t_stop_us: number;
}

/** A longer gap between two ticks (a hidden tab, a stopped debugger) moves the playhead by this much only. */
const MAX_TICK_MS = 250;
const RESUME_S = 0.5;
const LOOK_S = 1.0;
export const SLOWEST = 0.001;
export const FASTEST = 1000;

export class PlaybackClock implements Playback {
  t_us: number;
  playing = false;
  status: PlaybackStatus = 'paused';
  speed = 1;
  loop: LoopRange | null = null;
  level = 0;
  jump = 0;
  /** True while the user drags the playhead: it does not run, and data comes over HTTP. */
  scrubbing = false;
  /** True to stay at the end of an open recording as it grows. */
  follow = false;
  private unavailable = false;
  private waiting = false;
  private last_ms: number | null = null;
  private reach_us = NaN;
  private reach_version = -1;
  private readonly listeners = new Set<(change: PlaybackChange) => void>();
  private readonly tickers = new Set<(t_us: number) => void>();

  constructor(private readonly supply: Supply) {
    this.t_us = supply.t_start_us;
    this.level = supply.levelFor(this.speed);
  }

  get direction(): 1 | -1 {
    return this.speed < 0 ? -1 : 1;
  }

  /** Every discrete change; `tick` moves are told to onTick only. */
  onChange(listener: (change: PlaybackChange) => void, signal?: AbortSignal): void {
    this.listeners.add(listener);
    signal?.addEventListener('abort', () => this.listeners.delete(listener), { once: true });
  }

  /** The playhead moved, by whatever cause. */
  onTick(listener: (t_us: number) => void, signal?: AbortSignal): void {
    this.tickers.add(listener);
    signal?.addEventListener('abort', () => this.tickers.delete(listener), { once: true });
  }

  tick(now_ms: number): void {
    if (this.last_ms === null || now_ms < this.last_ms) {
      this.last_ms = now_ms;
      return;
    }
    const elapsed_ms = Math.min(now_ms - this.last_ms, MAX_TICK_MS);
    if (elapsed_ms === 0) return;
    this.last_ms = now_ms;
    if (!this.playing || this.scrubbing) return;
    if (this.unavailable && this.headroom_us(this.t_us) <= 0) {
      this.say('unavailable');
      return;
    }
    if (this.waiting && !this.filled()) {
      this.say(this.unavailable ? 'unavailable' : 'buffering');
      return;
    }
    this.waiting = false;
    this.advance(elapsed_ms * 1000 * this.speed);
  }

  play(): void {
    if (this.playing) return;
    if (this.atEnd()) {
      if (this.supply.open && this.direction > 0) this.follow = true;
      else this.jumpTo(this.loop ? this.loopEdge() : this.direction > 0 ? this.supply.t_start_us : this.lastMoment());
    }
    this.playing = true;
    this.waiting = true;
    this.last_ms = null;
    this.status = 'buffering';
    this.tell('play');
    this.tell('status');
  }

  pause(): void {
    this.follow = false;
    if (!this.playing) return;
    this.playing = false;
    this.waiting = false;
    this.say('paused');
    this.tell('pause');
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(t_us: number): void {
    const t = this.clamp(t_us);
    this.follow = false;
    this.jumpTo(t);
    this.waiting = this.playing;
    if (this.status === 'ended' || this.status === 'live') this.say(this.playing ? 'buffering' : 'paused');
    this.tell('seek');
    this.tickersTell();
  }

  /** Sets a running playhead by a little, as a replayed session does at each turn: no jump, nothing is asked anew. */
  nudge(t_us: number): void {
    const t = this.clamp(t_us);
    if (t === this.t_us || !this.playing) return;
    this.t_us = t;
    this.tickersTell();
  }

  /** Moves a standing playhead on as playing would, without a jump: for who asks for one time after the other. */
  glide(t_us: number): void {
    const t = this.clamp(t_us);
    if (t === this.t_us || this.playing) return;
    this.t_us = t;
    this.tickersTell();
  }

  /** Moves by whole frames of the level, to the start of a frame; playing stops. */
  step(frames: number): void {
    this.pause();
    const frame_us = this.supply.frame_us(this.level);
    const frame = Math.floor((this.t_us - this.supply.t_start_us) / frame_us) + frames;
    this.seek(this.supply.t_start_us + frame * frame_us);
  }

  setSpeed(speed: number): void {
    const size = Math.min(FASTEST, Math.max(SLOWEST, Math.abs(speed)));
    const next = speed < 0 ? -size : size;
    if (next === this.speed || !Number.isFinite(next)) return;
    const turned = next < 0 !== this.speed < 0;
    this.speed = next;
    this.reach_version = -1;
    if (turned) {
      this.jump += 1;
      this.follow = false;
      if (this.status === 'ended') this.say('paused');
    }
    this.setLevel(this.supply.levelFor(next));
    this.waiting = this.playing;
    this.tell('speed');
  }

  setLoop(loop: LoopRange | null): void {
    const frame_us = this.supply.frame_us(0);
    const valid = loop === null ? null : {
      t_start_us: Math.round(this.clamp(loop.t_start_us)),
      t_stop_us: Math.round(Math.min(this.supply.t_stop_us, Math.max(loop.t_stop_us, loop.t_start_us + frame_us))),
    };
    if (valid && valid.t_stop_us - valid.t_start_us < frame_us) return;
    this.loop = valid;
    if (valid && (this.t_us < valid.t_start_us || this.t_us >= valid.t_stop_us)) this.jumpTo(valid.t_start_us);
    this.tell('loop');
    this.tickersTell();
  }

  /** The server sends a coarser level because we fall behind, or the finer one again. */
  setLevel(level: number): void {
    if (level === this.level) return;
    this.level = level;
    this.jump += 1;
    this.reach_version = -1;
    this.tell('level');
  }

  startScrub(): void {
    if (this.scrubbing) return;
    this.scrubbing = true;
    this.tell('scrub');
  }

  stopScrub(): void {
    if (!this.scrubbing) return;
    this.scrubbing = false;
    this.waiting = this.playing;
    this.last_ms = null;
    this.tell('scrub');
  }

  /** The database or the server does not answer, or answers again. What is loaded still plays. */
  setUnavailable(unavailable: boolean): void {
    if (unavailable === this.unavailable) return;
    this.unavailable = unavailable;
    if (!unavailable && this.status === 'unavailable') this.say(this.playing ? 'buffering' : 'paused');
    else if (unavailable && !this.playing) this.say('unavailable');
  }

  /** The span grew or shrank. */
  spanChanged(): void {
    this.reach_version = -1;
    if (this.t_us > this.supply.t_stop_us) this.jumpTo(this.clamp(this.t_us));
    if (this.follow && this.playing && this.status === 'live') this.waiting = false;
  }

  private advance(step_us: number): void {
    const forward = step_us > 0;
    const edge = this.loop
      ? forward ? this.loop.t_stop_us : this.loop.t_start_us
      : forward ? this.supply.t_stop_us : this.supply.t_start_us;
    let next = this.t_us + step_us;
    const headroom = this.headroom_us(this.t_us);
    if (Math.abs(step_us) > headroom && Math.abs(edge - this.t_us) > headroom) {
      // Data ends before the step does: go up to where it ends, then wait.
      if (headroom <= 0) {
        this.waiting = true;
        this.say(this.unavailable ? 'unavailable' : 'buffering');
        return;
      }
      next = this.t_us + Math.sign(step_us) * headroom;
    }
    if (forward ? next >= edge : next <= edge) {
      this.reachEdge(next, edge);
      return;
    }
    this.t_us = next;
    this.say('playing');
    this.tickersTell();
  }

  private reachEdge(next: number, edge: number): void {
    if (this.loop) {
      const length = this.loop.t_stop_us - this.loop.t_start_us;
      const beyond = Math.abs(next - edge) % length;
      this.jumpTo(this.direction > 0 ? this.loop.t_start_us + beyond : this.loop.t_stop_us - 1 - Math.min(beyond, length - 1));
      this.waiting = this.headroom_us(this.t_us) <= 0;
      this.say(this.waiting ? 'buffering' : 'playing');
      this.tickersTell();
      return;
    }
    this.t_us = this.direction > 0 ? this.lastMoment() : this.supply.t_start_us;
    if (this.supply.open && this.direction > 0) {
      this.follow = true;
      this.say('live');
    } else {
      this.playing = false;
      this.say('ended');
      this.tell('pause');
    }
    this.tickersTell();
  }

  /** Microseconds of play that are loaded from t on. */
  private headroom_us(t_us: number): number {
    const forward = this.direction > 0;
    const known = this.reach_version === this.supply.version && (forward ? this.reach_us > t_us : this.reach_us < t_us);
    if (!known || Math.abs(this.reach_us - t_us) < Math.abs(this.speed) * 0.1e6) {
      const limit_us = Math.max(Math.abs(this.speed) * LOOK_S * 1e6, this.supply.frame_us(this.level));
      this.reach_us = this.supply.loadedUntil(t_us, this.direction, this.level, limit_us);
      this.reach_version = this.supply.version;
    }
    return Math.abs(this.reach_us - t_us);
  }

  /** Enough is here to go on: half a second of play, or all up to the end. */
  private filled(): boolean {
    const wanted_us = RESUME_S * 1e6 * Math.abs(this.speed);
    const edge = this.loop
      ? this.direction > 0 ? this.loop.t_stop_us : this.loop.t_start_us
      : this.direction > 0 ? this.supply.t_stop_us : this.supply.t_start_us;
    return this.headroom_us(this.t_us) >= Math.min(wanted_us, Math.abs(edge - this.t_us)) - 1;
  }

  private atEnd(): boolean {
    if (this.loop) return false;
    return this.direction > 0 ? this.t_us >= this.lastMoment() : this.t_us <= this.supply.t_start_us;
  }

  private loopEdge(): number {
    if (!this.loop) return this.supply.t_start_us;
    return this.direction > 0 ? this.loop.t_start_us : this.loop.t_stop_us - 1;
  }

  private lastMoment(): number {
    return Math.max(this.supply.t_start_us, this.supply.t_stop_us - 1);
  }

  private clamp(t_us: number): number {
    return Math.min(this.lastMoment(), Math.max(this.supply.t_start_us, t_us));
  }

  private jumpTo(t_us: number): void {
    this.t_us = t_us;
    this.jump += 1;
    this.reach_version = -1;
  }

  private say(status: PlaybackStatus): void {
    if (status === this.status) return;
    this.status = status;
    this.tell('status');
  }

  private tell(change: PlaybackChange): void {
    for (const listener of [...this.listeners]) listener(change);
  }

  private tickersTell(): void {
    for (const ticker of [...this.tickers]) ticker(this.t_us);
  }
}
