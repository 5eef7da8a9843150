/** The dialog that makes a video or a GIF: of what, from when to when, how fast, how large; then progress, and cancel. */

import { type FilmFormat, type FilmShape, RATES } from '../film/film_file';
import { type FilmOrder, type FilmPlan, type FilmSource, type OrderParts, planFilm, shootFilm, wholeOf } from '../film/film_order';
import { pathOf } from '../state/camera_path';
import { formatTime } from '../state/format';
import { openDialog } from './dialog';
import { h, setText } from './dom';
import { save } from './menus/export_menu';

export interface FilmDialogParts extends OrderParts {
  readonly recording: string;
  /** Stops what moves the playhead by itself; called before the first frame. */
  hold(): void;
}

const SIZES: readonly (readonly [string, number, number])[] = [
  ['1280 x 720', 1280, 720], ['1920 x 1080 (full HD)', 1920, 1080], ['2560 x 1440', 2560, 1440], ['3840 x 2160 (4K)', 3840, 2160],
  ['1080 x 1080 (square)', 1080, 1080], ['1080 x 1920 (upright)', 1080, 1920], ['480 x 270 (small)', 480, 270],
];
/** A film of this view lasts so long unless something else is asked for. */
const FIRST_S = 10;

export function openFilm(parts: FilmDialogParts): void {
  new FilmDialog(parts);
}

