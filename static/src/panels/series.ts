/** Lines over a common x; those over time carry the playhead, a drag seeks, and their x axis is the window's. */

import type { Columns } from '../net/arrow';
import { formatCount, formatTime, formatValue } from '../state/format';
import { classColour, layerColour, lineColour } from '../state/palette';
import { h, setText, token } from '../ui/dom';
import { axisText, type Box, drawAxes, fitted } from './axes';
import { Drawing } from './drawing';
import { trace } from './line_shape';
import { globalNeuron, select } from './links';
import type { PanelContext, PanelOf, PanelView, Span } from './panel';
import type { Pen } from './pen';
import { heading, type Sheet } from './sheet';
import { TimeDrag } from './time_drag';

export const kind = 'series';

const HEIGHT_PX = 146;
const LEFT_PX = 42;
/** Above the plot: what stands on the y axis. */
const TOP_PX = 18;
const BOTTOM_PX = 20;
/** Below the ticks, where they are not times: what stands on the x axis. */
const NAME_PX = 14;

type Panel = PanelOf<'series'>;

export function create(host: HTMLElement, context: PanelContext): PanelView<Panel> {
  return new SeriesView(host, context);
}

export function sheet(panel: Panel, columns: Columns): Sheet {
  return {
    headings: [heading(panel.x_axis.label, panel.x_axis.unit), ...panel.lines.flatMap((line) => [line.name, ...(line.band ? [`${line.name} from`, `${line.name} to`] : [])].map((name) => heading(name, panel.y_axis.unit)))],
    columns: [panel.x, ...panel.lines.flatMap((line) => [line.y, ...(line.band ?? [])])].map((name) => columns.list(name)),
  };
}

class SeriesView implements PanelView<Panel> {
  private readonly names = h('p.line-names');
  private readonly drawing: Drawing;
  private readonly drag: TimeDrag;
  private readonly values: HTMLElement[] = [];
  private readonly stop: () => void;
  private panel: Panel | null = null;
  private x: ArrayLike<number> = [];
  private y: ArrayLike<number>[] = [];
  /** From and to of the spread around each line that has one. */
  private bands: (readonly [ArrayLike<number>, ArrayLike<number>] | null)[] = [];
  private x_range: [number, number] = [0, 1];
  private y_range: [number, number] = [0, 1];
  private window: Span = { t_start_us: 0, t_stop_us: 1 };

  constructor(host: HTMLElement, private readonly context: PanelContext) {
    host.append(this.names);
    this.drawing = new Drawing(host, { className: 'plot', height: () => this.tall, draw: (pen, width, height) => this.draw(pen, width, height) });
    this.drag = new TimeDrag(this.drawing.element, this.drawing.canvas, context, {
      span: () => (this.panel === null || this.panel.time === false ? null : { ...this.box(this.drawing.canvas.clientWidth, HEIGHT_PX), window: this.window }),
    });
    this.stop = context.cursor.subscribe(() => this.panel?.time !== false && this.tell(context.cursor.t_us));
    this.drawing.canvas.addEventListener('pointermove', (event) => {
      if (this.panel?.time !== false) return;
      const box = this.box(this.drawing.canvas.clientWidth, HEIGHT_PX);
      const part = (event.clientX - this.drawing.canvas.getBoundingClientRect().left - box.left) / box.width;
      this.tell(this.x_range[0] + part * (this.x_range[1] - this.x_range[0]));
    });
    this.drawing.canvas.addEventListener('pointerleave', () => this.tell(null));
  }

