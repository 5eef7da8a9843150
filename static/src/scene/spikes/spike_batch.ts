/**
 * Packs spikes for the scatter pass: 4 bytes each. The low bits are the neuron, then the age in frames before the
 * batch's newest frame, then the multiplicity. How many bits each part gets follows from the network's size and from
 * whether the frames hold multiplicities at all.
 */

import type { SpikeSlice } from '../../state/frames';

export interface Packing {
  readonly idBits: number;
  readonly ageBits: number;
  readonly countBits: number;
}

export function packingFor(n_neurons: number, withCounts: boolean): Packing {
  const idBits = Math.max(1, Math.ceil(Math.log2(Math.max(2, n_neurons))));
  const rest = 32 - idBits;
  const countBits = withCounts ? Math.min(8, Math.floor(rest / 2)) : 0;
  return { idBits, ageBits: rest - countBits, countBits };
}

/** How many frames one batch may span. */
export function framesPerBatch(packing: Packing): number {
  return Math.min(1024, 2 ** packing.ageBits);
}

export interface Batch {
  /** Points to draw. */
  length: number;
  /** Spikes among them, multiplicity included. */
  spikes: number;
}

/**
 * Packs the spikes of frames [frame_start, frame_stop), oldest first, so that the newest spike of a neuron is drawn
 * last and stays. A multiplicity above what fits is drawn as several points.
 *
 * @param target grows by the returned function's caller: `room(n)` returns an array of at least n entries that keeps
 *   what was written.
 * @param perRow adds the spikes of each layer, by index.
 */
export function packSpikes(
  slices: readonly SpikeSlice[],
  frame_start: number,
  frame_stop: number,
  packing: Packing,
  room: (n: number) => Uint32Array,
  perRow: Float64Array | null,
): Batch {
  const { idBits, ageBits, countBits } = packing;
  const most = countBits === 0 ? 1 : 2 ** countBits;
  let array = room(0);
  let length = 0;
  let spikes = 0;
  for (let frame = frame_start; frame < frame_stop; frame++) {
    const age = ((frame_stop - 1 - frame) << idBits) >>> 0;
    for (const { window, frame_start: from, frame_stop: to } of slices) {
      if (frame < from || frame >= to) continue;
      const begin = window.offsets[frame - window.first_frame];
      const end = window.offsets[frame - window.first_frame + 1];
      if (begin === end) continue;
      if (array.length < length + end - begin) array = room(length + end - begin);
      const { ids, counts } = window;
      let here = 0;
      if (counts === null || countBits === 0) {
        for (let i = begin; i < end; i++) array[length++] = (ids[i] | age) >>> 0;
        here = end - begin;
      } else {
        for (let i = begin; i < end; i++) {
          here += counts[i];
          for (let left = counts[i]; left > 0; left -= most) {
            if (array.length <= length) array = room(2 * length + 1);
            array[length++] = (ids[i] | age | ((Math.min(left, most) - 1) << (idBits + ageBits))) >>> 0;
          }
        }
      }
      spikes += here;
      if (perRow !== null) perRow[window.layer] += here;
    }
  }
  return { length, spikes };
}

/** True where some window of the slices holds multiplicities. */
export function haveCounts(slices: readonly SpikeSlice[]): boolean {
  return slices.some(({ window }) => window.counts !== null);
}
