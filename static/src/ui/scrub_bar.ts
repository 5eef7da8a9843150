/**
 * The scrub bar: the whole run with an activity curve per layer, stimuli as coloured ticks, what is loaded, the loop
 * and the playhead. Drag scrubs, shift-drag makes a loop, the wheel zooms in time, a double click shows all again.
 */

import type { FrameStore } from '../state/frame_store';
import { formatTime } from '../state/format';
import type { LayerInfo } from '../state/frames';
import { classColour, layerColour } from '../state/palette';
import type { PlaybackClock } from '../state/playback';
import type { Overview, Stimuli } from '../state/recording';
import type { View } from '../state/view';
import { fitCanvas, h, perFrame, token } from './dom';

const TICKS_PX = 6;
const LOADED_PX = 3;
/** What is loaded is looked up at most so often: chunks may land many times a second. */
const LOADED_EVERY_MS = 200;

/** Colours of the theme, read once: asking the style for them in every frame costs a style pass. */
interface Colours {
  readonly line: string;
  readonly loaded: string;
  readonly soft: string;
  readonly accent: string;
  readonly text: string;
}

export interface ScrubBarParts {
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  overview(): Overview;
  stimuli(): Stimuli;
}

export class ScrubBar {
  readonly element: HTMLElement;
  private readonly curves = h('canvas.scrub-curves', { 'aria-hidden': 'true' });
  private readonly marks = h('canvas.scrub-marks', { 'aria-hidden': 'true' });
  private readonly hover = h('div.scrub-hover', { hidden: true });
  private zoom: { t_start_us: number; t_stop_us: number } | null = null;
  private loaded_version = -1;
  private loaded_ms = -Infinity;
  private colours: Colours | null = null;
  private loaded: [number, number][] = [];
  private loopFrom: number | null = null;

  constructor(private readonly parts: ScrubBarParts, signal: AbortSignal) {
    this.element = h(
      'div.scrub',
      { role: 'slider', tabIndex: 0, 'aria-label': 'Playhead', 'aria-valuemin': 0 },
      this.curves, this.marks, this.hover,
    );
    const { clock, store, view } = parts;
    const paintAll = perFrame(() => { this.paintCurves(); this.paintMarks(); });
    const paintMarks = perFrame(() => this.paintMarks());
    new ResizeObserver(paintAll).observe(this.element);
    clock.onTick(() => {
      if (this.follow()) paintAll();
      else paintMarks();
    }, signal);
    clock.onChange(paintMarks, signal);
    store.onChange(paintMarks, signal);
    view.subscribe(['hidden', 'theme'], () => { this.colours = null; paintAll(); }, signal);
    this.element.addEventListener('pointerdown', (event) => this.down(event));
    this.element.addEventListener('pointermove', (event) => this.move(event));
    this.element.addEventListener('pointerup', (event) => this.up(event));
    this.element.addEventListener('pointercancel', (event) => this.up(event));
    this.element.addEventListener('pointerleave', () => { this.hover.hidden = true; });
    this.element.addEventListener('dblclick', () => { this.zoom = null; paintAll(); });
    this.element.addEventListener('wheel', (event) => { this.wheel(event); paintAll(); }, { passive: false });
    this.repaint = paintAll;
    paintAll();
  }

  /** The overview, the stimuli or the span changed. */
  readonly repaint: () => void;

  private get span(): { t_start_us: number; t_stop_us: number } {
    const { store } = this.parts;
    const whole = { t_start_us: store.t_start_us, t_stop_us: store.t_stop_us };
    if (this.zoom === null) return whole;
    const length = Math.min(this.zoom.t_stop_us - this.zoom.t_start_us, whole.t_stop_us - whole.t_start_us);
    const start = Math.min(Math.max(this.zoom.t_start_us, whole.t_start_us), whole.t_stop_us - length);
    return { t_start_us: start, t_stop_us: start + length };
  }

