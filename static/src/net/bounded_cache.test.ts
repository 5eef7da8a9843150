import { expect, test } from 'vitest';

import { BoundedCache } from './bounded_cache';

/** Ten entries of 10 bytes, entry i at [i, i + 1) s. */
function filled(t_s: number, direction: 1 | -1, limit = 100): BoundedCache<number> {
  const cache = new BoundedCache<number>(limit);
  cache.focus(t_s * 1e6, direction);
  for (let i = 0; i < 10; i++) cache.put(String(i), i, 10, i * 1e6, (i + 1) * 1e6);
  return cache;
}

test('never holds more bytes than its limit', () => {
  const cache = new BoundedCache<number>(1000);
  for (let i = 0; i < 500; i++) {
    cache.focus(i * 1e6, 1);
    cache.put(String(i), i, 37, i * 1e6, (i + 1) * 1e6);
    expect(cache.bytes).toBeLessThanOrEqual(1000);
  }
  expect(cache.has('499')).toBe(true);
});

test('what lies farthest ahead goes first when playing from the start', () => {
  const cache = filled(0, 1);
  cache.put('now', 0, 10, 0, 1e6);
  expect(cache.has('9')).toBe(false);
  expect(cache.has('0')).toBe(true);
});

test('what was played already goes before what is to come', () => {
  const cache = filled(5, 1);
  cache.put('now', 5, 10, 5e6, 6e6);
  expect(cache.has('0')).toBe(false);
  expect(cache.has('9')).toBe(true);
});

test('in reverse it is the other way round', () => {
  const cache = filled(5, -1);
  cache.put('now', 5, 10, 5e6, 6e6);
  expect(cache.has('9')).toBe(false);
  expect(cache.has('0')).toBe(true);
});

test('one entry is kept, however large it is', () => {
  const cache = new BoundedCache<number>(10);
  cache.put('large', 1, 1000, 0, 1);
  expect(cache.get('large')).toBe(1);
  cache.put('next', 2, 1000, 1, 2);
  expect(cache.size).toBe(1);
});

test('a second put of a key replaces the first and its bytes', () => {
  const cache = new BoundedCache<number>(100);
  cache.put('a', 1, 60, 0, 1);
  cache.put('a', 2, 30, 0, 1);
  expect(cache.bytes).toBe(30);
  expect(cache.get('a')).toBe(2);
});
