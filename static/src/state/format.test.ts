import { expect, test } from 'vitest';

import { formatBytes, formatCount, formatDuration, formatSpeed, formatTime, formatValue } from './format';

test.each([
  [12_480_000, 1000, undefined, '00:12.480'],
  [713_000_000, 1_000_000, undefined, '11:53'],
  [3_723_004_000, 1000, undefined, '1:02:03.004'],
  [5_000_000, 1000, 4_000_000_000, '0:00:05.000'],
  [1_000_250, 250, undefined, '00:01.00025'],
  [1_000_500, 500, undefined, '00:01.0005'],
  [1_000_007, 1, undefined, '00:01.000007'],
  [59_999_999, 1000, undefined, '00:59.999'],
])('time %i us', (t_us, step_us, total_us, text) => {
  expect(formatTime(t_us, step_us, total_us)).toBe(text);
});

test('numbers carry units and sensible digits', () => {
  expect(formatDuration(100_000)).toBe('100 ms');
  expect(formatDuration(12_480_000)).toBe('12.5 s');
  expect(formatDuration(713_000_000)).toBe('11 min 53 s');
  expect(formatCount(78_400)).toBe('78,400');
  expect(formatCount(3_712_000)).toBe('3.71 M');
  expect(formatBytes(31_000_000)).toBe('31 MB');
  expect(formatSpeed(-0.05)).toBe('-0.05x');
  expect(formatValue(0.123456)).toBe('0.1235');
  expect(formatValue(-0.25)).toBe('−0.25');
  expect(formatValue(-2.5e-7)).toBe('−2.5e−7');
  expect(formatCount(-1204)).toBe('−1,204');
});
