/** Rates from the loaded frames: of each layer, and of one neuron. What is not loaded is not counted, and the window says so. */

import type { FrameSource, SpikeWindow } from '../frames';

export interface LayerRates {
  /** Hz per neuron. */
  readonly rates_hz: readonly number[];
  /** How much of the window is here: of a large network at rest, not all. */
  readonly window_us: number;
}

/** Rate of each layer in the window before t, as far back as its frames are here; null where none is. */
export function layerRates(
  frames: FrameSource, t_us: number, level: number, window_us: number, n_neurons: readonly number[],
): LayerRates | null {
  const loaded = loadedBefore(frames, t_us, level, window_us);
  if (loaded === null) return null;
  const { start, stop, frame_us } = loaded;
  const sums = new Array<number>(n_neurons.length).fill(0);
  for (const { window, frame_start, frame_stop } of frames.spikesIn(start, stop, level)) {
    sums[window.layer] += spikesOf(window, frame_start, frame_stop);
  }
  const seconds = ((stop - start) * frame_us) / 1e6;
  return { rates_hz: sums.map((sum, layer) => sum / seconds / Math.max(1, n_neurons[layer])), window_us: seconds * 1e6 };
}

/** The frames of the window that ends with the playhead's, else the last half, quarter, ... of them that is loaded. */
function loadedBefore(
  frames: FrameSource, t_us: number, level: number, window_us: number,
): { start: number; stop: number; frame_us: number } | null {
  const frame_us = frames.bins(level) * frames.bin_us;
  const stop = frames.frameAt(t_us, level) + 1;
  for (let n = Math.min(stop, Math.max(1, Math.round(window_us / frame_us))); n >= 1; n >>= 1) {
    if (frames.isLoaded(stop - n, stop, level)) return { start: stop - n, stop, frame_us };
  }
  return null;
}

export function spikesOf(window: SpikeWindow, frame_start: number, frame_stop: number): number {
  const from = window.offsets[frame_start - window.first_frame];
  const to = window.offsets[frame_stop - window.first_frame];
  if (window.counts === null) return to - from;
  let sum = 0;
  for (let i = from; i < to; i++) sum += window.counts[i];
  return sum;
}

export interface NeuronActivity {
  readonly spikes: number;
  readonly rate_hz: number;
  /** Start of the frame of its last spike before t; null where it has none in the window. */
  readonly last_spike_us: number | null;
  /** How much of the window is here. */
  readonly window_us: number;
}

/** What one neuron did in the window before t, as far back as its frames are here; null where none is. */
export function neuronActivity(
  frames: FrameSource, layer: number, neuron: number, t_us: number, level: number, window_us: number,
): NeuronActivity | null {
  const loaded = loadedBefore(frames, t_us, level, window_us);
  if (loaded === null) return null;
  const { start, stop, frame_us } = loaded;
  let spikes = 0;
  let last: number | null = null;
  for (const { window, frame_start, frame_stop } of frames.spikesIn(start, stop, level)) {
    if (window.layer !== layer) continue;
    for (let frame = frame_start; frame < frame_stop; frame++) {
      const at = find(window.ids, neuron, window.offsets[frame - window.first_frame], window.offsets[frame - window.first_frame + 1]);
      if (at < 0) continue;
      spikes += window.counts?.[at] ?? 1;
      last = Math.max(last ?? -Infinity, frame);
    }
  }
  return {
    spikes, rate_hz: (spikes * 1e6) / ((stop - start) * frame_us),
    last_spike_us: last === null ? null : frames.timeOf(last, level), window_us: (stop - start) * frame_us,
  };
}

function find(ids: Uint32Array, id: number, low: number, high: number): number {
  const end = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ids[middle] < id) low = middle + 1;
    else high = middle;
  }
  return low < end && ids[low] === id ? low : -1;
}
