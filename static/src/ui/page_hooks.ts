/** What tests, and scripts in the console, may see and do: `window.synaptarium`. */

import type { SessionDesk } from './sessions/session_desk';
import type { FilmProgress } from '../film/film';
import type { FilmOrder, FilmPlan, OrderParts } from '../film/film_order';
import { sessionRest } from '../net/session_rest';
import type { Comparison } from '../state/compared/comparison';
import type { DataClient } from '../state/data/data_client';
import type { FrameStore } from '../state/data/frame_store';
import type { Stimuli } from '../state/data/recording';
import type { Network, SceneHandle } from '../state/frames';
import { neuronRef } from '../state/link/address_bar';
import type { PlaybackClock } from '../state/playback';
import type { View } from '../state/view';

/** What `window.synaptarium` gives to tests and to scripts in the console. */
export interface Hooks {
  readonly ready: Promise<void>;
  state(): Record<string, unknown>;
  seek(t_us: number): void;
  play(): void;
  pause(): void;
  setSpeed(speed: number): void;
  setLoop(loop: { t_start_us: number; t_stop_us: number } | null): void;
  select(neurons: number[]): void;
  setView(changes: Record<string, unknown>): void;
  project(neuron: number): { x: number; y: number } | null;
  /** Global indices of the neurons that spike in the playhead's frame, ascending; null where it is not loaded. */
  spikesNow(): number[] | null;
  /** What of sessions goes on: recording, replaying. */
  session(): Record<string, unknown>;
  seekSession(at_ms: number): void;
  /** Breaks the connection of a shared session, as a network does. */
  cutShared(): void;
  /** The values of a projection's weights (stream "weights") or a layer's variable at the playhead; NaN as null. */
  valuesNow(stream: string, target: string): (number | null)[] | null;
  scene(): SceneHandle | null;
  /** What of the headset is to be seen. */
  xr(): Record<string, unknown>;
  /** What `synaptarium export --video` asks of a page that nobody looks at: what comes of an order, and the film. */
  planFilm(order: FilmOrder, session: string | null): Promise<FilmPlan>;
  film(order: FilmOrder, session: string | null, progress: (progress: FilmProgress) => void): Promise<Blob>;
}

export interface HookParts {
  readonly ready: Promise<void>;
  readonly network: Network;
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly data: DataClient;
  readonly view: View;
  readonly sessions: SessionDesk;
  readonly comparison: Comparison;
  scene(): SceneHandle | null;
  xr(): Record<string, unknown>;
  stimuli(): Stimuli;
  /** Ids of the panels that are open. */
  panels(): readonly string[];
  readonly signal: AbortSignal;
}

export function pageHooks(parts: HookParts): Hooks {
  const { ready, network, clock, store, data, view, sessions, scene, stimuli, panels } = parts;
  return {
    ready,
    seek: (t_us) => clock.seek(t_us),
    play: () => clock.play(),
    pause: () => clock.pause(),
    setSpeed: (speed) => clock.setSpeed(speed),
    setLoop: (loop) => clock.setLoop(loop),
    select: (neurons) => view.set({ selection: neurons }),
    setView: (changes) => view.set(changes),
    project: (neuron) => scene()?.project(neuron) ?? null,
    spikesNow: () => spikesNow(parts),
    session: () => sessions.state(),
    seekSession: (at_ms) => sessions.seek(at_ms),
    cutShared: () => sessions.cut(),
    valuesNow: (stream, target) => valuesNow(parts, stream, target),
    scene,
    xr: parts.xr,
    planFilm: async (order, session) => (await import('../film/film_order')).planFilm(await filmParts(parts, session), order),
    film: async (order, session, progress) => (await import('../film/film_order')).shootFilm(await filmParts(parts, session), order, parts.signal, progress),
    state: () => {
      const frame = store.frameAt(clock.t_us, clock.level);
      const counters = data.counters;
      const stats = scene()?.stats();
      const at = stimuli().at(clock.t_us);
      return {
        recording: network.recording,
        t_us: clock.t_us,
        t_start_us: store.t_start_us,
        t_stop_us: store.t_stop_us,
        playing: clock.playing,
        status: clock.status,
        speed: clock.speed,
        loop: clock.loop,
        level: clock.level,
        frame,
        frameLoaded: store.isLoaded(frame, frame + 1, clock.level),
        open: store.index.manifest.open,
        build: store.index.manifest.build,
        revision: store.index.manifest.revision,
        connected: data.connected,
        label: at >= 0 ? stimuli().labels[at] : null,
        bufferedRanges: store.loadedRanges(clock.level),
        residentBytes: store.resident_bytes,
        drawnSpikes: stats?.drawn_spikes ?? 0,
        spikesInLastFrame: stats?.spikes_in_last_frame ?? 0,
        framesDrawn: stats?.frames_drawn ?? 0,
        synapsesDrawn: stats?.synapses_drawn ?? 0,
        synapsesTotal: stats?.synapses_total ?? 0,
        jsMs: stats?.js_ms ?? 0,
        chunks: counters?.chunks ?? { stream: 0, http: 0, cache: 0, held: 0 },
        framesOverStream: counters?.frames.stream ?? 0,
        framesOverHttp: counters?.frames.http ?? 0,
        worker: counters,
        selection: view.get('selection').map((neuron) => neuronRef(neuron, network.layers)),
        hover: view.get('hover'),
        lit: view.get('lit'),
        colour: view.get('colour'),
        hidden: view.get('hidden'),
        camera: view.get('camera') ?? scene()?.pose() ?? null,
        comparison: parts.comparison.state(),
        panels: panels(),
        scene: scene()?.debug?.() ?? null,
      };
    },
  };
}

async function filmParts({ network, clock, store, view, scene }: HookParts, session: string | null): Promise<OrderParts> {
  const drawn = scene();
  if (drawn === null) throw new Error('The scene cannot be drawn: the browser has no WebGL 2.');
  return { clock, store, view, layers: network.layers, scene: drawn, session: session === null ? null : await sessionRest.one(session) };
}

function spikesNow({ clock, store }: HookParts): number[] | null {
  const frame = store.frameAt(clock.t_us, clock.level);
  if (!store.isLoaded(frame, frame + 1, clock.level)) return null;
  return store.spikesIn(frame, frame + 1, clock.level).flatMap(({ window }) => {
    const at = frame - window.first_frame;
    return [...window.ids.subarray(window.offsets[at], window.offsets[at + 1])];
  });
}

function valuesNow({ clock, store }: HookParts, stream: string, target: string): (number | null)[] | null {
  const state = store.stateAt(stream, target, clock.level, store.frameAt(clock.t_us, clock.level));
  return state?.complete ? Array.from(state.values, (value) => (Number.isNaN(value) ? null : value)) : null;
}
