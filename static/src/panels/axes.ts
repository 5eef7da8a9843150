/** Axes of a chart: round ticks, a light grid, labels in units. */

import { formatCount, formatTime, formatValue } from '../state/format';
import { token } from '../ui/dom';
import type { Pen } from './pen';

export const FONT = '11px system-ui';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Steps of a clock, in seconds; below and above, 1, 2 and 5 of a power of ten. */
const CLOCK_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];

/** Times within a range, in seconds, about so many. */
export function timeTicks(low: number, high: number, about: number): number[] {
  const wanted = (high - low) / Math.max(1, about);
  const step = wanted < 1 ? undefined : CLOCK_S.find((one) => one >= wanted * 0.999);
  if (step === undefined) return ticks(low, high, about);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step);
}

/** Round values within a range, about so many. */
export function ticks(low: number, high: number, about: number): number[] {
  const range = high - low;
  if (!(range > 0) || !Number.isFinite(range)) return [low];
  const wanted = range / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 5, 10].find((digit) => digit * power >= wanted * 0.999) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step);
}

export function tickText(value: number): string {
  return Math.abs(value) >= 1000 ? formatCount(Math.abs(value)).replace(/^/, value < 0 ? '-' : '') : formatValue(Math.abs(value) < 1e-12 ? 0 : value);
}

/** Draws the grid and its labels; x in microseconds where `time`. */
export function drawAxes(pen: Pen, box: Box, x: readonly [number, number], y: readonly [number, number], time: boolean): void {
  pen.font = FONT;
  pen.lineWidth = 1;
  pen.strokeStyle = token('--grid');
  pen.fillStyle = token('--muted');
  pen.textBaseline = 'middle';
  pen.textAlign = 'right';
  for (const value of ticks(y[0], y[1], box.height / 30)) {
    const at = Math.round(box.top + box.height * (1 - (value - y[0]) / (y[1] - y[0]))) + 0.5;
    line(pen, box.left, at, box.left + box.width, at);
    pen.fillText(tickText(value), box.left - 4, Math.min(at, box.top + box.height - 4));
  }
  pen.textBaseline = 'top';
  const scale = time ? 1e6 : 1;
  const along = (time ? timeTicks : ticks)(x[0] / scale, x[1] / scale, box.width / 64);
  const step_us = along.length > 1 ? (along[1] - along[0]) * 1e6 : 1e6;
  for (const value of along) {
    const at = Math.round(box.left + (box.width * (value * scale - x[0])) / (x[1] - x[0])) + 0.5;
    line(pen, at, box.top, at, box.top + box.height);
    const text = time ? formatTime(Math.round(value * 1e6), step_us >= 1e6 ? 1e6 : 10 ** Math.floor(Math.log10(step_us)), x[1]) : tickText(value);
    pen.textAlign = at < box.left + 16 ? 'left' : at > box.left + box.width - 16 ? 'right' : 'center';
    pen.fillText(text, at, box.top + box.height + 5);
  }
}

function line(pen: Pen, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

/** A text cut to a width, by a guess of its letters' width: an SVG cannot measure. */
export function fitted(text: string, width: number, size = 11): string {
  const letters = Math.floor(width / (size * 0.54));
  return text.length <= letters ? text : letters < 3 ? '' : `${text.slice(0, letters - 1)}…`;
}
