/**
 * The scrub bar: the run, or the part that it is zoomed to, with an activity curve per layer, stimuli as coloured ticks,
 * what is loaded, the loop and the playhead. Drag scrubs, shift-drag makes a loop; the wheel or two fingers zoom in time,
 * alt-drag or the right button pans, a double click shows all again.
 */

import type { FrameStore } from '../../state/data/frame_store';
import { type Overview, OverviewFeed } from '../../state/data/overview';
import type { Stimuli } from '../../state/data/recording';
import { formatTime } from '../../state/format';
import type { LayerInfo } from '../../state/frames';
import type { PlaybackClock } from '../../state/playback';
import { fitted, lengthOf, panned, pinched, type TimeSpan, zoomed } from '../../state/time_zoom';
import type { View } from '../../state/view';
import '../../styles/scrub.css';
import { drawCurves, drawStimuli, LOADED_PX, place } from './scrub_curves';
import { ScrubMap } from './scrub_map';
import { fitCanvas, h, perFrame, token } from '../dom';
import type { Shortcut } from '../shortcuts';

/** What is loaded is looked up at most so often: chunks may land many times a second. */
const LOADED_EVERY_MS = 200;
/** Of a key press, and of a unit of the wheel; a trackpad's pinch comes as a wheel with Ctrl and in small steps. */
const KEY_FACTOR = 0.5;
const WHEEL_EXPONENT = 0.0015;
const PINCH_EXPONENT = 0.01;

/** Colours of the theme, read once: asking the style for them in every frame costs a style pass. */
interface Colours {
  readonly line: string;
  readonly loaded: string;
  readonly soft: string;
  readonly accent: string;
  readonly text: string;
}

export interface ScrubBarParts {
  readonly recording: string;
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  overview(): Overview;
  stimuli(): Stimuli;
}

type Finger = { readonly held_us: number; x: number };

export class ScrubBar {
  readonly element: HTMLElement;
  /** Zooming and panning by keys, for the page's table. */
  readonly shortcuts: readonly Shortcut[] = [
    { keys: ['+', '='], label: 'Zoom in on the time', group: 'Time', run: () => this.zoomAt(this.centre(), KEY_FACTOR) },
    { keys: ['-'], label: 'Zoom out', group: 'Time', run: () => this.zoomAt(this.centre(), 1 / KEY_FACTOR) },
    { keys: ['0'], label: 'The whole run on the scrub bar', group: 'Time', run: () => this.show(null) },
    { keys: ['PageUp'], label: 'The scrub bar one window back', group: 'Time', run: () => this.pan(-0.8) },
    { keys: ['PageDown'], label: 'The scrub bar one window on', group: 'Time', run: () => this.pan(0.8) },
  ];
  private readonly curves = h('canvas.scrub-curves', { 'aria-hidden': 'true' });
  private readonly marks = h('canvas.scrub-marks', { 'aria-hidden': 'true' });
  private readonly hover = h('div.scrub-hover', { hidden: true });
  private readonly map: ScrubMap;
  private readonly feed: OverviewFeed;
  private readonly fingers = new Map<number, Finger>();
  private drawn: Overview | null = null;
  private loaded_version = -1;
  private loaded_ms = -Infinity;
  private colours: Colours | null = null;
  private loaded: [number, number][] = [];
  private loopFrom: number | null = null;
  private panning: { readonly x: number; readonly span: TimeSpan } | null = null;

