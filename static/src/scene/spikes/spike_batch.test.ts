import { describe, expect, it } from 'vitest';

import { framesPerBatch, haveCounts, packingFor, packSpikes } from './spike_batch';
import type { SpikeSlice, SpikeWindow } from '../../state/frames';

function windowOf(layer: number, first_frame: number, frames: number[][], counts: number[] | null = null): SpikeWindow {
  const offsets = new Uint32Array(frames.length + 1);
  frames.forEach((ids, i) => (offsets[i + 1] = offsets[i] + ids.length));
  return {
    layer, tile: layer, level: 0, first_frame, n_frames: frames.length, offsets, ids: Uint32Array.from(frames.flat()),
    counts: counts === null ? null : Uint8Array.from(counts),
  };
}

function room(): (n: number) => Uint32Array {
  let array = new Uint32Array(2);
  return (n) => {
    if (n > array.length) {
      const grown = new Uint32Array(2 * n);
      grown.set(array);
      array = grown;
    }
    return array;
  };
}

function unpack(array: Uint32Array, length: number, { idBits, ageBits, countBits }: ReturnType<typeof packingFor>): number[][] {
  return [...array.subarray(0, length)].map((packed) => [
    packed % 2 ** idBits, Math.floor(packed / 2 ** idBits) % 2 ** ageBits, countBits === 0 ? 1 : Math.floor(packed / 2 ** (idBits + ageBits)) + 1,
  ]);
}

describe('packSpikes', () => {
  it('packs the frames of a range oldest first with their age', () => {
    const slices: SpikeSlice[] = [
      { window: windowOf(0, 10, [[1], [0, 2], [3]]), frame_start: 10, frame_stop: 13 },
      { window: windowOf(1, 8, [[7], [7], [7], [8], []]), frame_start: 8, frame_stop: 13 },
    ];
    const packing = packingFor(9, haveCounts(slices));
    const grow = room();
    const perRow = new Float64Array(2);
    const batch = packSpikes(slices, 11, 13, packing, grow, perRow);
    expect(batch).toEqual({ length: 4, spikes: 4 });
    expect(unpack(grow(0), 4, packing)).toEqual([[0, 1, 1], [2, 1, 1], [8, 1, 1], [3, 0, 1]]);
    expect([...perRow]).toEqual([3, 1]);
  });

  it('keeps multiplicities, split where they do not fit', () => {
    const n_neurons = 2 ** 24; // 8 bits are left: 4 for the age, 4 for the count
    const slices: SpikeSlice[] = [{ window: windowOf(0, 0, [[5, 2 ** 24 - 1]], [40, 3]), frame_start: 0, frame_stop: 1 }];
    const packing = packingFor(n_neurons, haveCounts(slices));
    const grow = room();
    const batch = packSpikes(slices, 0, 1, packing, grow, null);
    expect(batch.spikes).toBe(43);
    const points = unpack(grow(0), batch.length, packing);
    expect(points.filter(([id]) => id === 5).reduce((sum, [, , count]) => sum + count, 0)).toBe(40);
    expect(points.at(-1)).toEqual([2 ** 24 - 1, 0, 3]);
  });

  it.each([[10, false], [1e6, false], [1e6, true], [2 ** 24, true]])('leaves no overlap between id, age and count (%d neurons)', (n, counts) => {
    const packing = packingFor(n, counts);
    expect(packing.idBits + packing.ageBits + packing.countBits).toBe(32);
    expect(2 ** packing.idBits).toBeGreaterThanOrEqual(n);
    expect(framesPerBatch(packing)).toBeLessThanOrEqual(2 ** packing.ageBits);
  });
});
