import { expect, test } from 'vitest';

import { windowPair } from './window_pair';

const run = (t_start_us: number, t_stop_us: number): { t_start_us: number; t_stop_us: number } => ({ t_start_us, t_stop_us });

test('the whole run and the same run later are cut to equal lengths inside the run', () => {
  expect(windowPair(run(0, 100), run(0, 100), run(0, 100), 60, true)).toEqual({ a: run(0, 40), b: run(60, 100) });
  expect(windowPair(run(0, 100), run(0, 100), run(0, 100), -60, true)).toEqual({ a: run(60, 100), b: run(0, 40) });
});

test('the whole of another run stands against the whole run', () => {
  expect(windowPair(run(0, 100), run(0, 100), run(7, 400), 7, false)).toEqual({ a: run(0, 100), b: run(7, 400) });
});

test('a part of the run stands against the part that lies so much later', () => {
  expect(windowPair(run(10, 20), run(0, 100), run(50, 400), 55, false)).toEqual({ a: run(10, 20), b: run(65, 75) });
});

test('a window with nothing to compare keeps its length, and B lies outside', () => {
  expect(windowPair(run(90, 100), run(0, 100), run(0, 50), 0, false)).toEqual({ a: run(90, 100), b: run(90, 100) });
});
