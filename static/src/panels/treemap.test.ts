import { describe, expect, it } from 'vitest';

import { squarify } from './treemap';

describe('squarify', () => {
  it('gives areas in proportion to the values, without overlap', () => {
    const values = [6, 6, 4, 3, 2, 2, 1];
    const boxes = squarify(values, 6, 4);
    expect(boxes).toHaveLength(values.length);
    for (const box of boxes) expect(box.w * box.h).toBeCloseTo(values[box.at], 9);
    for (const a of boxes) {
      expect(a.x + a.w).toBeLessThanOrEqual(6 + 1e-9);
      expect(a.y + a.h).toBeLessThanOrEqual(4 + 1e-9);
      for (const b of boxes) {
        if (a === b) continue;
        const apart = a.x + a.w <= b.x + 1e-9 || b.x + b.w <= a.x + 1e-9 || a.y + a.h <= b.y + 1e-9 || b.y + b.h <= a.y + 1e-9;
        expect(apart).toBe(true);
      }
    }
  });

  it('leaves out what is nothing', () => {
    expect(squarify([0, 5, Number.NaN], 10, 10)).toEqual([{ at: 1, x: 0, y: 0, w: 10, h: 10 }]);
    expect(squarify([], 10, 10)).toEqual([]);
  });
});