  constructor(private readonly parts: ScrubBarParts, signal: AbortSignal) {
    const { clock, store, view } = parts;
    this.map = new ScrubMap({ whole: () => this.whole, bin_us: store.bin_us, zoom: (to) => this.show(to) });
    this.element = h(
      'div.scrub',
      { role: 'slider', tabIndex: 0, 'aria-label': 'Playhead', 'aria-valuemin': 0 },
      this.curves, this.marks, this.hover,
    );
    this.frame = h('div.scrub-frame', this.element, this.map.element);
    const paintAll = perFrame(() => { this.paintCurves(); this.paintMarks(); });
    const paintMarks = perFrame(() => this.paintMarks());
    this.feed = new OverviewFeed(parts.recording, parts.layers.length, paintAll, signal);
    this.repaint = () => { this.feed.forget(); this.wish(); paintAll(); };
    new ResizeObserver(paintAll).observe(this.element);
    clock.onTick(() => {
      this.follow();
      paintMarks();
    }, signal);
    clock.onChange(paintMarks, signal);
    store.onChange(paintMarks, signal);
    view.subscribe(['hidden', 'theme'], () => { this.colours = null; paintAll(); }, signal);
    view.subscribe(['zoom'], () => { this.wish(); paintAll(); }, signal);
    this.element.addEventListener('pointerdown', (event) => this.down(event));
    this.element.addEventListener('pointermove', (event) => this.move(event));
    this.element.addEventListener('pointerup', (event) => this.up(event));
    this.element.addEventListener('pointercancel', (event) => this.up(event));
    this.element.addEventListener('pointerleave', () => { this.hover.hidden = true; });
    this.element.addEventListener('contextmenu', (event) => event.preventDefault());
    this.element.addEventListener('dblclick', () => this.show(null));
    this.frame.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.wish();
    paintAll();
  }

  /** The bar, and over it what says which part of the run it shows. */
  readonly frame: HTMLElement;

  /** Which part that is, in words. */
  get window(): HTMLElement {
    return this.map.window;
  }

  /** The overview, the stimuli or the span changed. */
  readonly repaint: () => void;

  private get whole(): TimeSpan {
    const { store } = this.parts;
    return { t_start_us: store.t_start_us, t_stop_us: store.t_stop_us };
  }

  /** The part of the run that is zoomed to; null for all of it. */
  private get zoom(): TimeSpan | null {
    const zoom = this.parts.view.get('zoom');
    return zoom === null ? null : fitted(zoom, this.whole);
  }

  private get span(): TimeSpan {
    return this.zoom ?? this.whole;
  }

  private show(zoom: TimeSpan | null): void {
    this.parts.view.set({ zoom: zoom && { t_start_us: Math.round(zoom.t_start_us), t_stop_us: Math.round(zoom.t_stop_us) } });
  }

  private zoomAt(t_us: number, factor: number): void {
    this.show(zoomed(this.span, t_us, factor, this.whole, this.parts.store.bin_us));
  }

  private pan(parts: number): void {
    if (this.zoom !== null) this.show(panned(this.zoom, parts * lengthOf(this.zoom), this.whole));
  }

  /** Where keys zoom to: the playhead where it is in view. */
  private centre(): number {
    const { t_us } = this.parts.clock;
    const span = this.span;
    return t_us >= span.t_start_us && t_us <= span.t_stop_us ? t_us : (span.t_start_us + span.t_stop_us) / 2;
  }

  private wish(): void {
    const { zoom } = this;
    if (zoom !== null) this.feed.want(zoom, this.parts.overview());
  }

  /** Keeps a running playhead inside a zoomed view, turning the page. */
  private follow(): void {
    const { clock } = this.parts;
    const { zoom } = this;
    if (zoom === null || !clock.playing || clock.scrubbing || this.panning || (clock.t_us >= zoom.t_start_us && clock.t_us < zoom.t_stop_us)) return;
    const length = lengthOf(zoom);
    const start = clock.t_us - length * (clock.direction > 0 ? 0.05 : 0.95);
    this.show(fitted({ t_start_us: start, t_stop_us: start + length }, this.whole));
  }

  private x(t_us: number, width: number): number {
    return place(t_us, this.span, width);
  }

  private partOf(x: number): number {
    const box = this.element.getBoundingClientRect();
    return Math.min(1, Math.max(0, (x - box.left) / box.width));
  }

