/** Hands on a panel over time: a drag seeks, Shift and a drag narrows the window, a double click shows the whole run. */

import { h } from '../ui/dom';
import type { PanelContext, Span } from './panel';

/** A press that moves less than this is a click. */
const CLICK_PX = 3;

export interface TimeBox {
  /** The drawn part of the element, in CSS pixels from its left edge, and the time that it shows; null where none. */
  span(): { left: number; width: number; window: Span } | null;
  /** A press without a drag. */
  click?(event: PointerEvent): void;
}

export class TimeDrag {
  private readonly head = h('div.playhead', { 'aria-hidden': 'true' });
  private readonly cross = h('div.time-cursor', { 'aria-hidden': 'true' });
  private readonly brush = h('div.time-brush', { 'aria-hidden': 'true' });
  private readonly stop: () => void;
  private from: number | null = null;
  private dragged = false;

  /** `host` is positioned, and `element` lies at its left edge. */
  constructor(host: HTMLElement, private readonly element: HTMLElement, private readonly context: PanelContext, private readonly box: TimeBox) {
    host.append(this.head, this.cross, this.brush);
    this.stop = context.cursor.subscribe(() => this.place(this.cross, context.cursor.t_us));
    element.addEventListener('pointerdown', (event) => this.down(event));
    element.addEventListener('pointermove', (event) => this.move(event));
    element.addEventListener('pointerup', (event) => this.up(event));
    element.addEventListener('pointercancel', () => this.end());
    element.addEventListener('pointerleave', () => context.cursor.set(null));
    element.addEventListener('dblclick', () => this.box.span() && context.zoom(null));
  }

  playhead(t_us: number): void {
    this.place(this.head, t_us);
  }

  dispose(): void {
    this.stop();
  }

  private time(event: PointerEvent): number | null {
    const box = this.box.span();
    if (box === null) return null;
    const part = (event.clientX - this.element.getBoundingClientRect().left - box.left) / box.width;
    return box.window.t_start_us + Math.min(1, Math.max(0, part)) * (box.window.t_stop_us - box.window.t_start_us);
  }

  private place(line: HTMLElement, t_us: number | null): void {
    const box = this.box.span();
    const part = box === null || t_us === null ? -1 : (t_us - box.window.t_start_us) / (box.window.t_stop_us - box.window.t_start_us);
    line.style.display = box !== null && part >= 0 && part <= 1 ? 'block' : 'none';
    if (box !== null) line.style.transform = `translateX(${(box.left + part * box.width).toFixed(1)}px)`;
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || event.altKey) return;
    this.element.setPointerCapture(event.pointerId);
    this.from = event.clientX;
    this.dragged = false;
  }

  private move(event: PointerEvent): void {
    const t_us = this.time(event);
    this.context.cursor.set(t_us);
    if (this.from === null || t_us === null) return;
    if (!this.dragged && Math.abs(event.clientX - this.from) >= CLICK_PX) {
      this.dragged = true;
      if (!event.shiftKey) this.context.clock.startScrub();
      else this.brush.style.display = 'block';
    }
    if (!this.dragged) return;
    if (this.brush.style.display !== 'block') {
      this.context.clock.seek(t_us);
      return;
    }
    const left = this.element.getBoundingClientRect().left;
    const [a, b] = [this.from, event.clientX].sort((one, other) => one - other);
    this.brush.style.left = `${a - left}px`;
    this.brush.style.width = `${b - a}px`;
  }

  private up(event: PointerEvent): void {
    const t_us = this.time(event);
    const { from } = this;
    const brushed = this.brush.style.display === 'block';
    this.end();
    if (from === null) return;
    if (!this.dragged) {
      this.box.click?.(event);
      if (t_us !== null && !event.shiftKey) this.context.clock.seek(t_us);
      return;
    }
    const box = this.box.span();
    if (!brushed || box === null || t_us === null) return;
    const begun = box.window.t_start_us + ((from - this.element.getBoundingClientRect().left - box.left) / box.width) * (box.window.t_stop_us - box.window.t_start_us);
    const [low, high] = [Math.max(box.window.t_start_us, Math.min(begun, t_us)), Math.min(box.window.t_stop_us, Math.max(begun, t_us))];
    if (high - low >= 1) this.context.zoom({ t_start_us: Math.floor(low), t_stop_us: Math.ceil(high) });
  }

  private end(): void {
    if (this.dragged && this.brush.style.display !== 'block') this.context.clock.stopScrub();
    this.from = null;
    this.brush.style.display = 'none';
  }
}
