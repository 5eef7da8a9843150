/** Axes of a chart: round ticks, a light grid, labels in units. */

import { formatCount, formatTime, formatValue } from '../state/format';
import { token } from '../ui/dom';
import type { Pen } from './pen';
import { heading } from './sheet';

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
  const steps = [0.5, 1, 2, 5, 10].map((digit) => digit * power);
  let at = steps.findIndex((one) => one >= wanted * 0.999);
  if (at < 0) at = steps.length - 1;
  // One number alone is no scale: around 0 the next finer step gives three.
  if (at > 0 && Math.floor(high / steps[at] + 1e-9) - Math.ceil(low / steps[at] - 1e-9) < 1) at--;
  const step = steps[at];
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step);
}

export function tickText(value: number): string {
  return Math.abs(value) >= 1000 ? `${value < 0 ? '−' : ''}${formatCount(Math.abs(value))}` : formatValue(Math.abs(value) < 1e-12 ? 0 : value);
}

/** "Rate (Hz)", "Spikes per 16 ms". */
export function axisText({ label, unit }: { readonly label: string; readonly unit?: string }): string {
  return unit?.startsWith('1/') ? `${label} per ${unit.slice(2)}` : heading(label, unit);
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
    pen.fillText(tickText(value), box.left - 4, Math.max(box.top + 4, Math.min(at, box.top + box.height - 4)));
  }
  if (time) {
    drawTimes(pen, box, x[0], x[1], true);
    return;
  }
  pen.textBaseline = 'top';
  for (const value of ticks(x[0], x[1], box.width / 64)) {
    along(pen, box, Math.round(box.left + (box.width * (value - x[0])) / (x[1] - x[0])) + 0.5, tickText(value), true);
  }
}

/** Draws the times below a box that spans from one to another, in microseconds. */
export function drawTimes(pen: Pen, box: Box, t_start_us: number, t_stop_us: number, grid = false): void {
  // Below a second a time has twice the digits.
  const room_px = t_stop_us - t_start_us < (box.width / 64) * 1e6 ? 88 : 64;
  const times_s = timeTicks(t_start_us / 1e6, t_stop_us / 1e6, box.width / room_px);
  const step_us = times_s.length > 1 ? (times_s[1] - times_s[0]) * 1e6 : 1e6;
  const fine_us = step_us >= 1e6 ? 1e6 : 10 ** Math.floor(Math.log10(step_us));
  pen.textBaseline = 'top';
  for (const time_s of times_s) {
    const at = Math.round(box.left + (box.width * (time_s * 1e6 - t_start_us)) / (t_stop_us - t_start_us)) + 0.5;
    along(pen, box, at, formatTime(Math.round(time_s * 1e6), fine_us, t_stop_us), grid);
  }
}

/** A label below a box, kept inside its width, with a line of the grid above it. */
function along(pen: Pen, box: Box, x: number, text: string, grid: boolean): void {
  if (grid) line(pen, x, box.top, x, box.top + box.height);
  pen.textAlign = x < box.left + 16 ? 'left' : x > box.left + box.width - 16 ? 'right' : 'center';
  pen.fillText(text, x, box.top + box.height + 5);
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
