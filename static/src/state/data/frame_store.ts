/**
 * The frames around the playhead: what the data worker hands over, and the questions that scene, clock and lanes ask of
 * it. Implements FrameSource.
 */

import { type Need, type Needs, needsOf } from './frame_needs';
import { type Address, ChunkIndex } from '../../net/chunk_index';
import type { Frames, GroupFrames, ValueFrames } from '../../net/chunks';
import type { Manifest } from '../../net/messages.gen';
import type {
  Demand, FrameSource, FramesChange, GroupSlice, GroupWindow, SpikeSlice, SpikeWindow, StateView,
} from '../frames';
import { isLoaded, loadedRanges, loadedUntil } from './loaded_spikes';
import { Replay } from './replay';
import { addressOf, type Held, ResidentChunks } from './resident_chunks';

/** 16 frames for each of 60 pictures a second: the next coarser level still has a new frame for every picture. */
const MAX_FRAMES_PER_S = 960;

export class FrameStore implements FrameSource, Held {
  index: ChunkIndex;
  readonly chunks = new ResidentChunks();
  private wanted: Demand = { weights: [], potentials: [] };
  private readonly layers: ReadonlyMap<string, number>;
  private readonly listeners = new Set<(change: FramesChange) => void>();
  private readonly demandListeners = new Set<() => void>();
  private readonly replays = new Map<string, Replay>();

  constructor(
    manifest: Manifest, layers: readonly string[],
    /** Where only a part of the run is to be had: what a page carries. */
    private readonly part: { readonly t_start_us: number; readonly t_stop_us: number } | null = null,
  ) {
    this.index = new ChunkIndex(manifest);
    this.layers = new Map(layers.map((name, at) => [name, at]));
  }

  get bin_us(): number {
    return this.index.manifest.bin_us;
  }

  get t_start_us(): number {
    return this.part?.t_start_us ?? this.index.manifest.t_start_us;
  }

  get t_stop_us(): number {
    return this.part?.t_stop_us ?? Math.max(this.index.manifest.t_stop_us, this.t_start_us + 1);
  }

  get n_frames(): number {
    return this.index.n_bins;
  }

  get spike_levels(): readonly number[] {
    return this.index.levelsOf(this.index.numberOf('spikes'));
  }

  get resident_bytes(): number {
    return this.chunks.bytes;
  }

  get version(): number {
    return this.chunks.version;
  }

  bins(level: number): number {
    return this.index.bins(level);
  }

  frameAt(t_us: number, level: number): number {
    return this.index.frameAt(t_us, level);
  }

  timeOf(frame: number, level: number): number {
    return this.index.timeOf(frame, level);
  }

  // ---------------------------------------------------------------- what the worker brings

  put(address: Address, frames: Frames): void {
    const resident = this.chunks.put(address, frames, this.windowOf(address, frames), this.index.span(address));
    if (frames.kind === 'spikes' || frames.kind === 'groups') {
      this.tell({
        kind: frames.kind, level: address.level, frame_start: frames.first_frame,
        frame_stop: frames.first_frame + resident.n_frames,
      });
    } else if (frames.kind === 'values') {
      const stream = this.index.streamOf(address.stream);
      const target = this.index.tiles.get(address.tile)?.name ?? '';
      this.tell({ kind: 'values', stream: stream?.name ?? '', target });
    }
  }

  /** A chunk that cannot be had: not asked for again before `retry_ms` (Infinity: never in this build). */
  refuse(address: Address, retry_ms: number): void {
    this.chunks.refuse(address, retry_ms);
  }

  /** The recording grew, or was precomputed anew. */
  use(manifest: Manifest): void {
    const before = this.index.manifest;
    if (before.build !== manifest.build || before.recording !== manifest.recording) {
      this.chunks.clear();
      this.replays.clear();
      this.index = new ChunkIndex(manifest);
      this.tell({ kind: 'reset' });
      return;
    }
    const { index } = this;
    this.chunks.outdate((address) => index.isOpen(address));
    this.index = new ChunkIndex(manifest);
    for (const replay of this.replays.values()) replay.release();
    this.replays.clear();
  }

  focus(t_us: number, direction: 1 | -1): void {
    this.chunks.focus(t_us, direction);
  }

  // ---------------------------------------------------------------- what the scene asks

  spikesIn(frame_start: number, frame_stop: number, level: number): SpikeSlice[] {
    return this.slices<SpikeSlice>(this.index.numberOf('spikes'), frame_start, frame_stop, level);
  }

  groupsIn(frame_start: number, frame_stop: number, level: number): GroupSlice[] {
    return this.slices<GroupSlice>(this.index.numberOf('spikes.groups'), frame_start, frame_stop, level);
  }

  isLoaded(frame_start: number, frame_stop: number, level: number): boolean {
    return isLoaded(this, frame_start, frame_stop, level);
  }

  /** True where every value that was demanded is known at a frame. */
  isComplete(frame: number, level: number): boolean {
    const { weights, potentials } = this.wanted;
    const known = (stream: string, target: string): boolean => this.stateAt(stream, target, level, frame)?.complete !== false;
    return weights.every((name) => known('weights', name)) && potentials.every((variable) => [...this.layers.keys()].every((layer) => known(variable, layer)));
  }