  update(panel: Panel, columns: Columns, window: Span): void {
    this.panel = panel;
    // What is looked for may lie anywhere in the run.
    this.window = panel.span_us ? { t_start_us: panel.span_us[0], t_stop_us: panel.span_us[1] } : window;
    this.x = columns.list(panel.x) as ArrayLike<number>;
    this.y = panel.lines.map((line) => columns.list(line.y) as ArrayLike<number>);
    this.bands = panel.lines.map(({ band }) => (band ? [columns.list(band[0]) as ArrayLike<number>, columns.list(band[1]) as ArrayLike<number>] : null));
    this.x_range = panel.time === false ? spread([this.x]) : [this.window.t_start_us, this.window.t_stop_us];
    if (this.x_range[0] === this.x_range[1]) this.x_range = [this.x_range[0] - 0.5, this.x_range[1] + 0.5];
    this.y_range = padded(spread([...this.y, ...this.bands.flatMap((band) => band ?? [])]));
    this.drawing.canvas.classList.toggle('over-time', panel.time !== false);
    this.drawing.label(`${panel.title}: ${panel.lines.map((line) => line.name).join(', ')}; ${formatValue(this.y_range[0])} to ${formatValue(this.y_range[1])}`);
    this.drawing.paint();
    this.paintNames();
  }

  playhead(t_us: number): void {
    this.drag.playhead(t_us);
  }

  selection(): void {
    this.paintNames();
    this.drawing.paint();
  }

  resize(): void {
    this.drawing.paint();
    this.paintNames();
    this.playhead(this.context.clock.t_us);
  }

  height(): number {
    return this.tall * 1.4;
  }

  dispose(): void {
    this.stop();
    this.drag.dispose();
    this.drawing.dispose();
  }

  draw(pen: Pen, width: number, height: number): void {
    const { panel } = this;
    if (panel === null) return;
    const box = this.box(width, height);
    drawAxes(pen, box, this.x_range, this.y_range, panel.time !== false);
    pen.fillStyle = token('--muted');
    pen.textAlign = 'left';
    pen.textBaseline = 'middle';
    pen.fillText(fitted(axisText(panel.y_axis), width - 4), 0, 7);
    pen.textAlign = 'right';
    if (panel.time === false) pen.fillText(axisText(panel.x_axis), box.left + box.width, height - 6);
    pen.save();
    pen.clipTo(box.left, box.top - 1, box.width, box.height + 2);
    panel.lines.forEach((line, at) => this.drawBand(pen, box, line, at));
    panel.lines.forEach((line, at) => this.drawLine(pen, box, line, at));
    pen.restore();
  }

  /** Where a point of the lines and a value lie. */
  private placesIn(box: Box): { px(i: number): number; py(value: number): number } {
    const [x0, x1] = this.x_range;
    const [y0, y1] = this.y_range;
    return {
      px: (i) => box.left + (box.width * (this.x[i] - x0)) / (x1 - x0),
      py: (value) => box.top + box.height * (1 - (value - y0) / (y1 - y0)),
    };
  }

  private drawBand(pen: Pen, box: Box, line: Panel['lines'][number], at: number): void {
    const band = this.bands[at];
    if (band === null) return;
    const { px, py } = this.placesIn(box);
    const known = Array.from({ length: this.x.length }, (_, i) => i).filter((i) => Number.isFinite(band[0][i]) && Number.isFinite(band[1][i]));
    pen.beginPath();
    for (const i of known) pen.lineTo(px(i), py(band[1][i]));
    for (const i of known.toReversed()) pen.lineTo(px(i), py(band[0][i]));
    pen.closePath();
    pen.fillStyle = this.colour(line, at);
    pen.globalAlpha = 0.22;
    pen.fill();
    pen.globalAlpha = 1;
  }

  private drawLine(pen: Pen, box: Box, line: Panel['lines'][number], at: number): void {
    const { panel } = this;
    const values = this.y[at];
    const colour = this.colour(line, at);
    const y0 = this.y_range[0];
    const { px, py } = this.placesIn(box);
    pen.strokeStyle = colour;
    pen.fillStyle = colour;
    pen.lineWidth = this.neuron(line) !== null && this.context.view.get('selection').includes(this.neuron(line) as number) && (panel?.lines.length ?? 0) > 1 ? 2 : 1.25;
    let xs: number[] = [];
    let ys: number[] = [];
    const end = (): void => {
      if (xs.length === 1) {
        pen.beginPath();
        pen.arc(xs[0], ys[0], 2, 0, 2 * Math.PI);
        pen.fill();
      } else if (xs.length > 1) {
        if (panel?.lines.length === 1 && this.bands[at] === null) {
          pen.beginPath();
          trace(pen, xs, ys, panel.shape ?? 'linear');
          pen.lineTo(xs[xs.length - 1], py(Math.max(y0, 0)));
          pen.lineTo(xs[0], py(Math.max(y0, 0)));
          pen.closePath();
          pen.globalAlpha = 0.14;
          pen.fill();
          pen.globalAlpha = 1;
        }
        pen.beginPath();
        trace(pen, xs, ys, panel?.shape ?? 'linear');
        pen.stroke();
      }
      xs = [];
      ys = [];
    };
    for (let i = 0; i < this.x.length; i++) {
      if (Number.isNaN(values[i])) {
        // Counts of a layer have a gap where nothing was read; a metric goes on to its next value.
        if (line.layer || line.neuron !== undefined) end();
        continue;
      }
      xs.push(px(i));
      ys.push(py(values[i]));
    }
    end();
  }

