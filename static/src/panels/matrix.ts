/** A heat map with named edges and a colour bar; its cells select neurons, Alt and a drag several, and where columns are times a drag seeks. */

import type { Columns } from '../net/arrow';
import { formatCount, formatTime, formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { h, token } from '../ui/dom';
import { type Box, drawTimes, FONT } from './axes';
import { cellMap, tableOf } from './cell_colours';
import { Drawing } from './drawing';
import { follow, isSelected, leads, globalNeuron, neuronsOf, select, selectAll, type Target, targetOf } from './links';
import { drawColumns, drawRows, edgeName } from './matrix_edges';
import { drawBar, drawClasses, LEGEND_PX } from './matrix_legend';
import { NeuronBrush, type Rectangle } from './neuron_brush';
import type { PanelContext, PanelOf, PanelView, Span } from './panel';
import type { Pen } from './pen';
import { heading, type Sheet } from './sheet';
import { TimeDrag } from './time_drag';

export const kind = 'matrix';

type Panel = PanelOf<'matrix'>;

const MAX_HEIGHT_PX = 300;

export function sheet(panel: Panel, columns: Columns): Sheet {
  const values = columns.list(panel.values) as ArrayLike<number>;
  const name = (names: string | undefined, count: number): unknown[] => (names ? Array.from(columns.list(names) as ArrayLike<unknown>) : Array.from({ length: count }, (_, at) => at));
  const rows = name(panel.row_names, panel.rows);
  const across = panel.times_us ? Array.from(columns.list(panel.times_us) as ArrayLike<number>) : name(panel.column_names, panel.columns);
  return {
    headings: [panel.y_axis.label, panel.times_us ? 'time_us' : panel.x_axis.label, heading('value', panel.unit)],
    columns: [Array.from(values, (_, at) => rows[Math.floor(at / panel.columns)]), Array.from(values, (_, at) => across[at % panel.columns]), values],
  };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<Panel> {
  return new MatrixView(host, context);
}

class MatrixView implements PanelView<Panel> {
  private readonly drawing: Drawing;
  private readonly drag: TimeDrag;
  private readonly brush: NeuronBrush;
  private readonly image = h('canvas');
  private panel: Panel | null = null;
  private values: ArrayLike<number> = [];
  private row_names: string[] = [];
  private column_names: string[] = [];
  private times: ArrayLike<number> = [];
  private row_targets: Target[] = [];
  private column_targets: Target[] = [];
  private range: [number, number] = [0, 1];

  constructor(host: HTMLElement, private readonly context: PanelContext) {
    this.drawing = new Drawing(host, {
      className: 'heat',
      height: (width) => this.height(width),
      draw: (pen, width, height) => this.draw(pen, width, height),
      tell: (x, y) => this.tell(x, y),
    });
    this.drag = new TimeDrag(this.drawing.element, this.drawing.canvas, context, {
      span: () => {
        const window = this.window();
        return window === null ? null : { ...this.box(this.drawing.canvas.clientWidth), window };
      },
      click: (event) => this.click(event),
    });
    this.brush = new NeuronBrush(this.drawing.element, context, (inside) => this.inside(inside));
  }

  update(panel: Panel, columns: Columns): void {
    this.panel = panel;
    this.values = columns.list(panel.values) as ArrayLike<number>;
    const names = (name: string | undefined): string[] => (name ? Array.from(columns.list(name) as ArrayLike<unknown>, String) : []);
    this.row_names = names(panel.row_names);
    this.column_names = names(panel.column_names);
    this.times = panel.times_us ? (columns.list(panel.times_us) as ArrayLike<number>) : [];
    const targets = (links: Panel['links'], count: number): Target[] => (links ? Array.from({ length: count }, (_, at) => targetOf(this.context, links, columns, at)) : []);
    this.row_targets = targets(panel.links, panel.rows);
    this.column_targets = targets(panel.column_links, panel.columns);
    if (panel.fields) {
      const { neuron, layer } = panel.fields;
      this.row_targets = Array.from(columns.list(neuron) as ArrayLike<number>, (id) => ({ t_us: null, neuron: globalNeuron(this.context, layer, id) }));
    }
    this.range = this.ends(panel);
    this.paintImage(panel);
    this.drawing.canvas.classList.toggle('over-time', this.times.length > 1);
    this.drawing.canvas.classList.toggle('link', this.row_targets.length + this.column_targets.length > 0);
    this.drawing.label(`${panel.title}: ${panel.rows} rows, ${panel.columns} columns, ${formatValue(this.range[0])} to ${formatValue(this.range[1])}`);
    this.drawing.paint();
  }

  playhead(t_us: number): void {
    this.drag.playhead(t_us);
  }

  selection(): void {
    if (this.row_targets.length + this.column_targets.length > 0) this.drawing.paint();
  }

  resize(): void {
    this.drawing.paint();
  }

  height(width: number): number {
    const box = this.box(width);
    return box.top + box.height + this.below() + LEGEND_PX;
  }

  dispose(): void {
    this.drag.dispose();
    this.brush.dispose();
    this.drawing.dispose();
  }

  draw(pen: Pen, width: number, _height: number): void {
    const { panel } = this;
    if (panel === null || panel.rows === 0 || panel.columns === 0) return;
    const box = this.box(width);
    pen.cells(this.image, box.left, box.top, box.width, box.height);
    pen.font = FONT;
    this.drawEdges(pen, panel, box);
    this.drawSelection(pen, panel, box);
    const place = { top: box.top + box.height + this.below() + 4, left: box.left, width: box.width, drawing_width: width };
    if (panel.scale === 'classes') drawClasses(pen, place, this.context.classes);
    else drawBar(pen, place, this.map(panel), this.range, `${unitOf(panel)}${panel.scale === 'logarithmic' ? ', log' : ''}`);
  }

  private ends(panel: Panel): [number, number] {
    let min = Infinity;
    let max = -Infinity;
    for (let i = 0; i < this.values.length; i++) {
      if (this.values[i] < min) min = this.values[i];
      if (this.values[i] > max) max = this.values[i];
    }
    if (min > max) [min, max] = [0, 1];
    min = panel.low ?? min;
    max = panel.high ?? max;
    if (panel.scale === 'diverging' && (panel.low ?? panel.high ?? null) === null) {
      max = Math.max(Math.abs(min), Math.abs(max)) || 1;
      min = -max;
    }
    return [min, max];
  }

  /** The colours from the lowest value to the highest. */
  private map(panel: Panel): Uint32Array {
    return tableOf(cellMap(panel.scale ?? 'sequential', this.context.view.get('theme')));
  }

  private paintImage(panel: Panel): void {
    if (panel.rows === 0 || panel.columns === 0) return;
    this.image.width = panel.columns;
    this.image.height = panel.rows;
    const image = new ImageData(panel.columns, panel.rows);
    const pixels = new Uint32Array(image.data.buffer);
    const of_classes = panel.scale === 'classes';
    const { classes } = this.context;
    const table = of_classes ? tableOf(classes.map((_, at) => classColour(at, classes.length)), classes.length) : this.map(panel);
    const logarithmic = panel.scale === 'logarithmic';
    const [min, max] = logarithmic ? this.range.map(signedLog) : this.range;
    const factor = max > min ? 255 / (max - min) : 0;
    for (let i = 0; i < pixels.length; i++) {
      if (Number.isNaN(this.values[i])) continue;
      const value = logarithmic ? signedLog(this.values[i]) : this.values[i];
      pixels[i] = of_classes ? (value < 0 ? 0 : table[value]) : table[Math.min(255, Math.max(0, Math.round((value - min) * factor)))];
    }
    this.image.getContext('2d')?.putImageData(image, 0, 0);
  }

  /** Where the cells lie. */
  private box(width: number): Box {
    const { panel } = this;
    if (panel === null) return { left: 0, top: 0, width: 1, height: 1 };
    const picture = panel.x_axis.unit === 'px' && panel.y_axis.unit === 'px';
    const letters = Math.max(0, ...this.row_names.map((name) => name.length));
    const left = picture ? 0 : this.row_names.length > 0 ? Math.min(76, 10 + letters * 6) : 42;
    const room = width - left - (picture ? 0 : 8);
    if (!picture) return { left, top: 4, width: Math.max(1, room), height: Math.min(MAX_HEIGHT_PX, Math.max(96, Math.min(panel.rows * 16, panel.rows === panel.columns ? room : 180))) };
    // A picture keeps its cells square.
    const across = Math.min(room, (MAX_HEIGHT_PX * panel.columns) / panel.rows);
    return { left, top: 0, width: Math.max(1, across), height: Math.max(1, (across * panel.rows) / panel.columns) };
  }

  private below(): number {
    return this.panel?.x_axis.unit === 'px' ? 4 : 20;
  }

  private drawEdges(pen: Pen, panel: Panel, box: Box): void {
    pen.fillStyle = token('--muted');
    if (panel.x_axis.unit === 'px') return;
    drawRows(pen, box, panel.rows, this.row_names, panel.row_edges ?? null);
    const window = this.window();
    if (window !== null) {
      pen.textBaseline = 'top';
      drawTimes(pen, box, window.t_start_us, window.t_stop_us);
    } else if (this.times.length === 0) drawColumns(pen, box, panel.columns, this.column_names, panel.column_edges ?? null);
  }

  private drawSelection(pen: Pen, panel: Panel, box: Box): void {
    pen.strokeStyle = token('--text');
    pen.lineWidth = 1.5;
    const { fields } = panel;
    if (fields) {
      const [w, hgt] = [(box.width * fields.columns) / panel.columns, (box.height * fields.rows) / panel.rows];
      this.row_targets.forEach((target, at) => {
        if (isSelected(this.context, target)) pen.strokeRect(box.left + (at % fields.across) * w, box.top + Math.floor(at / fields.across) * hgt, w, hgt);
      });
    }
    for (const [from, to] of fields ? [] : this.selectedRuns(this.row_targets)) {
      pen.strokeRect(box.left, box.top + (from * box.height) / panel.rows, box.width, Math.max(2, ((to - from) * box.height) / panel.rows));
    }
    for (const [from, to] of this.selectedRuns(this.column_targets)) {
      pen.strokeRect(box.left + (from * box.width) / panel.columns, box.top, Math.max(2, ((to - from) * box.width) / panel.columns), box.height);
    }
  }

  /** Neighbours that are selected have one outline, which leaves thin rows to be seen: first item, and the one after the last. */
  private selectedRuns(targets: readonly Target[]): [number, number][] {
    const runs: [number, number][] = [];
    targets.forEach((target, at) => {
      if (!isSelected(this.context, target)) return;
      const last = runs[runs.length - 1];
      if (last?.[1] === at) last[1] = at + 1;
      else runs.push([at, at + 1]);
    });
    return runs;
  }

  private window(): Span | null {
    const n = this.times.length;
    if (n < 2) return null;
    return { t_start_us: this.times[0], t_stop_us: this.times[n - 1] + (this.times[n - 1] - this.times[0]) / (n - 1) };
  }

  private cell(x: number, y: number): { row: number; column: number } | null {
    const { panel } = this;
    if (panel === null) return null;
    const box = this.box(this.drawing.canvas.clientWidth);
    const column = Math.floor(((x - box.left) / box.width) * panel.columns);
    const row = Math.floor(((y - box.top) / box.height) * panel.rows);
    return column >= 0 && column < panel.columns && row >= 0 && row < panel.rows ? { row, column } : null;
  }

  private tell(x: number, y: number): string {
    const { panel } = this;
    const at = this.cell(x, y);
    if (panel === null || at === null) return '';
    const value = this.values[at.row * panel.columns + at.column];
    const unit = unitOf(panel);
    const row = this.row_names[at.row] ?? edgeName(panel.row_edges ?? null, panel.rows, at.row);
    const column = this.times.length > 0 ? formatTime(this.times[at.column]) : (this.column_names[at.column] ?? edgeName(panel.column_edges ?? null, panel.columns, at.column));
    const told = Number.isNaN(value) ? 'none' : panel.scale === 'classes' ? (this.context.classes[value] ?? 'none') : Number.isInteger(value) ? formatCount(value) : formatValue(value);
    if (panel.fields) {
      const field = Math.floor(at.row / panel.fields.rows) * panel.fields.across + Math.floor(at.column / panel.fields.columns);
      return `neuron ${this.row_targets[field] === undefined ? 'none' : field}, row ${at.row % panel.fields.rows}, column ${at.column % panel.fields.columns}: ${told}${unit}`;
    }
    const hint = this.row_targets.length > 1 ? '. Alt and a drag selects several.' : '';
    return `${panel.y_axis.label} ${row}, ${panel.x_axis.label} ${column}: ${told}${unit}${hint}`;
  }

  /** The neurons of the rows, columns or pictures that a rectangle touches. */
  private inside({ left, top, right, bottom }: Rectangle): Set<number> | null {
    const { panel } = this;
    const targets = [...this.row_targets, ...this.column_targets];
    if (panel === null || !targets.some(({ neuron }) => neuron !== null)) return null;
    const box = this.box(this.drawing.canvas.clientWidth);
    const { fields } = panel;
    const [rows, columns] = fields ? [panel.rows / fields.rows, fields.across] : [panel.rows, panel.columns];
    const covered = (from: number, to: number, start: number, size: number, n: number): [number, number] => {
      const at = (px: number): number => Math.min(n - 1, Math.max(0, Math.floor(((px - start) / size) * n)));
      return [at(from), at(to)];
    };
    const [first_row, last_row] = covered(top, bottom, box.top, box.height, rows);
    const [first_column, last_column] = covered(left, right, box.left, box.width, columns);
    const found = new Set<number>();
    const add = (target: Target | undefined): void => {
      if (target !== undefined) for (const neuron of neuronsOf(target)) found.add(neuron);
    };
    for (let row = first_row; row <= last_row; row++) {
      if (!fields) add(this.row_targets[row]);
      else for (let column = first_column; column <= last_column; column++) add(this.row_targets[row * columns + column]);
    }
    if (!fields) for (let column = first_column; column <= last_column; column++) add(this.column_targets[column]);
    return found;
  }

  private click(event: PointerEvent): void {
    const { panel } = this;
    const box = this.drawing.canvas.getBoundingClientRect();
    const at = this.cell(event.clientX - box.left, event.clientY - box.top);
    if (panel === null || at === null) return;
    const row = panel.fields ? Math.floor(at.row / panel.fields.rows) * panel.fields.across + Math.floor(at.column / panel.fields.columns) : at.row;
    const targets = [this.row_targets[row], this.column_targets[at.column]].filter((target) => target !== undefined && leads(target));
    // A cell of two neurons selects both.
    targets.forEach((target, number) => {
      if ((target.each ?? 1) > 1) selectAll(this.context, neuronsOf(target), event.shiftKey || number > 0);
      else if (target.t_us === null && target.neuron !== null) {
        if (number === 0 || targets[0].neuron !== target.neuron) select(this.context, target.neuron, event.shiftKey || number > 0);
      } else follow(this.context, target, event.shiftKey);
    });
  }
}

/** Zero stays zero, and counts of one are seen beside counts of thousands. */
function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value));
}

function unitOf({ unit }: Panel): string {
  return unit && unit !== '1' ? ` ${unit}` : '';
}
