import { expect, test } from 'vitest';

import { Governor, type Ration } from './governor';

/** Runs frames of a length for so many seconds; returns the rations on the way. */
function run(governor: Governor, from_ms: number, seconds: number, frame_ms: number, work_ms = 2): { now: number; rations: Ration[] } {
  const rations: Ration[] = [];
  let now = from_ms;
  for (; now < from_ms + 1000 * seconds; now += frame_ms) if (governor.frame(now, work_ms)) rations.push(governor.ration);
  return { now, rations };
}

test('frames in time leave everything drawn', () => {
  const governor = new Governor(72);
  expect(run(governor, 0, 20, 1000 / 72).rations).toEqual([]);
  expect(governor.words()).toBe('');
});

test('late frames take neurons first, then synapses, then the panels, then resolution', () => {
  const governor = new Governor(90);
  const { rations } = run(governor, 0, 30, 1000 / 45);
  expect(rations.map(({ points }) => points).slice(0, 3)).toEqual([1 / 2, 1 / 3, 1 / 4]);
  expect(rations.map(({ synapses }) => synapses).slice(2, 6)).toEqual([1, 0.5, 0.25, 0]);
  expect(rations.map(({ panel_hz }) => panel_hz).slice(5, 8)).toEqual([10, 5, 2]);
  expect(rations.map(({ resolution }) => resolution).slice(7)).toEqual([1, 0.85, 0.7, 0.55]);
  expect(governor.words()).toBe('To hold 90 Hz you see 25 % of the neurons, no synapses but those of the selection, panels 2 times a second, 55 % resolution');
  // Small layers are drawn whole: the words say what is seen.
  expect(governor.words(0.4)).toMatch(/^To hold 90 Hz you see 40 % of the neurons, no synapses/);
  expect(governor.words(1)).toMatch(/^To hold 90 Hz you see no synapses/);
  expect(new Governor(90).words(1)).toBe('');
});

test('a hiccup takes nothing', () => {
  const governor = new Governor(72);
  const { now } = run(governor, 0, 2, 1000 / 72);
  governor.frame(now + 300, 250);
  expect(run(governor, now + 314, 3, 1000 / 72).rations).toEqual([]);
});

test('room gives it back, in the opposite order', () => {
  const governor = new Governor(72);
  const { now } = run(governor, 0, 5.2, 1000 / 36);
  const taken = governor.level;
  expect(taken).toBeGreaterThan(3);
  const { rations } = run(governor, now, 60, 1000 / 72);
  expect(rations).toHaveLength(taken);
  expect(rations.at(-1)).toEqual({ points: 1, synapses: 1, panel_hz: 10, resolution: 1 });
});

test('work that fills the period gives nothing back, and what was regretted waits longer', () => {
  const busy = new Governor(72);
  const { now } = run(busy, 0, 1.4, 1000 / 36);
  expect(busy.level).toBe(1);
  expect(run(busy, now, 30, 1000 / 72, 12).rations).toEqual([]);

  const unsteady = new Governor(72);
  let at = 0;
  const changes: number[] = [];
  // Everything drawn is too much, half of it is not.
  for (; at < 120_000; at += unsteady.level === 0 ? 1000 / 36 : 1000 / 72) if (unsteady.frame(at, 2)) changes.push(at);
  expect(changes.length).toBeLessThan(30);
});
