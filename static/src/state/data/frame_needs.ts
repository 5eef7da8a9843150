/** Which chunks to ask for next: what the frame at the playhead needs, and then what lies around it. */

import type { Held } from './resident_chunks';
import type { Demand } from '../frames';
import type { Address, ChunkGrid, TileGrid } from '../../net/chunk_index';

/** Above this many neurons a seek asks for the counts of groups before the exact spikes. */
const TWO_STAGE_NEURONS = 65536;

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

/** The stored chunks that are not here; of the streams of values those that are demanded. */
export function needsOf(held: Held, demand: Demand, need: Need): Needs {
  const { index } = held;
  const needs: Needs = { urgent: [], later: [] };
  if (need.coarse_first && index.n_neurons > TWO_STAGE_NEURONS) {
    addSpikes(held, index.numberOf('spikes.groups'), Math.max(1, need.level), need, needs);
  }
  addSpikes(held, index.numberOf('spikes'), need.level, need, needs);
  for (const name of demand.weights.length > 0 ? ['weights', ...demand.potentials] : demand.potentials) {
    const stream = index.numberOf(name);
    const level = index.levelWithin(stream, need.level);
    if (level < 0) continue;
    for (const grid of index.gridsAt(stream, level)) {
      if (name === 'weights' && !demand.weights.includes(grid.target)) continue;
      addValues(held, grid, need, needs);
    }
  }
  return needs;
}

function addSpikes(held: Held, stream: number, level: number, need: Need, { urgent, later }: Needs): void {
  const { first, at, last } = reach(held, level, need);
  for (const grid of held.index.gridsAt(stream, level)) {
    const now = grid.chunkOf(at);
    for (const tile of grid.tiles) {
      add(held, grid, tile, now, urgent);
      for (let chunk = now + 1; chunk <= grid.chunkOf(last); chunk++) add(held, grid, tile, chunk, later);
      for (let chunk = now - 1; chunk >= grid.chunkOf(first); chunk--) add(held, grid, tile, chunk, later);
    }
  }
}

/** Values hold until they change: what the playhead needs is the last chunk stored at or before it. */
function addValues(held: Held, grid: ChunkGrid, need: Need, { urgent, later }: Needs): void {
  const { first, at, last } = reach(held, grid.level, need);
  for (const tile of grid.tiles) {
    const base = grid.lastStored(tile, grid.chunkOf(at));
    if (base >= 0) add(held, grid, tile, base, urgent);
    for (let chunk = grid.chunkOf(first); chunk <= grid.chunkOf(last); chunk++) {
      if (chunk !== base) add(held, grid, tile, chunk, later);
    }
  }
}

/** The frame at the playhead, and the first and last of those that are wanted around it. */
function reach({ index }: Held, level: number, need: Need): { first: number; at: number; last: number } {
  const [before, after] = need.direction > 0 ? [need.behind_us, need.ahead_us] : [need.ahead_us, need.behind_us];
  const frameAt = (t_us: number): number => Math.max(0, Math.min(index.frames(level) - 1, index.frameAt(t_us, level)));
  return { first: frameAt(need.t_us - before), at: frameAt(need.t_us), last: frameAt(need.t_us + after) };
}

function add({ chunks }: Held, grid: ChunkGrid, tile: TileGrid, chunk: number, list: Address[]): void {
  const address = chunks.missing(grid, tile, chunk);
  if (address !== null) list.push(address);
}
