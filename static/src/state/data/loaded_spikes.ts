/** How much of the run can be played without waiting: which frames of spikes are here. */

import { addressOf, type Held } from './resident_chunks';

/** A level of more chunks is not looked through for what is here: what is here is listed. */
const MOST_CHUNKS = 4096;

/** True where all frames of spikes in a half-open range are here. */
export function isLoaded({ index, chunks }: Held, frame_start: number, frame_stop: number, level: number): boolean {
  for (const grid of index.gridsAt(index.numberOf('spikes'), level)) {
    for (const tile of grid.tiles) {
      for (let chunk = grid.chunkOf(frame_start); grid.firstFrame(chunk) < frame_stop; chunk++) {
        if (chunks.lacks(grid, tile, chunk, frame_stop)) return false;
      }
    }
  }
  return true;
}

/** How far play can go from t towards `stop_us` without waiting: the time at which data is missing. */
export function loadedUntil({ index, chunks }: Held, t_us: number, direction: 1 | -1, level: number, stop_us: number): number {
  let reach = stop_us;
  const now = index.frameAt(t_us, level);
  for (const grid of index.gridsAt(index.numberOf('spikes'), level)) {
    const last = grid.chunkOf(index.frameAt(direction > 0 ? stop_us - 1 : stop_us, level));
    for (const tile of grid.tiles) {
      for (let chunk = grid.chunkOf(now); direction > 0 ? chunk <= last : chunk >= last; chunk += direction) {
        const first = grid.firstFrame(chunk);
        const end = Math.min(first + 2 ** grid.k, index.frames(level));
        const upto = direction > 0 ? Math.min(end, index.frameAt(reach - 1, level) + 1) : end;
        if (!chunks.lacks(grid, tile, chunk, upto)) continue;
        const has = chunks.at(addressOf(grid, tile, chunk))?.n_frames ?? 0;
        const edge = index.timeOf(direction > 0 ? first + has : end, level);
        reach = direction > 0 ? Math.min(reach, Math.max(edge, t_us)) : Math.max(reach, Math.min(edge, t_us));
        break;
      }
    }
  }
  return reach;
}

/** Loaded stretches of the run at a level, as [t_start_us, t_stop_us) pairs, for the scrub bar. */
export function loadedRanges(held: Held, level: number): [number, number][] {
  const { index } = held;
  const grids = index.gridsAt(index.numberOf('spikes'), level);
  if (grids.length === 0) return [];
  const finest = grids.reduce((a, b) => (b.k < a.k ? b : a));
  const n_chunks = finest.chunkOf(index.frames(level) - 1) + 1;
  if (n_chunks > MOST_CHUNKS) return residentRanges(held, level);
  const ranges: [number, number][] = [];
  for (let chunk = 0; chunk < n_chunks; chunk++) {
    const first = finest.firstFrame(chunk);
    const stop = Math.min(first + 2 ** finest.k, index.frames(level));
    if (!isLoaded(held, first, stop, level)) continue;
    const last = ranges[ranges.length - 1];
    const t_start = index.timeOf(first, level);
    if (last && last[1] === t_start) last[1] = index.timeOf(stop, level);
    else ranges.push([t_start, index.timeOf(stop, level)]);
  }
  return ranges;
}

/** The ranges of very long runs: from what is here, not from what could be. */
function residentRanges({ index, chunks }: Held, level: number): [number, number][] {
  const spans: [number, number][] = [];
  for (const { address } of chunks.all()) {
    if (address.stream !== index.numberOf('spikes') || address.level !== level) continue;
    const { t_start_us, t_stop_us } = index.span(address);
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