class FilmDialog {
  private readonly note = h('p.hint.film-note', { role: 'status' });
  private readonly bar = h('progress.film-progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Progress' });
  private readonly source = select('What', 'Of what', []);
  private readonly from = field('From, seconds', 0);
  private readonly to = field('To, seconds', 0);
  private readonly speed = field('Speed, recorded seconds a second', 1);
  private readonly format = select('Format', 'Format', [['mp4', 'MP4'], ['webm', 'WebM'], ['gif', 'GIF']]);
  private readonly fps = select('Frames a second', 'Frames a second', []);
  private readonly size = select('Size', 'Size', [...SIZES.map(([name], i) => [String(i), name] as [string, string]), ['own', 'Own size']]);
  private readonly width = field('Width, pixels', 1280, 16, 8192, 2);
  private readonly height = field('Height, pixels', 720, 16, 8192, 2);
  private readonly words = h('input', { type: 'checkbox', checked: true, 'aria-label': 'Names, time and notes' });
  private readonly make = h('button.primary', { type: 'button', onclick: () => void this.run() }, 'Make the film');
  private readonly cancel = h('button', { type: 'button', onclick: () => (this.work ? this.work.abort() : this.dialog.close()) }, 'Close');
  private readonly own: HTMLElement;
  private readonly form: HTMLElement;
  private readonly dialog: HTMLDialogElement;
  private work: AbortController | null = null;
  private asked = 0;

  constructor(private readonly parts: FilmDialogParts) {
    const { view, session } = parts;
    const path = pathOf(view.all());
    const sources: [FilmSource, string][] = [['view', 'This view']];
    if (path) sources.push(['path', `The camera path (${path.stops.length} places, ${path.duration_s} s)`]);
    if (session) sources.push(['session', `The session "${session.name}"`]);
    this.source.replaceChildren(...sources.map(([value, label]) => h('option', { value }, label)));
    this.source.value = session ? 'session' : path ? 'path' : 'view';
    this.own = h('span.export-size', this.width, h('span', 'x'), this.height);
    this.form = h(
      'div.film-form',
      row('Of', this.source),
      h('div.film-row.film-range', h('span', 'From'), this.from, h('span.film-to', 'to'), this.to, h('span.muted.film-unit', '')),
      h('div.film-row', h('span', 'Speed'), this.speed, h('span.muted.film-speed-unit', '')),
      row('Format', this.format, this.fps, h('span.muted', 'frames a second')),
      row('Size', this.size, this.own),
      h('label.check', this.words, 'Names of the layers, the time, and what notes say'),
    );
    this.dialog = openDialog('Video', h('div.film', this.form, this.bar, this.note), [this.cancel, this.make]);
    this.dialog.classList.add('film-dialog');
    // Closing while it works cancels the work, and a film under way is not lost to a key or to a click beside the dialog.
    this.dialog.addEventListener('cancel', (event) => { if (this.work) event.preventDefault(); });
    this.dialog.addEventListener('click', (event) => {
      if (this.work && event.target === this.dialog) event.stopImmediatePropagation();
    }, { capture: true });
    this.dialog.addEventListener('close', () => this.work?.abort());
    this.format.addEventListener('input', () => this.paintRates());
    this.source.addEventListener('input', () => this.paintSource());
    for (const input of [this.source, this.from, this.to, this.speed, this.fps, this.size, this.width, this.height, this.format]) {
      input.addEventListener('input', () => void this.estimate());
    }
    this.paintSource();
    this.paintRates();
    void this.estimate();
  }

  private paintRates(): void {
    const rates = RATES[this.format.value as FilmFormat];
    const before = Number(this.fps.value) || 30;
    this.fps.replaceChildren(...rates.map((rate) => h('option', { value: String(rate) }, String(rate))));
    this.fps.value = String(rates.includes(before) ? before : this.format.value === 'gif' ? 20 : 30);
    if (this.format.value === 'gif' && this.size.value === '0') this.size.value = '6';
  }

  private shape(): FilmShape {
    const preset = SIZES[Number(this.size.value)];
    const even = (value: number): number => Math.max(16, 2 * Math.round(value / 2));
    const [width, height] = preset ? [preset[1], preset[2]] : [Number(this.width.value), Number(this.height.value)];
    return { format: this.format.value as FilmFormat, width: even(width), height: even(height), fps: Number(this.fps.value) };
  }

  private order(): FilmOrder {
    return {
      ...this.shape(), words: this.words.checked, of: this.source.value as FilmSource, speed: Number(this.speed.value),
      from_s: Number(this.from.value), to_s: Number(this.to.value),
    };
  }

  /** What can be asked of this source, with its own range. */
  private paintSource(): void {
    const of = this.source.value as FilmSource;
    const { clock, store, view } = this.parts;
    const inner = (selector: string): HTMLElement => this.form.querySelector(selector) as HTMLElement;
    this.to.hidden = inner('.film-to').hidden = of === 'path';
    setText(inner('.film-unit'), of === 'session' ? 's of the session' : 's of the run');
    setText(inner('.film-speed-unit'), of === 'session' ? 'times as fast as it was' : 's of the run a second');
    if (of === 'session') {
      [this.from.value, this.to.value] = wholeOf(this.parts, of).map((s) => seconds(1e6 * s));
      this.speed.value = '1';
      return;
    }
    const span = clock.loop ?? view.get('zoom');
    const from_us = span?.t_start_us ?? clock.t_us;
    this.from.value = seconds(from_us);
    this.to.value = seconds(span?.t_stop_us ?? Math.min(store.t_stop_us, from_us + FIRST_S * Math.abs(clock.speed) * 1e6));
    this.speed.value = String(clock.speed);
  }

  /** What it will be, or why it cannot be made. */
  private async estimate(): Promise<void> {
    const asked = ++this.asked;
    this.own.hidden = this.size.value !== 'own';
    let plan: FilmPlan | null = null;
    let words: string;
    try {
      plan = await planFilm(this.parts, this.order());
      words = `${clockOf(plan.duration_s)} long, ${plan.frames.toLocaleString('en-US')} frames, ${plan.codec}, about ${sizeOf(plan.bytes)}.`;
    } catch (error) {
      words = (error as Error).message;
    }
    if (asked !== this.asked || this.work) return;
    this.make.disabled = plan === null;
    setText(this.note, words);
  }

  private async run(): Promise<void> {
    const { parts } = this;
    const order = this.order();
    const work = new AbortController();
    this.work = work;
    this.form.inert = true;
    this.make.hidden = true;
    this.bar.hidden = false;
    setText(this.cancel, 'Cancel');
    setText(this.note, 'Preparing');
    parts.hold();
    const began_ms = performance.now();
    try {
      const blob = await shootFilm(parts, order, work.signal, ({ frame, frames, bytes, codec }) => {
        this.bar.value = frame / frames;
        const left_s = ((performance.now() - began_ms) / 1000 / frame) * (frames - frame);
        setText(this.note, `Frame ${frame.toLocaleString('en-US')} of ${frames.toLocaleString('en-US')}, ${codec}, ${sizeOf(bytes)} so far, ${clockOf(left_s)} to go.`);
      });
      const name = `${parts.recording}-${order.of}.${order.format}`;
      save(blob, name);
      setText(this.note, `Saved ${name}: ${sizeOf(blob.size)}, made in ${clockOf((performance.now() - began_ms) / 1000)}.`);
    } catch (error) {
      setText(this.note, work.signal.aborted ? 'Cancelled; nothing was saved.' : (error as Error).message);
    } finally {
      this.work = null;
      this.form.inert = false;
      this.make.hidden = false;
      this.bar.hidden = true;
      setText(this.cancel, 'Close');
    }
  }
}

function field(label: string, value: number, min = -1e9, max = 1e9, step: number | 'any' = 'any'): HTMLInputElement {
  return h('input', { type: 'number', 'aria-label': label, title: label, value: String(value), min: String(min), max: String(max), step: String(step) });
}

function select(label: string, title: string, options: readonly (readonly [string, string])[]): HTMLSelectElement {
  return h('select', { 'aria-label': label, title }, ...options.map(([value, text]) => h('option', { value }, text)));
}

function row(label: string, ...children: HTMLElement[]): HTMLElement {
  return h('div.film-row', h('span', label), ...children);
}

function seconds(t_us: number): string {
  return String(Math.round(t_us / 1000) / 1000);
}

function clockOf(s: number): string {
  return s < 60 ? `${s.toFixed(s < 10 ? 1 : 0)} s` : formatTime(Math.round(s) * 1e6, 1e6);
}

function sizeOf(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
