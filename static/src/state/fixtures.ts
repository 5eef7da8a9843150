/** Small manifests and decoded chunks, made by hand. */

import type { SpikeFrames, ValueFrames } from '../net/chunks';
import type { Grid, Manifest } from '../net/messages.gen';

interface Asked {
  readonly n_frames: number;
  readonly layers?: readonly { readonly name: string; readonly n: number }[];
  readonly spikes?: { readonly k: number; readonly present: readonly number[] };
  readonly values?: { readonly n_items: number; readonly k: number; readonly present: readonly number[] };
  readonly open?: boolean;
  readonly closed_us?: number;
  readonly revision?: number;
}

/** A recording of 1 ms bins with one tile per layer and, where asked for, one projection with weights. */
export function manifestOf(asked: Asked): Manifest {
  const layers = asked.layers ?? [{ name: 'a', n: 10 }];
  const tiles: Manifest['tiles'] = layers.map(({ name, n }, tile) => ({ tile, kind: 'layer' as const, name, first: 0, n }));
  const grids: Grid[] = [];
  if (asked.spikes) {
    for (const { tile, name } of [...tiles]) {
      grids.push({ stream: 0, level: 0, target: name, k: asked.spikes.k, tiles: [tile], presence: [presence(asked.spikes.present)] });
    }
  }
  if (asked.values) {
    const tile = tiles.length;
    tiles.push({ tile, kind: 'projection', name: 'p', first: 0, n: asked.values.n_items });
    grids.push({ stream: 3, level: 0, target: 'p', k: asked.values.k, tiles: [tile], presence: [presence(asked.values.present)] });
  }
  const t_stop_us = asked.n_frames * 1000;
  return {
    recording: 'r', num: 1, build: 1, revision: asked.revision ?? 1, open: asked.open ?? false, bin_us: 1000, t_start_us: 0,
    t_stop_us, closed_us: asked.closed_us ?? t_stop_us,
    levels: [0, 1, 2].map((level) => ({ level, bins: 16 ** level, frames: Math.ceil(asked.n_frames / 16 ** level) })),
    tiles,
    streams: [
      { stream: 0, name: 'spikes', kind: 'spikes', of: 'spikes' },
      { stream: 3, name: 'weights', kind: 'values', of: 'weights' },
    ],
    grids,
  };
}

function presence(chunks: readonly number[]): string {
  const bytes = new Uint8Array(Math.floor(Math.max(0, ...chunks) / 8) + 1);
  for (const chunk of chunks) bytes[chunk >> 3] |= 1 << (chunk & 7);
  return Buffer.from(bytes).toString('base64');
}

export function valuesOf(first_frame: number, keyframe: Float32Array, changes: readonly ReadonlyMap<number, number>[]): ValueFrames {
  const offsets = new Uint32Array(changes.length + 1);
  const ids: number[] = [];
  const last: number[] = [];
  changes.forEach((changed, frame) => {
    for (const id of [...changed.keys()].sort((a, b) => a - b)) {
      ids.push(id);
      last.push(changed.get(id) as number);
    }
    offsets[frame + 1] = ids.length;
  });
  return { kind: 'values', first_frame, level: 0, offsets, ids: Uint32Array.from(ids), last: Float32Array.from(last), keyframe };
}

export function spikesOf(first_frame: number, frames: readonly (readonly number[])[]): SpikeFrames {
  const offsets = new Uint32Array(frames.length + 1);
  frames.forEach((ids, frame) => { offsets[frame + 1] = offsets[frame] + ids.length; });
  return { kind: 'spikes', first_frame, level: 0, n_neurons: 10, offsets, ids: Uint32Array.from(frames.flat()), counts: null };
}
