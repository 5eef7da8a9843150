/** How a line goes from point to point: straight, smooth, or in steps (h along, v up or down). */

import type { PanelOf } from './panel';
import type { Pen } from './pen';

export type LineShape = NonNullable<PanelOf<'series'>['shape']>;

/**
 * Adds a run of points, without a gap, to the pen's path. Smooth lines are cubic with the slopes of Fritsch and Carlson
 * (SIAM J. Numer. Anal. 1980): they never go beyond the values.
 */
export function trace(pen: Pick<Pen, 'moveTo' | 'lineTo' | 'bezierCurveTo'>, x: readonly number[], y: readonly number[], shape: LineShape): void {
  const n = x.length;
  if (n === 0) return;
  pen.moveTo(x[0], y[0]);
  if (shape === 'spline' && n > 2) {
    smooth(pen, x, y);
    return;
  }
  for (let i = 1; i < n; i++) {
    const middle_x = (x[i - 1] + x[i]) / 2;
    const middle_y = (y[i - 1] + y[i]) / 2;
    if (shape === 'hv') pen.lineTo(x[i], y[i - 1]);
    else if (shape === 'vh') pen.lineTo(x[i - 1], y[i]);
    else if (shape === 'hvh') {
      pen.lineTo(middle_x, y[i - 1]);
      pen.lineTo(middle_x, y[i]);
    } else if (shape === 'vhv') {
      pen.lineTo(x[i - 1], middle_y);
      pen.lineTo(x[i], middle_y);
    }
    pen.lineTo(x[i], y[i]);
  }
}

function smooth(pen: Pick<Pen, 'bezierCurveTo'>, x: readonly number[], y: readonly number[]): void {
  const n = x.length;
  const secant = Array.from({ length: n - 1 }, (_, i) => (x[i + 1] > x[i] ? (y[i + 1] - y[i]) / (x[i + 1] - x[i]) : 0));
  const slope = Array.from({ length: n }, (_, i) => {
    if (i === 0) return secant[0];
    if (i === n - 1) return secant[n - 2];
    return secant[i - 1] * secant[i] <= 0 ? 0 : (secant[i - 1] + secant[i]) / 2;
  });
  for (let i = 0; i < n - 1; i++) {
    if (secant[i] === 0) {
      slope[i] = 0;
      slope[i + 1] = 0;
      continue;
    }
    const size = Math.hypot(slope[i] / secant[i], slope[i + 1] / secant[i]);
    if (size <= 3) continue;
    slope[i] *= 3 / size;
    slope[i + 1] *= 3 / size;
  }
  for (let i = 0; i < n - 1; i++) {
    const third = (x[i + 1] - x[i]) / 3;
    pen.bezierCurveTo(x[i] + third, y[i] + slope[i] * third, x[i + 1] - third, y[i + 1] - slope[i + 1] * third, x[i + 1], y[i + 1]);
  }
}
