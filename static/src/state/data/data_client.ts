/**
 * The page's side of the data worker: tells it what the clock does, and puts what it sends into the frame store.
 *
 * Playing goes over the stream. Scrubbing and pauses go over HTTP, and so does playing where the socket cannot
 * connect or stays silent while the playhead waits.
 */

import type { Needs } from './frame_needs';
import type { FrameStore } from './frame_store';
import type { PlaybackClock } from '../playback';
import { keyOf } from '../../net/chunk_index';
import type { Manifest, State } from '../../net/messages.gen';
import type { FromWorker, ToWorker, WorkerCounters } from '../../workers/protocol';
import { startWorker } from '../../workers/start';

export interface DataEvents {
  /** Another build, or a newer revision: the manifest should be read again. */
  manifestChanged(): void;
  /** Chunks could not be had; `passes` = they may come later. */
  trouble(code: string, message: string, hint: string): void;
  connection(connected: boolean): void;
}

/** Seconds of play that HTTP fetches ahead of a paused playhead. */
const AHEAD_S = 2;
/** Frames before the playhead that a glow may need; the server sends as many. */
const PRE_ROLL_FRAMES = 128;
const PRE_ROLL_MAX_US = 2_000_000;
/** The stream stays silent for so long while the playhead waits: ask anew, and over HTTP too. */
const STALL_MS = 800;
const TEND_MS = 200;
const RETRY_MS = 1000;
const SAY_AGAIN_MS = 1000;

export class DataClient {
  connected = false;
  counters: WorkerCounters | null = null;
  private readonly worker: Worker;
  private readonly timer: ReturnType<typeof setInterval>;
  private last_chunk_ms = 0;
  private waiting_since_ms = Infinity;
  private asked = '';
  private asked_ms = 0;
  private scheduled = false;
  /** Counts what was asked of the stream. */
  private ask = 0;
  /** Nothing is asked for over HTTP before this time, after the server or the database did not answer. */
  private quiet_until_ms = 0;
  /** Who said last that the database or the server is away: the server over the stream, or a request of ours. */
  private readonly away = { stream: false, http: false };
  private manifest: Manifest;

  constructor(
    private readonly store: FrameStore,
    private readonly clock: PlaybackClock,
    private readonly events: DataEvents,
    signal: AbortSignal,
    /** Chunks that the page carries: nothing is asked of a server then. */
    held: Map<string, Uint8Array> | null = null,
  ) {
    this.manifest = store.index.manifest;
    this.worker = startWorker();
    this.worker.addEventListener('message', (event: MessageEvent<FromWorker>) => this.receive(event.data));
    this.worker.addEventListener('error', (event) => events.trouble('internal', event.message, ''));
    if (held !== null) this.say({ kind: 'held', chunks: held });
    this.open();
    clock.onChange((change) => {
      if (change === 'play' || change === 'speed' || change === 'loop' || change === 'seek' || change === 'scrub') this.stream();
      if (change === 'pause') this.say({ kind: 'pause' });
      // A seek asks before anything on the page computes what it shows of the new place.
      if (change === 'seek') this.tend();
      else this.schedule();
    }, signal);
    store.onDemand(() => {
      this.open();
      this.schedule();
    });
    this.timer = setInterval(() => this.tend(), TEND_MS);
    this.schedule();
    signal.addEventListener('abort', () => this.dispose(), { once: true });
  }

  /** The manifest was read again. */
  useManifest(manifest: Manifest): void {
    this.manifest = manifest;
    this.store.use(manifest);
    this.say({ kind: 'manifest', manifest });
    this.clock.spanChanged();
    this.schedule();
  }

  private dispose(): void {
    clearInterval(this.timer);
    this.say({ kind: 'close' });
    // The socket says goodbye first.
    setTimeout(() => this.worker.terminate(), 200);
  }

  private open(): void {
    this.say({
      kind: 'open', recording: this.manifest.recording, streams: this.store.streams(),
      projections: this.store.projections(), manifest: this.manifest,
    });
    this.stream();
  }

  /** Asks the server to send from here on; while scrubbing it sends nothing. */
  private stream(): void {
    this.store.focus(this.clock.t_us, this.clock.direction);
    if (!this.clock.playing) return;
    if (this.clock.scrubbing) {
      this.say({ kind: 'pause' });
      return;
    }
    this.last_chunk_ms = performance.now();
    this.ask += 1;
    this.say({
      kind: 'play', ask: this.ask, t_us: this.clock.t_us, speed: this.clock.speed, level: null, loop: this.clock.loop,
      follow: this.clock.follow,
    });
  }