  private timeAt(event: PointerEvent | WheelEvent): number {
    return this.span.t_start_us + this.partOf(event.clientX) * lengthOf(this.span);
  }

  private down(event: PointerEvent): void {
    this.element.setPointerCapture(event.pointerId);
    const t = this.timeAt(event);
    if (event.pointerType === 'touch') {
      this.fingers.set(event.pointerId, { held_us: t, x: event.clientX });
      if (this.fingers.size === 2) {
        this.parts.clock.stopScrub();
        return;
      }
    }
    if (event.button !== 0 || event.altKey) {
      this.panning = { x: event.clientX, span: this.span };
      return;
    }
    if (event.shiftKey) {
      this.loopFrom = t;
      return;
    }
    this.parts.clock.startScrub();
    this.parts.clock.seek(t);
  }

  private move(event: PointerEvent): void {
    const finger = this.fingers.get(event.pointerId);
    if (finger) finger.x = event.clientX;
    if (this.fingers.size >= 2) {
      const [one, two] = [...this.fingers.values()] as [Finger, Finger];
      this.show(pinched([one.held_us, two.held_us], [this.partOf(one.x), this.partOf(two.x)], this.whole, this.parts.store.bin_us));
      return;
    }
    if (this.panning !== null) {
      const { x, span } = this.panning;
      if (this.zoom !== null) this.show(panned(span, ((x - event.clientX) / this.element.clientWidth) * lengthOf(span), this.whole));
      return;
    }
    const t = this.timeAt(event);
    this.showHover(event, t);
    if (this.loopFrom !== null) {
      this.parts.clock.setLoop({ t_start_us: Math.min(this.loopFrom, t), t_stop_us: Math.max(this.loopFrom, t) });
    } else if (this.parts.clock.scrubbing) this.parts.clock.seek(t);
  }

  private up(event: PointerEvent): void {
    this.fingers.delete(event.pointerId);
    this.loopFrom = this.panning = null;
    this.parts.clock.stopScrub();
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.deltaY) || (event.shiftKey && sideways !== 0)) {
      this.pan(sideways / this.element.clientWidth);
      return;
    }
    this.zoomAt(this.timeAt(event), Math.exp(event.deltaY * (event.ctrlKey ? PINCH_EXPONENT : WHEEL_EXPONENT)));
  }

  private showHover(event: PointerEvent, t_us: number): void {
    const box = this.element.getBoundingClientRect();
    const stimuli = this.parts.stimuli();
    const at = stimuli.at(t_us);
    const label = at >= 0 ? stimuli.labels[at] : null;
    const each = this.drawn?.layers_a_row ?? 1;
    this.hover.hidden = false;
    this.hover.textContent = `${formatTime(t_us, this.parts.store.bin_us, this.parts.store.t_stop_us)}${label === null ? '' : `  label ${label}`}${each > 1 ? `  each curve sums ${each} layers` : ''}`;
    const half = this.hover.offsetWidth / 2;
    this.hover.style.left = `${Math.min(box.width - half, Math.max(half, event.clientX - box.left))}px`;
  }

  private paintCurves(): void {
    this.map.paint(this.zoom);
    const pen = fitCanvas(this.curves);
    if (pen === null) return;
    const { layers, store, view } = this.parts;
    const { span } = this;
    pen.context.clearRect(0, 0, pen.width, pen.height);
    drawStimuli(pen, this.parts.stimuli(), span);
    const shown = layers.filter((layer) => !view.get('hidden').includes(layer.name));
    this.drawn = this.zoom === null ? this.parts.overview() : this.feed.best(span, this.parts.overview());
    drawCurves(pen, this.drawn, shown, span, store.t_stop_us, view.get('theme'));
  }

  /** Width of the columns that are drawn, for tests and for those who look closely. */
  get column_us(): number {
    return this.drawn?.column_us ?? 0;
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
