import { expect, test } from 'vitest';

import { stepOf, thinned, WHOLE } from './thinned';

test('all are drawn where nothing is thinned, and small layers always', () => {
  expect(thinned([{ first: 0, n: 1e6 }, { first: 1e6, n: 1 }], [1, 1])).toBeNull();
  expect([1, WHOLE, WHOLE + 1].map((n) => stepOf({ first: 0, n }, 8.5))).toEqual([1, 1, 8]);
});

test('one of each block is drawn, of every layer in its own measure', () => {
  const ids = [...thinned([{ first: 0, n: 10 }, { first: 10, n: 9001 }, { first: 9011, n: 5000 }], [1, 4, 2])!];

  expect(ids.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(ids).toHaveLength(10 + Math.ceil(9001 / 4) + 2500);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  expect(ids.filter((id) => id >= 9011 && id < 14_011)).toHaveLength(2500);
  expect(ids.slice(10).every((id, i) => i >= Math.ceil(9001 / 4) || Math.floor((id - 10) / 4) === i)).toBe(true);
  // No column of a sheet is left out: all remainders occur.
  expect(new Set(ids.slice(10, 2000).map((id) => (id - 10) % 4)).size).toBe(4);
});