  /** Keeps a running playhead inside a zoomed view, turning the page; true where it did. */
  private follow(): boolean {
    const { clock } = this.parts;
    const { t_start_us, t_stop_us } = this.span;
    if (this.zoom === null || !clock.playing || clock.scrubbing || (clock.t_us >= t_start_us && clock.t_us < t_stop_us)) return false;
    const length = t_stop_us - t_start_us;
    const start = clock.t_us - length * (clock.direction > 0 ? 0.05 : 0.95);
    this.zoom = { t_start_us: start, t_stop_us: start + length };
    return true;
  }

  private x(t_us: number, width: number): number {
    const { t_start_us, t_stop_us } = this.span;
    return ((t_us - t_start_us) / (t_stop_us - t_start_us)) * width;
  }

  private timeAt(event: PointerEvent | WheelEvent): number {
    const box = this.element.getBoundingClientRect();
    const { t_start_us, t_stop_us } = this.span;
    return t_start_us + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (t_stop_us - t_start_us);
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.element.setPointerCapture(event.pointerId);
    const t = this.timeAt(event);
    if (event.shiftKey) {
      this.loopFrom = t;
      return;
    }
    this.parts.clock.startScrub();
    this.parts.clock.seek(t);
  }

  private move(event: PointerEvent): void {
    const t = this.timeAt(event);
    this.showHover(event, t);
    if (this.loopFrom !== null) {
      this.parts.clock.setLoop({ t_start_us: Math.min(this.loopFrom, t), t_stop_us: Math.max(this.loopFrom, t) });
    } else if (this.parts.clock.scrubbing) this.parts.clock.seek(t);
  }

