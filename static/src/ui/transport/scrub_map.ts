/** Which part of the run the scrub bar shows, while it is zoomed: in words, and as a thumb to drag along the run. */

import { formatDuration, formatTime } from '../../state/format';
import { lengthOf, panned, type TimeSpan } from '../../state/time_zoom';
import { h, setText } from '../dom';

export interface ScrubMapParts {
  whole(): TimeSpan;
  readonly bin_us: number;
  zoom(to: TimeSpan | null): void;
}

export class ScrubMap {
  /** The thumb on its track. */
  readonly element: HTMLElement;
  /** The part in words, and the way back to the whole run. */
  readonly window: HTMLElement;
  private readonly words = h('span.scrub-words');
  private readonly thumb = h('div.scrub-thumb');
  private readonly track = h(
    'div.scrub-track', { role: 'scrollbar', tabIndex: 0, 'aria-orientation': 'horizontal', 'aria-label': 'Part of the run that is shown', 'aria-valuemin': 0, 'aria-valuemax': 100 },
    this.thumb,
  );
  private shown: TimeSpan | null = null;
  private held: { readonly x: number; readonly span: TimeSpan } | null = null;

  constructor(private readonly parts: ScrubMapParts) {
    const reset = h('button.scrub-reset', { type: 'button', title: 'Show the whole run (0, or double click)', 'aria-label': 'Show the whole run' }, 'whole run');
    reset.addEventListener('click', () => parts.zoom(null));
    this.window = h('div.scrub-window', { hidden: true }, this.words, reset);
    this.element = h('div.scrub-map', { hidden: true }, this.track);
    this.track.addEventListener('pointerdown', (event) => this.down(event));
    this.track.addEventListener('pointermove', (event) => this.move(event));
    for (const name of ['pointerup', 'pointercancel'] as const) this.track.addEventListener(name, () => { this.held = null; });
    this.track.addEventListener('keydown', (event) => this.key(event));
  }

  /** Shows a part of the run; hides itself for null. */
  paint(span: TimeSpan | null): void {
    this.shown = span;
    this.element.hidden = this.window.hidden = span === null;
    if (span === null) return;
    const whole = this.parts.whole();
    const part = (t_us: number): number => (100 * (t_us - whole.t_start_us)) / lengthOf(whole);
    this.thumb.style.left = `${part(span.t_start_us)}%`;
    this.thumb.style.width = `${part(span.t_stop_us) - part(span.t_start_us)}%`;
    const step_us = lengthOf(span) < 60e6 ? this.parts.bin_us : 1e6;
    const words = `${formatTime(span.t_start_us, step_us, whole.t_stop_us)} to ${formatTime(span.t_stop_us, step_us, whole.t_stop_us)}  (${formatDuration(round(lengthOf(span)))})`;
    setText(this.words, words);
    this.track.setAttribute('aria-valuenow', (part(span.t_start_us) * (100 / Math.max(1e-9, 100 - part(whole.t_start_us + lengthOf(span))))).toFixed(1));
    this.track.setAttribute('aria-valuetext', words);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0 || this.shown === null) return;
    this.track.setPointerCapture(event.pointerId);
    const thumb = this.thumb.getBoundingClientRect();
    if (event.clientX < thumb.left || event.clientX > thumb.right) this.moveBy(event.clientX - (thumb.left + thumb.right) / 2, this.shown);
    this.held = { x: event.clientX, span: this.shown };
  }

  private move(event: PointerEvent): void {
    if (this.held !== null) this.moveBy(event.clientX - this.held.x, this.held.span);
  }

  private moveBy(px: number, from: TimeSpan): void {
    const whole = this.parts.whole();
    this.parts.zoom(panned(from, (px / this.track.clientWidth) * lengthOf(whole), whole));
  }

  private key(event: KeyboardEvent): void {
    const by = { ArrowLeft: -0.1, ArrowRight: 0.1, PageUp: -1, PageDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || this.shown === null) return;
    event.preventDefault();
    event.stopPropagation();
    const whole = this.parts.whole();
    const by_us = Number.isFinite(by) ? by * lengthOf(this.shown) : Math.sign(by) * lengthOf(whole);
    this.parts.zoom(panned(this.shown, by_us, whole));
  }
}

const round = (us: number): number => Number(us.toPrecision(3));
