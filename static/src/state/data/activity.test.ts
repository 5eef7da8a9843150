import { describe, expect, it } from 'vitest';

import { layerRates, neuronActivity } from './activity';
import type { FrameSource } from '../frames';

/** One layer of two neurons, of which the second spikes in each frame; the frames before `loaded_from` are not here. */
function frames(loaded_from: number): FrameSource {
  const n = 1000;
  const window = { layer: 0, first_frame: 0, ids: new Uint32Array(n).fill(1), offsets: Uint32Array.from({ length: n + 1 }, (_, i) => i), counts: null };
  return {
    bin_us: 1000,
    bins: () => 1,
    frameAt: (t_us: number) => Math.floor(t_us / 1000),
    timeOf: (frame: number) => 1000 * frame,
    isLoaded: (start: number) => start >= loaded_from,
    spikesIn: (frame_start: number, frame_stop: number) => [{ window, frame_start, frame_stop }],
  } as unknown as FrameSource;
}

describe('rates of what is loaded', () => {
  it('count the whole window where it is here', () => {
    expect(layerRates(frames(0), 900_500, 0, 500_000, [2])).toEqual({ rates_hz: [500], window_us: 500_000 });
  });

  it('say how much of the window is here', () => {
    expect(layerRates(frames(800), 900_500, 0, 500_000, [2])).toEqual({ rates_hz: [500], window_us: 62_000 });
    expect(neuronActivity(frames(800), 0, 1, 900_500, 0, 1_000_000)).toEqual({ spikes: 56, rate_hz: 1000, last_spike_us: 900_000, window_us: 56_000 });
  });

  it('are not known where nothing is here', () => {
    expect(layerRates(frames(901), 900_500, 0, 500_000, [2])).toBeNull();
  });
});
