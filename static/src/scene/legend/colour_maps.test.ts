import { describe, expect, it } from 'vitest';

import { AMOUNT, cssGradient, sample } from './colour_maps';

const lightness = ([r, g, b]: readonly number[]): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

describe('colour maps', () => {
  it('have the published ends', () => {
    expect(sample('viridis', 0)).toEqual([68, 1, 84]);
    expect(sample('viridis', 1)).toEqual([253, 231, 37]);
    expect(sample('magma', 1)).toEqual([252, 253, 191]);
    expect(sample('berlin', 0)).toEqual([158, 176, 255]);
    expect(sample('berlin', 1)).toEqual([255, 173, 173]);
  });

  it.each(['viridis', 'magma'] as const)('%s grows lighter all the way', (name) => {
    const values = Array.from({ length: 101 }, (_, i) => lightness(sample(name, i / 100)));
    values.slice(1).forEach((value, i) => expect(value).toBeGreaterThanOrEqual(values[i] - 0.5));
  });

  it('berlin is dark at zero and lighter to both sides', () => {
    expect(lightness(sample('berlin', 0.5))).toBeLessThan(20);
    expect(lightness(sample('berlin', 0.1))).toBeGreaterThan(100);
    expect(lightness(sample('berlin', 0.9))).toBeGreaterThan(90);
  });

  it('show the least amount against the room, at twice its luminance at least', () => {
    const linear = (value: number): number => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const luminance = (colour: readonly number[]): number => 0.05 + lightness(colour.map(linear));
    expect(luminance(sample(AMOUNT.map, AMOUNT.from)) / luminance([15, 19, 28])).toBeGreaterThan(2);
    expect(luminance(sample(AMOUNT.map, 0)) / luminance([15, 19, 28])).toBeLessThan(1.4); // what is left out
  });

  it('clamp, and give CSS', () => {
    expect(sample('viridis', -3)).toEqual(sample('viridis', 0));
    expect(sample('viridis', 9)).toEqual(sample('viridis', 1));
    expect(cssGradient('magma')).toMatch(/^linear-gradient\(to right, rgb\(0 0 4\), .*rgb\(252 253 191\)\)$/);
  });
});
