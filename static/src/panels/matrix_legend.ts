/** What the colours of a heat map mean: a bar from the lowest to the highest value, or the classes beside each other. */

import { classColour } from '../state/palette';
import { token } from '../ui/dom';
import { tickText } from './axes';
import type { Pen } from './pen';

/** Room that a legend takes below the map. */
export const LEGEND_PX = 22;

const LETTER_PX = 6.5;
const SWATCH_PX = 8;
const BAR_STEPS = 64;

/** Where a legend stands: its top, the map's left edge and width, the width of the whole drawing. */
export interface LegendPlace {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly drawing_width: number;
}

/** A bar of the map's 256 colours (RGBA) between its ends, `[low, high]` in `unit`. */
export function drawBar(pen: Pen, place: LegendPlace, map: Uint32Array, [low, high]: readonly [number, number], unit: string): void {
  const [low_text, high_text] = [tickText(low), `${tickText(high)}${unit}`];
  const left = place.left + low_text.length * LETTER_PX + 6;
  const right = Math.min(place.drawing_width, place.left + Math.max(place.width, 160)) - high_text.length * LETTER_PX - 6;
  const step = (right - left) / BAR_STEPS;
  for (let i = 0; i < BAR_STEPS; i++) {
    const colour = map[Math.round((i / (BAR_STEPS - 1)) * 255)];
    pen.fillStyle = `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;
    pen.fillRect(left + step * i, place.top, step + 0.5, SWATCH_PX);
  }
  pen.fillStyle = token('--muted');
  pen.textBaseline = 'middle';
  pen.textAlign = 'left';
  pen.fillText(low_text, place.left, place.top + 4);
  pen.fillText(high_text, right + 6, place.top + 4);
}

/** The classes beside each other; where there is no room for all, how many more there are. */
export function drawClasses(pen: Pen, place: LegendPlace, classes: readonly string[]): void {
  const end = place.left + place.width;
  const widthOf = (name: string): number => 11 + SWATCH_PX + name.length * LETTER_PX;
  let left_over = classes.reduce((sum, name) => sum + widthOf(name), 0);
  let x = 0;
  pen.textAlign = 'left';
  pen.textBaseline = 'middle';
  for (const [at, name] of classes.entries()) {
    const next = x + widthOf(name);
    const is_last = at + 1 === classes.length;
    if (next > end - (is_last ? 0 : 50) && x + left_over > end + 8) {
      pen.fillStyle = token('--muted');
      pen.fillText(`and ${classes.length - at} more`, x, place.top + 4);
      return;
    }
    pen.fillStyle = classColour(at, classes.length);
    pen.fillRect(x, place.top, SWATCH_PX, SWATCH_PX);
    pen.fillStyle = token('--muted');
    pen.fillText(name, x + 11, place.top + 4);
    left_over -= widthOf(name);
    x = next;
  }
}
