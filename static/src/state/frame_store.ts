/**
 * The decoded chunks around the playhead, and the questions that the scene asks of them. Implements FrameSource.
 *
 * It holds what the data worker hands over, bounded in bytes; the farthest from the playhead goes first.
 */

import { BoundedCache } from '../net/bounded_cache';
import { type Address, type ChunkGrid, ChunkIndex, keyOf, type TileGrid } from '../net/chunk_index';
import type { Frames, GroupFrames, ValueFrames } from '../net/chunks';
import type { Manifest } from '../net/messages.gen';
import type {
  Demand, FrameSource, FramesChange, GroupSlice, GroupWindow, SpikeSlice, SpikeWindow, StateView,
} from './frames';
import { Replay } from './replay';

/** Decoded chunks kept on the page: about 40 M spikes. */
const RESIDENT_BYTES = 160 * 1024 * 1024;
/** 16 frames for each of 60 pictures a second: the next coarser level still has a new frame for every picture. */
const MAX_FRAMES_PER_S = 960;
/** Above this many neurons a seek asks for the counts of groups before the exact spikes. */
const TWO_STAGE_NEURONS = 65536;

interface Resident {
  readonly address: Address;
  readonly frames: Frames;
  readonly window: SpikeWindow | GroupWindow | null;
  readonly n_frames: number;
  /** True after the recording grew past what this chunk was read at: a newer version is wanted. */
  stale: boolean;
}

export interface Need {
  readonly t_us: number;
  readonly direction: 1 | -1;
  readonly level: number;
  /** Microseconds ahead of the playhead, and behind it for the glow. */
  readonly ahead_us: number;
  readonly behind_us: number;
  /** True while the user drags: one stage more for large networks. */
  readonly coarse_first: boolean;
}

export interface Needs {
  readonly urgent: Address[];
  readonly later: Address[];
}

