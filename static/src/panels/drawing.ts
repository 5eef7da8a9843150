/** A canvas that fills the width of a panel and redraws by itself, with a line below for what the pointer is on. */

import { fitCanvas, h, setText } from '../ui/dom';
import { canvasPen, type Pen } from './pen';

export interface DrawingParts {
  readonly className: string;
  height(width: number): number;
  draw(pen: Pen, width: number, height: number): void;
  /** What is said of the place under the pointer, in CSS pixels; empty for nothing. */
  tell?(x: number, y: number): string;
}

export class Drawing {
  readonly element = h('div.drawing');
  readonly canvas = h('canvas', { role: 'img' });
  private readonly hover = h('p.hint.numbers.hover-line', ' ');
  private readonly observer: ResizeObserver;

  constructor(host: HTMLElement, private readonly parts: DrawingParts) {
    this.canvas.className = parts.className;
    this.element.append(this.canvas);
    host.append(this.element);
    if (parts.tell) {
      host.append(this.hover);
      this.canvas.addEventListener('pointermove', (event) => {
        const box = this.canvas.getBoundingClientRect();
        setText(this.hover, parts.tell?.(event.clientX - box.left, event.clientY - box.top) || ' ');
      });
      this.canvas.addEventListener('pointerleave', () => setText(this.hover, ' '));
    }
    this.observer = new ResizeObserver(() => this.paint());
    this.observer.observe(this.element);
  }

  paint(): void {
    const width = this.element.clientWidth;
    if (width === 0) return;
    const height = `${this.parts.height(width)}px`;
    if (this.canvas.style.height !== height) this.canvas.style.height = height;
    const fit = fitCanvas(this.canvas);
    if (fit === null) return;
    fit.context.clearRect(0, 0, fit.width, fit.height);
    this.parts.draw(canvasPen(fit.context), fit.width, fit.height);
  }

  label(text: string): void {
    this.canvas.setAttribute('aria-label', text);
  }

  dispose(): void {
    this.observer.disconnect();
  }
}
