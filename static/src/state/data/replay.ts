/**
 * The values of one layer or projection at a frame: a keyframe, then every change up to and including the frame.
 * Going forward within a chunk applies only what is new; anything else starts from the chunk's keyframe again.
 */

import { ChangeLog } from './change_log';
import type { StateView } from '../frames';
import type { ChunkGrid } from '../../net/chunk_index';
import type { ValueFrames } from '../../net/chunks';

/** Looks up a decoded chunk; undefined while it is not here. */
export type FindValues = (tile: number, chunk: number) => ValueFrames | undefined;

interface TileState {
  chunk: number;
  frames: ValueFrames | null;
  /** Rows of the chunk that are applied. */
  rows: number;
}

/** Where one in so many has changed, all are taken over. */
const MOST_CHANGED = 8;

/** Versions are unique through the page, so that a fresh replay is never taken for the one it follows. */
let stamp = 0;

export class Replay implements StateView {
  readonly values: Float32Array;
  version = 0;
  frame = -1;
  complete = false;
  readonly level: number;
  readonly min: number;
  readonly max: number;
  private readonly tiles: TileState[];
  private readonly log: ChangeLog;

  constructor(private readonly grid: ChunkGrid, readonly unit: string) {
    this.level = grid.level;
    const last = grid.tiles[grid.tiles.length - 1]?.tile;
    this.values = new Float32Array(last ? last.first + last.n : 0).fill(NaN);
    this.tiles = grid.tiles.map(() => ({ chunk: -2, frames: null, rows: 0 }));
    this.log = new ChangeLog(Math.ceil(this.values.length / MOST_CHANGED));
    const { scale = 1, offset = 0, dtype = 'f32' } = grid.quantisation ?? {};
    this.min = offset;
    this.max = dtype === 'u16' ? offset + scale * 65534 : offset + scale;
  }

  /** Brings the values to the end of the frame as far as the chunks are here; returns itself. */
  advance(frame: number, find: FindValues): this {
    this.frame = frame;
    this.complete = true;
    const at = this.grid.chunkOf(frame);
    for (let t = 0; t < this.tiles.length; t++) {
      const tile = this.grid.tiles[t];
      const state = this.tiles[t];
      const chunk = this.grid.lastStored(tile, at);
      if (chunk < 0) {
        if (state.chunk !== -1) this.clear(state, tile.tile.first, tile.tile.n);
        continue;
      }
      const frames = find(tile.tile.tile, chunk);
      if (frames === undefined) {
        this.complete = false;
        continue;
      }
      const rows = Math.min(frame - frames.first_frame + 1, frames.offsets.length - 1);
      if (state.frames !== frames || rows < state.rows) {
        this.begin(frames.keyframe, tile.tile.first);
        state.chunk = chunk;
        state.frames = frames;
        state.rows = 0;
      }
      if (rows > state.rows) this.apply(state, frames, rows, tile.tile.first);
    }
    return this;
  }

  changedSince(version: number): Uint32Array | null {
    return this.log.since(version);
  }

  /** Forget the decoded chunks, so that they can be freed; the values stay as they are. */
  release(): void {
    for (const state of this.tiles) {
      state.chunk = -2;
      state.frames = null;
      state.rows = 0;
    }
  }

  private apply(state: TileState, frames: ValueFrames, rows: number, first: number): void {
    const begin = frames.offsets[state.rows];
    const end = frames.offsets[rows];
    for (let i = begin; i < end; i++) this.values[first + frames.ids[i]] = frames.last[i];
    if (end > begin) this.log.add((this.version = ++stamp), first, frames.ids.subarray(begin, end));
    state.rows = rows;
  }

  /** Starts from a chunk's keyframe. Where play goes on from the chunk before, that is what the values are already. */
  private begin(keyframe: Float32Array, first: number): void {
    const ids = differing(this.values, first, keyframe, this.log.most);
    if (ids?.length === 0 && this.version !== 0) return;
    this.values.set(keyframe, first);
    this.version = ++stamp;
    if (ids === null) this.log.forget(this.version);
    else this.log.add(this.version, first, ids);
  }

  private clear(state: TileState, first: number, n: number): void {
    this.values.fill(NaN, first, first + n);
    state.chunk = -1;
    state.frames = null;
    state.rows = 0;
    this.log.forget((this.version = ++stamp));
  }
}

/** Where values from `first` on are not those of an array; null where that is in more than `most` places. */
function differing(values: Float32Array, first: number, others: Float32Array, most: number): Uint32Array | null {
  // As bits: NaN (absent) is not another value than NaN.
  const a = new Uint32Array(values.buffer, values.byteOffset + 4 * first, others.length);
  const b = new Uint32Array(others.buffer, others.byteOffset, others.length);
  const found: number[] = [];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    if (found.length === most) return null;
    found.push(i);
  }
  return Uint32Array.from(found);
}
