/** The run in small above the panels: its activity, and the window of the panels as a range that can be drawn, moved and widened. */

import { fitCanvas, h, token } from '../dom';
import type { Span } from '../../panels/panel';
import type { Overview } from '../../state/data/overview';
import { formatDuration } from '../../state/format';
import { layerColour } from '../../state/palette';

const GRIP_PX = 6;

export interface StripParts {
  span(): Span;
  overview(): Overview;
  theme(): 'dark' | 'light';
  /** The window of the panels now. */
  window(): Span;
  /** The user drew a window; null for the whole run. */
  choose(window: Span | null): void;
}

type Hold = { readonly part: 'start' | 'stop' | 'all' | 'new'; readonly from_us: number; readonly window: Span };

export class WindowStrip {
  readonly element: HTMLElement;
  private readonly canvas = h('canvas', { role: 'img' });
  private readonly range = h('div.strip-range');
  private readonly observer: ResizeObserver;
  private hold: Hold | null = null;

  constructor(private readonly parts: StripParts) {
    this.element = h('div.window-strip', {
      title: 'The window of the panels: drag to draw one, drag it or its ends, double click for the whole run',
      role: 'group', 'aria-label': 'Window of the panels over the run',
    }, this.canvas, this.range);
    this.observer = new ResizeObserver(() => this.paint());
    this.observer.observe(this.element);
    this.element.addEventListener('pointerdown', (event) => this.down(event));
    this.element.addEventListener('pointermove', (event) => this.move(event));
    this.element.addEventListener('pointerup', () => { this.hold = null; });
    this.element.addEventListener('pointercancel', () => { this.hold = null; });
    this.element.addEventListener('dblclick', () => this.parts.choose(null));
  }

  /** Draws the curve and the range. */
  paint(): void {
    const fit = fitCanvas(this.canvas);
    if (fit !== null) this.drawCurve(fit.context, fit.width, fit.height);
    this.paintRange();
  }

  /** The window moved. */
  paintRange(): void {
    const span = this.parts.span();
    const window = this.parts.window();
    const length = Math.max(1, span.t_stop_us - span.t_start_us);
    this.range.style.left = `${(100 * (window.t_start_us - span.t_start_us)) / length}%`;
    this.range.style.width = `${(100 * (window.t_stop_us - window.t_start_us)) / length}%`;
    this.canvas.setAttribute('aria-label', `Window of ${formatDuration(window.t_stop_us - window.t_start_us)}`);
  }

  dispose(): void {
    this.observer.disconnect();
  }

  private drawCurve(pen: CanvasRenderingContext2D, width: number, height: number): void {
    const { curves } = this.parts.overview();
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = token('--grid');
    pen.fillRect(0, height - 1, width, 1);
    curves.forEach((curve, row) => {
      let top = 0;
      for (let i = 0; i < curve.length; i++) top = Math.max(top, curve[i]);
      if (top === 0) return;
      pen.strokeStyle = layerColour(row, this.parts.theme());
      pen.globalAlpha = 0.7;
      pen.beginPath();
      // The largest of what falls on a pixel.
      for (let x = 0; x < width; x++) {
        const [from, to] = [Math.floor((x * curve.length) / width), Math.max(Math.floor((x * curve.length) / width) + 1, Math.floor(((x + 1) * curve.length) / width))];
        let value = 0;
        for (let i = from; i < Math.min(to, curve.length); i++) value = Math.max(value, curve[i]);
        pen.lineTo(x, height - 2 - (value / top) * (height - 4));
      }
      pen.stroke();
    });
    pen.globalAlpha = 1;
  }

  private time(event: PointerEvent): number {
    const span = this.parts.span();
    const box = this.element.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return span.t_start_us + part * (span.t_stop_us - span.t_start_us);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    const span = this.parts.span();
    const window = this.parts.window();
    const box = this.range.getBoundingClientRect();
    const whole = window.t_start_us <= span.t_start_us && window.t_stop_us >= span.t_stop_us;
    const x = event.clientX;
    const part = Math.abs(x - box.left) <= GRIP_PX ? 'start' : Math.abs(x - box.right) <= GRIP_PX ? 'stop' : !whole && x > box.left && x < box.right ? 'all' : 'new';
    this.hold = { part, from_us: this.time(event), window };
  }

  private move(event: PointerEvent): void {
    const { hold } = this;
    if (hold === null) return;
    const span = this.parts.span();
    const t_us = this.time(event);
    const { window } = hold;
    let [low, high] = [window.t_start_us, window.t_stop_us];
    if (hold.part === 'start') low = Math.min(t_us, high - 1);
    else if (hold.part === 'stop') high = Math.max(t_us, low + 1);
    else if (hold.part === 'new') [low, high] = [Math.min(hold.from_us, t_us), Math.max(hold.from_us, t_us)];
    else {
      const by = Math.min(span.t_stop_us - high, Math.max(span.t_start_us - low, t_us - hold.from_us));
      [low, high] = [low + by, high + by];
    }
    if (high - low < (span.t_stop_us - span.t_start_us) / 1e6) return;
    this.parts.choose({ t_start_us: Math.floor(low), t_stop_us: Math.max(Math.floor(low) + 1, Math.ceil(high)) });
  }
}