export class FrameStore implements FrameSource {
  index: ChunkIndex;
  /** Counts up whenever a chunk lands or goes; lets the clock remember how far is loaded. */
  version = 0;
  private wanted: Demand = { weights: [], potentials: [] };
  private layers = new Map<string, number>();
  private readonly listeners = new Set<(change: FramesChange) => void>();
  private readonly demandListeners = new Set<() => void>();
  private readonly replays = new Map<string, Replay>();
  private readonly refused = new Map<string, number>();
  private readonly cache = new BoundedCache<Resident>(RESIDENT_BYTES, () => {
    this.version += 1;
  });

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
    return this.index.levelsOf(this.number('spikes'));
  }

  get resident_bytes(): number {
    return this.cache.bytes;
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
    const span = this.index.span(address);
    const resident: Resident = {
      address, frames, window: this.windowOf(address, frames), n_frames: nFrames(frames), stale: false,
    };
    this.cache.put(keyOf(address), resident, bytesOf(frames), span.t_start_us, span.t_stop_us);
    this.refused.delete(keyOf(address));
    this.version += 1;
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
    this.refused.set(keyOf(address), performance.now() + retry_ms);
    this.version += 1;
  }

  /** The recording grew, or was precomputed anew. */
  use(manifest: Manifest): void {
    const before = this.index.manifest;
    if (before.build !== manifest.build || before.recording !== manifest.recording) {
      this.cache.clear();
      this.replays.clear();
      this.refused.clear();
      this.index = new ChunkIndex(manifest);
      this.version += 1;
      this.tell({ kind: 'reset' });
      return;
    }
    // What reached beyond the closed part may have changed: keep it on the screen, but ask for it again.
    for (const key of this.cache.keys()) {
      const resident = this.cache.get(key);
      if (resident && this.index.isOpen(resident.address)) resident.stale = true;
    }
    this.index = new ChunkIndex(manifest);
    for (const replay of this.replays.values()) replay.release();
    this.replays.clear();
    this.refused.clear();
    this.version += 1;
  }

  focus(t_us: number, direction: 1 | -1): void {
    this.cache.focus(t_us, direction);
  }

  // ---------------------------------------------------------------- what the scene asks

  spikesIn(frame_start: number, frame_stop: number, level: number): SpikeSlice[] {
    return this.slices<SpikeSlice>(this.number('spikes'), frame_start, frame_stop, level);
  }

  groupsIn(frame_start: number, frame_stop: number, level: number): GroupSlice[] {
    return this.slices<GroupSlice>(this.number('spikes.groups'), frame_start, frame_stop, level);
  }

  isLoaded(frame_start: number, frame_stop: number, level: number): boolean {
    for (const grid of this.index.gridsAt(this.number('spikes'), level)) {
      for (const tile of grid.tiles) {
        for (let chunk = grid.chunkOf(frame_start); grid.firstFrame(chunk) < frame_stop; chunk++) {
          if (this.lacks(grid, tile, chunk, frame_stop)) return false;
        }
      }
    }
    return true;
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
    const grid = this.valueGrid(found.stream, level, target);
    if (grid === undefined) return null;
    // A level that the stream lacks: the finest of the coarser ones that it has.
    const at = Math.floor((frame * this.bins(level)) / this.bins(grid.level));
    const key = `${found.stream}/${grid.level}/${target}`;
    let replay = this.replays.get(key);
    if (replay === undefined) {
      replay = new Replay(grid, found.unit ?? '1');
      this.replays.set(key, replay);
    }
    replay.advance(Math.max(0, at), (tile, chunk) =>
      this.cache.get(keyOf({ stream: found.stream, level: grid.level, tile, chunk }))?.frames as ValueFrames | undefined,
    );
    return replay.version === 0 ? null : replay;
  }

  demand(demand: Demand): void {
    if (JSON.stringify(demand) === JSON.stringify(this.wanted)) return;
    this.wanted = demand;
    for (const key of [...this.replays.keys()]) {
      if (!this.streams().some((name) => key.startsWith(`${this.number(name)}/`))) this.replays.delete(key);
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
    let reach = stop;
    const now = this.frameAt(t_us, level);
    for (const grid of this.index.gridsAt(this.number('spikes'), level)) {
      const last = grid.chunkOf(this.frameAt(direction > 0 ? stop - 1 : stop, level));
      for (const tile of grid.tiles) {
        for (let chunk = grid.chunkOf(now); direction > 0 ? chunk <= last : chunk >= last; chunk += direction) {
          const first = grid.firstFrame(chunk);
          const end = Math.min(first + 2 ** grid.k, this.index.frames(level));
          const upto = direction > 0 ? Math.min(end, this.frameAt(reach - 1, level) + 1) : end;
          if (!this.lacks(grid, tile, chunk, upto)) continue;
          const has = this.cache.get(keyOf({ stream: grid.stream, level, tile: tile.tile.tile, chunk }))?.n_frames ?? 0;
          const edge = this.timeOf(direction > 0 ? first + has : end, level);
          reach = direction > 0 ? Math.min(reach, Math.max(edge, t_us)) : Math.max(reach, Math.min(edge, t_us));
          break;
        }
      }
    }
    return reach;
  }

  /** The stored chunks that are not here: what the frame at the playhead needs, and what lies around it. */
  needs(need: Need): Needs {
    const urgent: Address[] = [];
    const later: Address[] = [];
    const spikes = this.number('spikes');
    const sign = need.direction;
    const span = (level: number): [number, number] => {
      const from = need.t_us - (sign > 0 ? need.behind_us : need.ahead_us);
      const to = need.t_us + (sign > 0 ? need.ahead_us : need.behind_us);
      const top = this.index.frames(level) - 1;
      return [clamp(this.frameAt(from, level), 0, top), clamp(this.frameAt(to, level), 0, top)];
    };
    if (need.coarse_first && this.neurons() > TWO_STAGE_NEURONS) {
      this.collect(this.number('spikes.groups'), Math.max(1, need.level), need, span, urgent, later);
    }
    this.collect(spikes, need.level, need, span, urgent, later);
    for (const name of this.streams()) {
      if (name === 'spikes') continue;
      const stream = this.number(name);
      const level = this.valueLevel(stream, need.level);
      if (level < 0) continue;
      for (const grid of this.index.gridsAt(stream, level)) {
        if (name === 'weights' && !this.wanted.weights.includes(grid.target)) continue;
        const [first, last] = span(level);
        const at = grid.chunkOf(clamp(this.frameAt(need.t_us, level), 0, this.index.frames(level) - 1));
        for (const tile of grid.tiles) {
          const base = grid.lastStored(tile, at);
          if (base >= 0) this.add(grid, tile, base, urgent);
          for (let chunk = grid.chunkOf(first); chunk <= grid.chunkOf(last); chunk++) {
            if (chunk !== base && grid.has(tile, chunk)) this.add(grid, tile, chunk, later);
          }
        }
      }
    }
    return { urgent, later };
  }

  /** Loaded stretches of the run at a level, as [t_start_us, t_stop_us) pairs, for the scrub bar. */
  loadedRanges(level: number): [number, number][] {
    const grids = this.index.gridsAt(this.number('spikes'), level);
    if (grids.length === 0) return [];
    const finest = grids.reduce((a, b) => (b.k < a.k ? b : a));
    const n_chunks = finest.chunkOf(this.index.frames(level) - 1) + 1;
    const ranges: [number, number][] = [];
    if (n_chunks > 4096) return this.sparseRanges(level);
    for (let chunk = 0; chunk < n_chunks; chunk++) {
      const first = finest.firstFrame(chunk);
      const stop = Math.min(first + 2 ** finest.k, this.index.frames(level));
      if (!this.isLoaded(first, stop, level)) continue;
      const last = ranges[ranges.length - 1];
      const t_start = this.timeOf(first, level);
      if (last && last[1] === t_start) last[1] = this.timeOf(stop, level);
      else ranges.push([t_start, this.timeOf(stop, level)]);
    }
    return ranges;
  }

  /** The ranges of very long runs: from what is here, not from what could be. */
  private sparseRanges(level: number): [number, number][] {
    const spans: [number, number][] = [];
    for (const key of this.cache.keys()) {
      const resident = this.cache.get(key);
      if (resident?.address.stream !== this.number('spikes') || resident.address.level !== level) continue;
      const { t_start_us, t_stop_us } = this.index.span(resident.address);
      spans.push([t_start_us, t_stop_us]);
    }
    spans.sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const span of spans) {
      const last = merged[merged.length - 1];
      if (last && span[0] <= last[1]) last[1] = Math.max(last[1], span[1]);
      else merged.push(span);
    }
    return merged;
  }

  private number(stream: string): number {
    return this.index.stream(stream)?.stream ?? -1;
  }

  private neurons(): number {
    let n = 0;
    for (const tile of this.index.manifest.tiles) if (tile.kind === 'layer') n += tile.n;
    return n;
  }

  private valueGrid(stream: number, level: number, target: string): ChunkGrid | undefined {
    const at = this.valueLevel(stream, level);
    return at < 0 ? undefined : this.index.grid(stream, at, target);
  }

  private valueLevel(stream: number, level: number): number {
    const levels = this.index.levelsOf(stream);
    const coarser = levels.filter((candidate) => candidate <= level);
    return coarser[coarser.length - 1] ?? levels[0] ?? -1;
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
          const resident = this.cache.get(keyOf({ stream, level, tile: tile.tile.tile, chunk }));
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

  /** True where the chunk is stored and the frames before `frame_stop` are not here. */
  private lacks(grid: ChunkGrid, tile: TileGrid, chunk: number, frame_stop: number): boolean {
    if (!grid.has(tile, chunk)) return false;
    const key = keyOf({ stream: grid.stream, level: grid.level, tile: tile.tile.tile, chunk });
    const resident = this.cache.get(key);
    if (resident === undefined) return this.refused.get(key) !== Infinity;
    return resident.stale && frame_stop > grid.firstFrame(chunk) + resident.n_frames;
  }

  private collect(
    stream: number, level: number, need: Need, span: (level: number) => [number, number],
    urgent: Address[], later: Address[],
  ): void {
    const [first, last] = span(level);
    const now = clamp(this.frameAt(need.t_us, level), 0, this.index.frames(level) - 1);
    for (const grid of this.index.gridsAt(stream, level)) {
      const at = grid.chunkOf(now);
      for (const tile of grid.tiles) {
        this.add(grid, tile, at, urgent);
        for (let chunk = at + 1; chunk <= grid.chunkOf(last); chunk++) this.add(grid, tile, chunk, later);
        for (let chunk = at - 1; chunk >= grid.chunkOf(first); chunk--) this.add(grid, tile, chunk, later);
      }
    }
  }

  private add(grid: ChunkGrid, tile: TileGrid, chunk: number, list: Address[]): void {
    if (!grid.has(tile, chunk)) return;
    const address: Address = { stream: grid.stream, level: grid.level, tile: tile.tile.tile, chunk };
    const key = keyOf(address);
    const resident = this.cache.get(key);
    if (resident && !resident.stale) return;
    if ((this.refused.get(key) ?? 0) > performance.now()) return;
    list.push(address);
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

function nFrames(frames: Frames): number {
  switch (frames.kind) {
    case 'groups':
      return frames.n_frames;
    case 'series':
      return frames.total.length;
    default:
      return frames.offsets.length - 1;
  }
}

function bytesOf(frames: Frames): number {
  let bytes = 128;
  for (const value of Object.values(frames) as unknown[]) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  return bytes;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
