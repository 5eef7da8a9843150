import { describe, expect, it } from 'vitest';

import { FlashLimiter } from './flash_limiter';

/** Runs 60 frames a second of a signal and returns the light after the limiter. */
function run(seconds: number, area: number, light: (s: number) => number): { t: number; light: number }[] {
  const limiter = new FlashLimiter();
  const shown: { t: number; light: number }[] = [];
  for (let i = 0; i < seconds * 60; i++) {
    const raw = light(i / 60);
    shown.push({ t: i / 60, light: raw * limiter.step((i * 1000) / 60, area, raw) });
  }
  return shown;
}

/** Most flashes (a rise and a fall of more than a tenth) that begin in any second. */
function mostFlashes(shown: { t: number; light: number }[]): number {
  const begins: number[] = [];
  let turn = shown[0].light;
  let rising = false;
  for (const { t, light } of shown) {
    if (rising ? light > turn : light < turn) turn = light;
    else if (Math.abs(light - turn) > 0.1) {
      rising = !rising;
      turn = light;
      if (rising) begins.push(t);
    }
  }
  return Math.max(0, ...begins.map((start) => begins.filter((t) => t >= start && t < start + 1).length));
}

const synchronous = (hz: number) => (s: number): number => 0.9 * 2 ** (-((s * hz) % 1) * 6);

describe('FlashLimiter', () => {
  it.each([4, 6, 10, 17])('holds a synchronous %d Hz recording over the whole view to three flashes a second', (hz) => {
    expect(mostFlashes(run(6, 0.8, synchronous(hz)).slice(1))).toBeLessThanOrEqual(3);
    expect(mostFlashes(run(6, 0, synchronous(hz)).slice(1))).toBeGreaterThan(3); // the signal itself flashes faster
  });

  it('leaves two flashes a second alone', () => {
    const shown = run(5, 0.8, synchronous(2));
    expect(Math.max(...shown.slice(240).map(({ light }) => light))).toBeCloseTo(0.9, 1);
  });

  it('leaves fast flashing of a small area alone', () => {
    const shown = run(3, 0.1, synchronous(10));
    expect(Math.max(...shown.slice(120).map(({ light }) => light))).toBeCloseTo(0.9, 1);
  });

  it('comes back once the picture is calm', () => {
    const limiter = new FlashLimiter();
    for (let i = 0; i < 120; i++) limiter.step((i * 1000) / 60, 0.8, synchronous(10)(i / 60));
    expect(limiter.limiting).toBe(true);
    for (let i = 120; i < 480; i++) limiter.step((i * 1000) / 60, 0.8, 0.2);
    expect(limiter.gain).toBe(1);
  });
});