  private receive(message: FromWorker): void {
    switch (message.kind) {
      case 'frames':
        if (message.build !== this.manifest.build) return;
        if (message.lane === 'stream') this.last_chunk_ms = performance.now();
        this.counters = message.counters;
        // What comes out of the worker's memory says nothing of the server.
        if (message.lane !== 'cache') this.setAway({ stream: false, http: false });
        this.store.put(message.address, message.frames);
        return;
      case 'missing':
        this.missing(message);
        return;
      case 'state':
        this.state(message.state, message.ask === this.ask);
        return;
      case 'connection':
        this.connected = message.connected;
        this.events.connection(message.connected);
        this.schedule();
        return;
      case 'opened':
        if (message.build !== this.manifest.build || message.revision !== this.manifest.revision) this.events.manifestChanged();
        return;
      case 'error':
        if (message.code === 'store_unavailable') this.setAway({ stream: true });
        this.events.trouble(message.code, message.message, message.hint);
    }
  }

  private missing(message: Extract<FromWorker, { kind: 'missing' }>): void {
    if (message.build !== this.manifest.build) return;
    this.store.refuse(message.address, message.passes ? RETRY_MS : message.code === 'corrupt_data' ? Infinity : 5000);
    if (message.passes) {
      this.quiet_until_ms = performance.now() + RETRY_MS;
      this.setAway({ http: true });
    } else if (message.code === 'chunk_not_found' || message.code === 'build_not_found') this.events.manifestChanged();
    this.events.trouble(message.code, message.message, '');
  }

  /** A level that was right for another speed or place, still under way when we asked anew, changes nothing. */
  private state(state: State, current: boolean): void {
    this.setAway({ stream: state.status === 'unavailable' });
    if (this.clock.playing && current) {
      const levels = this.store.spike_levels;
      const level = levels.filter((candidate) => candidate <= state.level).at(-1);
      if (level !== undefined) this.clock.setLevel(level);
    }
    if ((state.revision ?? 0) > this.manifest.revision) this.events.manifestChanged();
  }

  private setAway(change: Partial<typeof this.away>): void {
    Object.assign(this.away, change);
    this.clock.setUnavailable(this.away.stream || this.away.http);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.tend();
    });
  }

  /** Decides what is fetched over HTTP now; cheap when nothing changed. */
  private tend(): void {
    const { clock, store } = this;
    const now = performance.now();
    store.focus(clock.t_us, clock.direction);
    const running = clock.playing && !clock.scrubbing;
    const waits = running && (clock.status === 'buffering' || clock.status === 'unavailable');
    if (!waits) this.waiting_since_ms = Infinity;
    else if (this.waiting_since_ms === Infinity) this.waiting_since_ms = now;
    const stalled = waits && now - Math.max(this.waiting_since_ms, this.last_chunk_ms) > STALL_MS;
    if (stalled && this.connected) this.stream();
    if (running && this.connected && !stalled) {
      this.asked = '';
      return;
    }
    if (now < this.quiet_until_ms) return;
    const frame_us = store.index.frame_us(clock.level);
    const needs = store.needs({
      t_us: clock.t_us,
      direction: clock.direction,
      level: clock.level,
      ahead_us: clock.scrubbing ? frame_us : AHEAD_S * 1e6 * Math.abs(clock.speed),
      behind_us: Math.min(PRE_ROLL_FRAMES * frame_us, Math.max(PRE_ROLL_MAX_US, frame_us)),
      coarse_first: true,
    });
    this.want(needs);
  }

  private want({ urgent, later }: Needs): void {
    const asked = [urgent, later].map((addresses) => addresses.map(keyOf).join()).join(';');
    const now = performance.now();
    // The same list is said again after a while: what the worker handed over may have been evicted since.
    if (asked === this.asked && (asked === ';' || now - this.asked_ms < SAY_AGAIN_MS)) return;
    this.asked = asked;
    this.asked_ms = now;
    this.say({ kind: 'want', urgent, later, t_us: this.clock.t_us, direction: this.clock.direction });
  }

  private say(message: ToWorker): void {
    this.worker.postMessage(message);
  }
}
