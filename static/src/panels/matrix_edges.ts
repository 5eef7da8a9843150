/** The edges of a heat map: names, numbers, or values between two ends, as many as have room. */

import { type Box, fitted, ticks, tickText } from './axes';
import type { Pen } from './pen';

/** The values at an edge's two ends. */
export type Ends = readonly [number, number];

/** Beside the rows: their names, else values between the ends, else their numbers. */
export function drawRows(pen: Pen, box: Box, count: number, names: readonly string[], ends: Ends | null): void {
  const write = (text: string, y: number): void => pen.fillText(fitted(text, box.left - 6), box.left - 5, y);
  pen.textAlign = 'right';
  pen.textBaseline = 'middle';
  if (names.length === 0 && ends !== null) {
    const [top, bottom] = ends;
    for (const value of ticks(Math.min(top, bottom), Math.max(top, bottom), box.height / 30)) {
      const y = box.top + (box.height * (value - top)) / (bottom - top);
      write(tickText(value), Math.min(box.top + box.height - 5, Math.max(box.top + 6, y)));
    }
    return;
  }
  const cell = box.height / count;
  const every = Math.max(1, Math.ceil(13 / cell));
  let last = -Infinity;
  (names.length > 0 ? names : numbers(count)).forEach((name, at) => {
    const y = Math.max(box.top + 6, box.top + (at + 0.5) * cell);
    // The first is kept inside, and would touch the next.
    if (at % every !== 0 || y - last < 12) return;
    last = y;
    write(name, y);
  });
}

/** Below the columns, likewise. */
export function drawColumns(pen: Pen, box: Box, count: number, names: readonly string[], ends: Ends | null): void {
  const below = box.top + box.height + 5;
  pen.textAlign = 'center';
  pen.textBaseline = 'top';
  if (names.length === 0 && ends !== null) {
    const [first, last] = ends;
    for (const value of ticks(Math.min(first, last), Math.max(first, last), box.width / 64)) {
      pen.fillText(tickText(value), box.left + (box.width * (value - first)) / (last - first), below);
    }
    return;
  }
  const shown = names.length > 0 ? names : numbers(count);
  const wide = box.width / count;
  const letters = Math.max(1, ...shown.map((name) => name.length)) * 7 + 8;
  const every = Math.max(1, Math.ceil(letters / wide));
  shown.forEach((name, at) => {
    if (at % every === 0) pen.fillText(name, box.left + (at + 0.5) * wide, below);
  });
}

/** What a row or column is called: the middle of its step between the ends, else its number. */
export function edgeName(ends: Ends | null, count: number, at: number): string {
  if (ends === null) return String(at);
  return tickText(ends[0] + ((at + 0.5) * (ends[1] - ends[0])) / count);
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at));
}
