import { describe, expect, it } from 'vitest';

import { doubles } from './arrow';

describe('doubles', () => {
  it('are the numbers that Number makes of 64-bit integers', () => {
    const signed = [0n, 1n, -1n, 4_294_967_295n, 4_294_967_296n, -4_294_967_297n, 9_007_199_254_740_991n, -9_007_199_254_740_991n];
    const unsigned = [0n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
    expect([...doubles(BigInt64Array.from(signed))]).toEqual(signed.map(Number));
    expect([...doubles(BigUint64Array.from(unsigned))]).toEqual(unsigned.map(Number));
  });

  it('start where the view starts', () => {
    expect([...doubles(BigInt64Array.from([7n, 8n, 9n]).subarray(1))]).toEqual([8, 9]);
  });
});
