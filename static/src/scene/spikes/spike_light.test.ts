import { describe, expect, it } from 'vitest';

import { glowFor, spikeLight, valueLight } from './spike_light';

describe('light of spikes', () => {
  it.each([0.25, 1, 2, 4])('grows with the glow at size %d, up to a whole sheet or more', (size) => {
    const lights = Array.from({ length: 21 }, (_, i) => spikeLight(i / 20, size));
    expect(lights[0]).toBe(0);
    expect(lights).toEqual([...lights].sort((a, b) => a - b));
    expect(lights[20]).toBeGreaterThanOrEqual(0.75);
    expect(lights[20]).toBeLessThanOrEqual(1);
  });

  it.each([1, 2, 4])('is held to a share of it at size %d', (size) => {
    expect(glowFor(1, size)).toBe(1);
    for (const share of [0.08, 0.3]) expect(spikeLight(glowFor(share, size), size)).toBeCloseTo(share * spikeLight(1, size), 2);
  });

  it('of values is that of their colours, and none where none is recorded', () => {
    expect(valueLight([0, 0], 0, 1)).toBeCloseTo(0.75 * 0.019, 3);
    expect(valueLight([1, NaN], 0, 1)).toBeCloseTo(0.75 * 0.39, 2);
    expect(valueLight([], 0, 1)).toBe(0);
  });
});