  stateAt(stream: string, target: string, level: number, frame: number): StateView | null {
    const found = this.index.stream(stream);
    if (found === undefined || found.kind !== 'values') return null;
    const grid = this.index.grid(found.stream, this.index.levelWithin(found.stream, level), target);
    if (grid === undefined) return null;
    // The stream may lack this level, and answer with another of its own.
    const at = Math.floor((frame * this.bins(level)) / this.bins(grid.level));
    const key = `${found.stream}/${grid.level}/${target}`;
    let replay = this.replays.get(key);
    if (replay === undefined) {
      replay = new Replay(grid, found.unit ?? '1');
      this.replays.set(key, replay);
    }
    replay.advance(Math.max(0, at), (tile, chunk) =>
      this.chunks.at({ stream: found.stream, level: grid.level, tile, chunk })?.frames as ValueFrames | undefined,
    );
    return replay.version === 0 ? null : replay;
  }

  demand(demand: Demand): void {
    if (JSON.stringify(demand) === JSON.stringify(this.wanted)) return;
    this.wanted = demand;
    for (const key of [...this.replays.keys()]) {
      if (!this.streams().some((name) => key.startsWith(`${this.index.numberOf(name)}/`))) this.replays.delete(key);
    }
    for (const tell of [...this.demandListeners]) tell();
  }

  onDemand(listener: () => void): void {
    this.demandListeners.add(listener);
  }

  onChange(listener: (change: FramesChange) => void, signal?: AbortSignal): () => void {
    this.listeners.add(listener);
    const stop = (): void => void this.listeners.delete(listener);
    signal?.addEventListener('abort', stop, { once: true });
    return stop;
  }

  // ---------------------------------------------------------------- what the clock and the lanes ask

  /** Names of the streams that playing needs. */
  streams(): string[] {
    const names = ['spikes'];
    if (this.wanted.weights.length > 0) names.push('weights');
    names.push(...this.wanted.potentials);
    return names.filter((name) => this.index.streams.has(name));
  }

  projections(): string[] {
    return [...this.wanted.weights];
  }

  /** The finest level whose frames do not pass faster than the screen can use; the server decides in the same way. */
  levelFor(speed: number): number {
    const levels = this.spike_levels;
    const fits = levels.find((level) => (Math.abs(speed) * 1e6) / this.index.frame_us(level) <= MAX_FRAMES_PER_S * 1.05);
    return fits ?? levels.at(-1) ?? 0;
  }

  /** How far play can go from t in this direction without waiting: the time at which data is missing. */
  loadedUntil(t_us: number, direction: 1 | -1, level: number, limit_us: number): number {
    const stop = direction > 0 ? Math.min(t_us + limit_us, this.t_stop_us) : Math.max(t_us - limit_us, this.t_start_us);
    return loadedUntil(this, t_us, direction, level, stop);
  }

  /** The stored chunks that are not here: what the frame at the playhead needs, and what lies around it. */
  needs(need: Need): Needs {
    return needsOf(this, this.wanted, need);
  }

  /** Loaded stretches of the run at a level, as [t_start_us, t_stop_us) pairs, for the scrub bar. */
  loadedRanges(level: number): [number, number][] {
    return loadedRanges(this, level);
  }

  private slices<T extends SpikeSlice | GroupSlice>(
    stream: number, frame_start: number, frame_stop: number, level: number,
  ): T[] {
    const slices: T[] = [];
    const start = Math.max(0, frame_start);
    for (const grid of this.index.gridsAt(stream, level)) {
      for (const tile of grid.tiles) {
        for (let chunk = grid.chunkOf(start); grid.firstFrame(chunk) < frame_stop; chunk++) {
          if (!grid.has(tile, chunk)) continue;
          const resident = this.chunks.at(addressOf(grid, tile, chunk));
          if (!resident?.window) continue;
          const first = resident.window.first_frame;
          const from = Math.max(start, first);
          const to = Math.min(frame_stop, first + resident.n_frames);
          if (to > from) slices.push({ window: resident.window, frame_start: from, frame_stop: to } as T);
        }
      }
    }
    return slices;
  }

  private windowOf(address: Address, frames: Frames): SpikeWindow | GroupWindow | null {
    const tile = this.index.tiles.get(address.tile);
    const layer = this.layers.get(tile?.name ?? '') ?? -1;
    if (tile === undefined || layer < 0) return null;
    if (frames.kind === 'spikes') {
      return {
        layer, tile: address.tile, level: address.level, first_frame: frames.first_frame,
        n_frames: frames.offsets.length - 1, offsets: frames.offsets, ids: frames.ids, counts: frames.counts,
      };
    }
    if (frames.kind === 'groups') {
      const group: GroupFrames = frames;
      return {
        layer, tile: address.tile, level: address.level, first_frame: group.first_frame, n_frames: group.n_frames,
        n_groups: group.n_groups, first_neuron: this.index.firstNeuron.get(address.tile) ?? 0, counts: group.counts,
      };
    }
    return null;
  }

  private tell(change: FramesChange): void {
    for (const listener of [...this.listeners]) listener(change);
  }
}
