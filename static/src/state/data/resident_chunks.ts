/**
 * The decoded chunks that are here, bounded in bytes: the farthest from the playhead goes first. It also knows which
 * chunks were asked for in vain, and which are outdated, and so what is still to be asked for.
 */

import type { GroupWindow, SpikeWindow } from '../frames';
import { BoundedCache } from '../../net/bounded_cache';
import { type Address, type ChunkGrid, type ChunkIndex, keyOf, type TileGrid } from '../../net/chunk_index';
import { type Frames, frameCount } from '../../net/chunks';

/** Decoded chunks kept on the page: about 40 M spikes. */
const RESIDENT_BYTES = 160 * 1024 * 1024;

export interface ResidentChunk {
  readonly address: Address;
  readonly frames: Frames;
  readonly window: SpikeWindow | GroupWindow | null;
  readonly n_frames: number;
  /** True after the recording grew past what this chunk was read at: a newer version is wanted. */
  stale: boolean;
}

/** What there is in the run, and what of it is here. */
export interface Held {
  readonly index: ChunkIndex;
  readonly chunks: ResidentChunks;
}

export class ResidentChunks {
  /** Counts up whenever a chunk lands or goes; lets the clock remember how far is loaded. */
  version = 0;
  /** Until when a chunk is not asked for again, by `performance.now()`. */
  private readonly refused = new Map<string, number>();
  private readonly cache = new BoundedCache<ResidentChunk>(RESIDENT_BYTES, () => {
    this.version += 1;
  });

  get bytes(): number {
    return this.cache.bytes;
  }

  at(address: Address): ResidentChunk | undefined {
    return this.cache.get(keyOf(address));
  }

  *all(): Generator<ResidentChunk> {
    for (const key of this.cache.keys()) yield this.cache.get(key) as ResidentChunk;
  }

  put(
    address: Address, frames: Frames, window: SpikeWindow | GroupWindow | null,
    span: { readonly t_start_us: number; readonly t_stop_us: number },
  ): ResidentChunk {
    const chunk = { address, frames, window, n_frames: frameCount(frames), stale: false };
    this.cache.put(keyOf(address), chunk, bytesOf(frames), span.t_start_us, span.t_stop_us);
    this.refused.delete(keyOf(address));
    this.version += 1;
    return chunk;
  }

  /** A chunk that cannot be had: not asked for again before `retry_ms` (Infinity: never in this build). */
  refuse(address: Address, retry_ms: number): void {
    this.refused.set(keyOf(address), performance.now() + retry_ms);
    this.version += 1;
  }

  /** The recording grew: what may have changed stays on the screen, and is asked for again. */
  outdate(changed: (address: Address) => boolean): void {
    for (const chunk of this.all()) if (changed(chunk.address)) chunk.stale = true;
    this.refused.clear();
    this.version += 1;
  }

  /** The recording was precomputed anew. */
  clear(): void {
    this.cache.clear();
    this.refused.clear();
    this.version += 1;
  }

  /** Where the playhead is and which way it runs; decides what goes first. */
  focus(t_us: number, direction: 1 | -1): void {
    this.cache.focus(t_us, direction);
  }

  /** True where the chunk is stored and the frames before `frame_stop` are not here. */
  lacks(grid: ChunkGrid, tile: TileGrid, chunk: number, frame_stop: number): boolean {
    if (!grid.has(tile, chunk)) return false;
    const key = keyOf(addressOf(grid, tile, chunk));
    const resident = this.cache.get(key);
    if (resident === undefined) return this.refused.get(key) !== Infinity;
    return resident.stale && frame_stop > grid.firstFrame(chunk) + resident.n_frames;
  }

  /** The address to ask a chunk for; null where nothing is stored, it is here, or it was refused a moment ago. */
  missing(grid: ChunkGrid, tile: TileGrid, chunk: number): Address | null {
    if (!grid.has(tile, chunk)) return null;
    const address = addressOf(grid, tile, chunk);
    const key = keyOf(address);
    const resident = this.cache.get(key);
    if (resident && !resident.stale) return null;
    return (this.refused.get(key) ?? 0) > performance.now() ? null : address;
  }
}

export function addressOf(grid: ChunkGrid, tile: TileGrid, chunk: number): Address {
  return { stream: grid.stream, level: grid.level, tile: tile.tile.tile, chunk };
}

function bytesOf(frames: Frames): number {
  let bytes = 128;
  for (const value of Object.values(frames) as unknown[]) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  return bytes;
}
