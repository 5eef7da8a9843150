/** Alt and a drag over a panel draws a rectangle, whose neurons are selected in the scene; with Shift they are added. */

import { h } from '../ui/dom';
import { selectAll } from './links';
import type { PanelContext } from './panel';

/** In CSS pixels from the element's upper left corner. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** A shorter drag draws nothing. */
const LEAST_PX = 3;

export class NeuronBrush {
  private readonly shape = h('div.neuron-brush', { 'aria-hidden': 'true' });
  private from: readonly [number, number] | null = null;
  private readonly escape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.from === null) return;
    event.stopPropagation();
    this.end();
  };

  /** `neurons` gives the global indices of what lies inside; null where the panel has none to select. */
  constructor(
    private readonly element: HTMLElement, private readonly context: PanelContext, private readonly neurons: (inside: Rectangle) => Iterable<number> | null,
  ) {
    element.append(this.shape);
    element.addEventListener('pointerdown', (event) => this.down(event));
    element.addEventListener('pointermove', (event) => this.move(event));
    element.addEventListener('pointerup', (event) => this.up(event));
    element.addEventListener('pointercancel', () => this.end());
    window.addEventListener('keydown', this.escape, true);
  }

  dispose(): void {
    window.removeEventListener('keydown', this.escape, true);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || !event.altKey || this.neurons({ left: 0, top: 0, right: 0, bottom: 0 }) === null) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.from = this.place(event);
  }

  private move(event: PointerEvent): void {
    const { left, top, right, bottom } = this.rectangle(event) ?? { left: 0, top: 0, right: 0, bottom: 0 };
    this.shape.style.display = Math.max(right - left, bottom - top) < LEAST_PX ? 'none' : 'block';
    Object.assign(this.shape.style, { left: `${left}px`, top: `${top}px`, width: `${right - left}px`, height: `${bottom - top}px` });
  }

  private up(event: PointerEvent): void {
    const inside = this.rectangle(event);
    this.end();
    if (inside === null || Math.max(inside.right - inside.left, inside.bottom - inside.top) < LEAST_PX) return;
    const found = this.neurons(inside);
    if (found !== null) selectAll(this.context, found, event.shiftKey);
  }

  private end(): void {
    this.from = null;
    this.shape.style.display = 'none';
  }

  private place(event: PointerEvent): [number, number] {
    const box = this.element.getBoundingClientRect();
    return [Math.min(box.width, Math.max(0, event.clientX - box.left)), Math.min(box.height, Math.max(0, event.clientY - box.top))];
  }

  private rectangle(event: PointerEvent): Rectangle | null {
    if (this.from === null) return null;
    const [x, y] = this.place(event);
    const [from_x, from_y] = this.from;
    return { left: Math.min(x, from_x), top: Math.min(y, from_y), right: Math.max(x, from_x), bottom: Math.max(y, from_y) };
  }
}
