/** Lines over a common x; time series carry the playhead, and a drag in them seeks. */

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { Columns } from '../net/arrow';
import { formatCount, formatTime, formatValue } from '../state/format';
import { classColour, layerColour } from '../state/palette';
import { h, setText, token } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'series';

const HEIGHT_PX = 118;
const TABLE_FREE = ['#8fb8de', '#d9a066', '#86c9a0', '#c79be0', '#e58f86', '#c9c07a'];

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'series'>> {
  return new SeriesView(host, context);
}

class SeriesView implements PanelView<PanelOf<'series'>> {
  private readonly names = h('p.line-names');
  private readonly plot = h('div.plot');
  private readonly head = h('div.playhead', { 'aria-hidden': 'true' });
  private readonly values: HTMLElement[] = [];
  private chart: uPlot | null = null;
  private panel: PanelOf<'series'> | null = null;
  private data: uPlot.AlignedData = [[]];
  private shape = '';
  private readonly observer: ResizeObserver;

  constructor(host: HTMLElement, private readonly context: PanelContext) {
    host.append(this.names, this.plot);
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.plot);
  }

  update(panel: PanelOf<'series'>, columns: Columns): void {
    this.panel = panel;
    // uPlot wants seconds for time axes of ours, plain numbers else.
    const x = Array.from(columns.list(panel.x) as ArrayLike<number>, panel.time === false ? Number : (t) => t / 1e6);
    this.data = [x, ...panel.lines.map((line) => Array.from(columns.list(line.y) as ArrayLike<number>, (v) => (Number.isNaN(v) ? null : v)))] as uPlot.AlignedData;
    const shape = JSON.stringify([panel.lines, panel.time, panel.y_axis, this.context.view.get('theme')]);
    if (this.chart !== null && shape === this.shape) {
      this.chart.setData(this.data);
      return;
    }
    this.shape = shape;
    this.build();
  }

  playhead(t_us: number): void {
    if (this.chart === null || this.panel?.time === false) return;
    const x = this.chart.valToPos(t_us / 1e6, 'x');
    const inside = x >= 0 && x <= this.chart.over.clientWidth;
    this.head.style.display = inside ? 'block' : 'none';
    this.head.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  resize(): void {
    const width = this.plot.clientWidth;
    if (width > 0 && this.chart !== null && this.chart.width !== width) {
      this.chart.setSize({ width, height: HEIGHT_PX });
      this.playhead(this.context.clock.t_us);
    } else if (this.chart === null && this.panel !== null && width > 0) this.build();
  }

  dispose(): void {
    this.observer.disconnect();
    this.chart?.destroy();
  }

  private colour(line: PanelOf<'series'>['lines'][number], at: number): string {
    const { layers, classes, view } = this.context;
    const layer = layers.find((candidate) => candidate.name === line.layer);
    if (layer) return layerColour(layer.index, view.get('theme'));
    const group = classes.indexOf(line.group ?? '');
    return group >= 0 ? classColour(group, classes.length) : TABLE_FREE[at % TABLE_FREE.length];
  }

  private build(): void {
    const { panel } = this;
    const width = this.plot.clientWidth;
    if (panel === null || width === 0) return;
    this.chart?.destroy();
    this.values.length = 0;
    this.names.replaceChildren(...panel.lines.map((line, at) => {
      const value = h('span.numbers');
      this.values.push(value);
      return h('span.line-name', { style: `--hue: ${this.colour(line, at)}` }, h('i.dot'), line.name, value);
    }));
    const axis = { stroke: token('--muted'), font: '11px system-ui', ticks: { show: false }, grid: { stroke: token('--grid'), width: 1 } };
    const total_us = this.data[0].length ? (this.data[0][this.data[0].length - 1] as number) * 1e6 : 0;
    this.chart = new uPlot({
      width, height: HEIGHT_PX,
      padding: [6, 8, 0, 0],
      legend: { show: false },
      cursor: { points: { size: 5 }, drag: { x: false, y: false, setScale: false }, sync: { key: 'time' } },
      scales: { x: { time: false }, y: { range: (_u, low, high) => [Math.min(0, low ?? 0), high === null || high <= 0 ? Math.max(1, high ?? 1) : high * 1.08] } },
      axes: [
        {
          ...axis, size: 24, gap: 6, space: 60,
          values: (_u, ticks, _at, _space, step) => ticks.map((t) => (panel.time === false ? formatValue(t) : formatTime(t * 1e6, step < 1 ? step * 1e6 : 1e6, total_us))),
        },
        { ...axis, size: 40, gap: 2, space: 28, values: (_u, ticks) => ticks.map((v) => (Math.abs(v) >= 1000 ? formatCount(v) : formatValue(v))) },
      ],
      series: [{}, ...panel.lines.map((line, at) => {
        const colour = this.colour(line, at);
        return { stroke: colour, width: 1.25, points: { show: false }, spanGaps: line.layer === '', fill: panel.lines.length === 1 ? `${colour}22` : undefined } as uPlot.Series;
      })],
      hooks: {
        setCursor: [(u) => this.showValues(u)],
        ready: [(u) => {
          u.over.append(this.head);
          this.listen(u.over, u);
        }],
      },
    }, this.data, this.plot);
    this.playhead(this.context.clock.t_us);
  }

  /** A drag in a time chart moves the playhead. */
  private listen(over: HTMLElement, u: uPlot): void {
    if (this.panel?.time === false) return;
    const seek = (event: PointerEvent): void => this.context.clock.seek(u.posToVal(event.clientX - over.getBoundingClientRect().left, 'x') * 1e6);
    over.addEventListener('pointerdown', (event) => {
      over.setPointerCapture(event.pointerId);
      this.context.clock.startScrub();
      seek(event);
    });
    over.addEventListener('pointermove', (event) => this.context.clock.scrubbing && over.hasPointerCapture(event.pointerId) && seek(event));
    over.addEventListener('pointerup', () => this.context.clock.stopScrub());
    over.addEventListener('pointercancel', () => this.context.clock.stopScrub());
  }

  private showValues(u: uPlot): void {
    const at = u.cursor.idx;
    this.values.forEach((element, line) => {
      const value = at === null || at === undefined ? undefined : this.data[line + 1][at];
      setText(element, value === null || value === undefined ? '' : Number.isInteger(value) ? formatCount(value) : formatValue(value));
    });
  }
}