  private up(_event: PointerEvent): void {
    this.loopFrom = null;
    this.parts.clock.stopScrub();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const { store } = this.parts;
    const span = this.span;
    const length = span.t_stop_us - span.t_start_us;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = (event.deltaX / this.element.clientWidth) * length;
      this.zoom = { t_start_us: span.t_start_us + by, t_stop_us: span.t_stop_us + by };
      return;
    }
    const at = this.timeAt(event);
    const factor = Math.exp(event.deltaY * 0.0015);
    const wanted = Math.max(length * factor, store.bin_us * 50);
    const whole = store.t_stop_us - store.t_start_us;
    if (wanted >= whole) {
      this.zoom = null;
      return;
    }
    const start = at - ((at - span.t_start_us) / length) * wanted;
    this.zoom = { t_start_us: start, t_stop_us: start + wanted };
  }

  private showHover(event: PointerEvent, t_us: number): void {
    const box = this.element.getBoundingClientRect();
    const stimuli = this.parts.stimuli();
    const at = stimuli.at(t_us);
    const label = at >= 0 ? stimuli.labels[at] : null;
    this.hover.hidden = false;
    this.hover.textContent = `${formatTime(t_us, this.parts.store.bin_us, this.parts.store.t_stop_us)}${label === null ? '' : `  label ${label}`}`;
    const half = this.hover.offsetWidth / 2;
    this.hover.style.left = `${Math.min(box.width - half, Math.max(half, event.clientX - box.left))}px`;
  }

  private paintCurves(): void {
    const fit = fitCanvas(this.curves);
    if (fit === null) return;
    const { context, width, height } = fit;
    const { layers, view } = this.parts;
    const theme = view.get('theme');
    context.clearRect(0, 0, width, height);
    this.paintStimuli(context, width);
    const overview = this.parts.overview();
    const shown = layers.filter((layer) => !view.get('hidden').includes(layer.name));
    const top = TICKS_PX + 4;
    const bottom = height - LOADED_PX - 3;
    const band = (bottom - top) / Math.max(1, shown.length);
    shown.forEach((layer, row) => {
      const curve = overview.curves[layer.index];
      if (curve === undefined || curve.length === 0) return;
      let peak = 0;
      for (let i = 0; i < curve.length; i++) peak = Math.max(peak, curve[i]);
      const base = top + band * (row + 1);
      const scale = peak > 0 ? (band * 0.9) / peak : 0;
      context.beginPath();
      context.moveTo(this.x(overview.t_us[0], width), base);
      for (let i = 0; i < curve.length; i++) {
        const x = this.x(overview.t_us[i], width);
        if (x < -4 || x > width + 4) continue;
        context.lineTo(x, base - curve[i] * scale);
      }
      const end = Math.min(width, this.x(this.parts.store.t_stop_us, width));
      context.lineTo(end, base - curve[curve.length - 1] * scale);
      const colour = layerColour(layer.index, theme);
      context.strokeStyle = colour;
      context.lineWidth = 1;
      context.globalAlpha = 0.9;
      context.stroke();
      context.lineTo(end, base);
      context.closePath();
      context.globalAlpha = 0.22;
      context.fillStyle = colour;
      context.fill();
      context.globalAlpha = 1;
    });
  }

  private paintStimuli(context: CanvasRenderingContext2D, width: number): void {
    const stimuli = this.parts.stimuli();
    let last = -Infinity;
    for (let i = 0; i < stimuli.length; i++) {
      const x0 = this.x(stimuli.t_start_us[i], width);
      const x1 = this.x(stimuli.t_stop_us[i], width);
      if (x1 < 0 || x0 > width || x1 - last < 0.5) continue; // what is finer than half a pixel cannot be seen
      last = x1;
      const at = stimuli.classOf(stimuli.labels[i]);
      context.fillStyle = at < 0 ? token('--muted') : classColour(at, stimuli.classes.length);
      context.fillRect(x0, 1, Math.max(1, x1 - x0 - (x1 - x0 > 4 ? 1 : 0)), TICKS_PX);
    }
  }

  private paintMarks(): void {
    const fit = fitCanvas(this.marks);
    if (fit === null) return;
    const { context, width, height } = fit;
    const { clock, store } = this.parts;
    context.clearRect(0, 0, width, height);
    const now = performance.now();
    if (this.loaded_version !== store.version && now - this.loaded_ms > LOADED_EVERY_MS) {
      this.loaded_version = store.version;
      this.loaded_ms = now;
      this.loaded = store.loadedRanges(clock.level);
    } else if (this.loaded_version !== store.version) setTimeout(() => this.paintMarks(), LOADED_EVERY_MS);
    this.colours ??= {
      line: token('--line'), loaded: token('--loaded'), soft: token('--accent-soft'), accent: token('--accent'), text: token('--text'),
    };
    const colours = this.colours;
    context.fillStyle = colours.line;
    context.fillRect(0, height - LOADED_PX, width, LOADED_PX);
    context.fillStyle = colours.loaded;
    for (const [from, to] of this.loaded) {
      const x = this.x(from, width);
      context.fillRect(x, height - LOADED_PX, Math.max(1, this.x(to, width) - x), LOADED_PX);
    }
    if (clock.loop) {
      const from = this.x(clock.loop.t_start_us, width);
      const to = this.x(clock.loop.t_stop_us, width);
      context.fillStyle = colours.soft;
      context.fillRect(from, 0, to - from, height);
      context.fillStyle = colours.accent;
      context.fillRect(from, 0, 1, height);
      context.fillRect(to - 1, 0, 1, height);
    }
    this.describe();
    const at = this.x(clock.t_us, width);
    if (at < -1 || at > width + 1) return; // beside a zoomed view
    const x = Math.round(Math.min(width - 1, Math.max(0, at))) + 0.5;
    context.strokeStyle = colours.text;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
    context.fillStyle = colours.text;
    context.beginPath();
    context.moveTo(x - 4.5, 0);
    context.lineTo(x + 4.5, 0);
    context.lineTo(x, 6);
    context.fill();
  }

  private describe(): void {
    const { clock, store } = this.parts;
    const seconds = clock.t_us / 1e6;
    this.element.setAttribute('aria-valuemin', String(store.t_start_us / 1e6));
    this.element.setAttribute('aria-valuemax', String(store.t_stop_us / 1e6));
    this.element.setAttribute('aria-valuenow', seconds.toFixed(3));
    this.element.setAttribute('aria-valuetext', formatTime(clock.t_us, store.bin_us));
  }
}
