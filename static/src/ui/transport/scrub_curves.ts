/** Draws the curves of the scrub bar: per layer the mean and the range of its activity, and the stimuli above. */

import { token } from '../dom';
import { covers, type Overview } from '../../state/data/overview';
import type { Stimuli } from '../../state/data/recording';
import type { LayerInfo } from '../../state/frames';
import { classColour, layerColour } from '../../state/palette';
import type { TimeSpan } from '../../state/time_zoom';

const TICKS_PX = 6;
export const LOADED_PX = 3;
/** Wider columns are drawn as what they are: steps. */
const STEP_PX = 5;

export interface Pen {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Where a time stands on a bar that shows a span. */
export const place = (t_us: number, span: TimeSpan, width: number): number =>
  ((t_us - span.t_start_us) / (span.t_stop_us - span.t_start_us)) * width;

/** One band for each layer (or for the few that a curve sums), each to its own scale: spikes per bin, the mean as a line over the range of its bins. */
export function drawCurves(
  pen: Pen, overview: Overview, layers: readonly LayerInfo[], span: TimeSpan, t_stop_us: number, theme: 'dark' | 'light',
): void {
  const n = overview.t_us.length;
  if (n === 0) return;
  const { context, width, height } = pen;
  const top = TICKS_PX + 4;
  const bottom = height - LOADED_PX - 3;
  const each = overview.layers_a_row;
  const rows = [...new Set(layers.map((layer) => Math.floor(layer.index / each)))];
  const band = (bottom - top) / Math.max(1, rows.length);
  const [first, last] = columnsIn(overview, span);
  const column_px = (overview.column_us / (span.t_stop_us - span.t_start_us)) * width;
  rows.forEach((row, at) => {
    const sums = overview.curves[row];
    if (sums === undefined || sums.length === 0) return;
    const low = overview.lowest[row];
    const high = overview.highest[row];
    // The last column ends with the run: its spikes are those of fewer bins.
    const mean = (i: number): number =>
      (sums[i] * overview.bin_us) / Math.max(overview.bin_us, Math.min(overview.column_us, t_stop_us - overview.t_us[i]));
    let peak = 0;
    for (let i = first; i < last; i++) peak = Math.max(peak, high === undefined ? mean(i) : high[i]);
    if (peak === 0) return;
    const base = top + band * (at + 1);
    const scale = (band * 0.92) / peak;
    const colour = layerColour(row, theme);
    const x = (i: number): number => place(overview.t_us[i], span, width);
    const trace = (value: (i: number) => number, from: number, to: number, by: 1 | -1): void => {
      for (let i = from; i !== to; i += by) {
        const y = base - value(i) * scale;
        if (column_px < STEP_PX) context.lineTo(x(i) + column_px / 2, y);
        else {
          context.lineTo(by > 0 ? x(i) : x(i) + column_px, y);
          context.lineTo(by > 0 ? x(i) + column_px : x(i), y);
        }
      }
    };
    const fill = (lower: (i: number) => number, upper: (i: number) => number, alpha: number): void => {
      context.beginPath();
      trace(upper, first, last, 1);
      trace(lower, last - 1, first - 1, -1);
      context.closePath();
      context.globalAlpha = alpha;
      context.fill();
    };
    context.fillStyle = context.strokeStyle = colour;
    fill(() => 0, mean, 0.25);
    if (high !== undefined && low !== undefined && overview.column_us > overview.bin_us) fill((i) => low[i], (i) => high[i], 0.4);
    context.beginPath();
    trace(mean, first, last, 1);
    context.globalAlpha = 0.95;
    context.lineWidth = 1;
    context.stroke();
    context.globalAlpha = 1;
  });
}

/** The columns of an overview that a span shows, and one more on each side. */
function columnsIn(overview: Overview, span: TimeSpan): [number, number] {
  const n = overview.t_us.length;
  if (!covers(overview, span)) return [0, n];
  const index = (t_us: number): number => (t_us - overview.t_us[0]) / overview.column_us;
  return [Math.max(0, Math.floor(index(span.t_start_us)) - 1), Math.min(n, Math.ceil(index(span.t_stop_us)) + 1)];
}

export function drawStimuli(pen: Pen, stimuli: Stimuli, span: TimeSpan): void {
  const { context, width } = pen;
  let last = -Infinity;
  for (let i = 0; i < stimuli.length; i++) {
    const x0 = place(stimuli.t_start_us[i], span, width);
    const x1 = place(stimuli.t_stop_us[i], span, width);
    if (x1 < 0 || x0 > width || x1 - last < 0.5) continue; // what is finer than half a pixel cannot be seen
    last = x1;
    const at = stimuli.classOf(stimuli.labels[i]);
    context.fillStyle = at < 0 ? token('--muted') : classColour(at, stimuli.classes.length);
    context.fillRect(x0, 1, Math.max(1, x1 - x0 - (x1 - x0 > 4 ? 1 : 0)), TICKS_PX);
  }
}