  private get tall(): number {
    return HEIGHT_PX + (this.panel?.time === false ? NAME_PX : 0);
  }

  private neuron(line: Panel['lines'][number]): number | null {
    return globalNeuron(this.context, line.layer ?? '', line.neuron);
  }

  private colour(line: Panel['lines'][number], at: number): string {
    const { layers, classes, view } = this.context;
    const group = classes.indexOf(line.group ?? '');
    if (group >= 0) return classColour(group, classes.length);
    const layer = layers.find((candidate) => candidate.name === line.layer);
    // Several neurons of a layer need colours of their own.
    if (layer && (line.neuron === undefined || line.neuron === null)) return layerColour(layer.index, view.get('theme'));
    return lineColour(at, view.get('theme'));
  }

  private box(width: number, height: number): Box {
    return { left: LEFT_PX, top: TOP_PX, width: Math.max(1, width - LEFT_PX - 8), height: height - TOP_PX - BOTTOM_PX - (this.panel?.time === false ? NAME_PX : 0) };
  }

  private paintNames(): void {
    const { panel } = this;
    if (panel === null) return;
    this.values.length = 0;
    this.names.replaceChildren(...panel.lines.map((line, at) => {
      const value = h('span.numbers');
      this.values.push(value);
      const neuron = this.neuron(line);
      const parts = [h('i.dot'), line.name, value];
      const style = `--hue: ${this.colour(line, at)}`;
      if (neuron === null) return h('span.line-name', { style }, ...parts);
      const chosen = this.context.view.get('selection').includes(neuron);
      return h('button.line-name.link', { style, type: 'button', 'aria-pressed': String(chosen), title: 'Select this neuron', onclick: (event: MouseEvent) => select(this.context, neuron, event.shiftKey) }, ...parts);
    }));
  }

  /** Puts the values at an x beside the names. */
  private tell(x: number | null): void {
    const at = x === null || this.x.length === 0 ? -1 : this.nearest(x);
    this.values.forEach((element, line) => {
      const value = at < 0 ? NaN : this.y[line]?.[at];
      setText(element, value === undefined || Number.isNaN(value) ? '' : Number.isInteger(value) ? formatCount(value) : formatValue(value));
    });
    this.drawing.canvas.title = at < 0 ? '' : this.panel?.time === false ? `${this.panel.x_axis.label} ${formatValue(this.x[at])}` : formatTime(this.x[at]);
  }

  private nearest(x: number): number {
    let low = 0;
    let high = this.x.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.x[middle] <= x) low = middle;
      else high = middle - 1;
    }
    const stepped = this.panel?.shape === 'hv' || this.panel?.time !== false;
    return !stepped && low + 1 < this.x.length && this.x[low + 1] - x < x - this.x[low] ? low + 1 : low;
  }
}

function spread(lists: readonly ArrayLike<number>[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      if (list[i] < low) low = list[i];
      if (list[i] > high) high = list[i];
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

/** Counts begin at 0; what is far from it, such as potentials, fills the height. */
function padded([low, high]: [number, number]): [number, number] {
  const room = (high - low) * 0.08 || Math.abs(high) * 0.08 || 1;
  if (low >= 0 && low <= (high - low) * 4) return [0, high > 0 ? high + high * 0.08 : 1];
  return [low - room, high + room];
}
