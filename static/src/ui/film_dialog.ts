/** The dialog that makes a video or a GIF: of what, from when to when, how fast, how large; then progress, and cancel. */

import type { SessionSummary } from '../net/messages.gen';
import type { FilmFormat, FilmShape } from '../film/film_file';
import type { Take } from '../film/take';
import { pathOf } from '../state/camera_path';
import { formatTime } from '../state/format';
import type { FrameStore } from '../state/frame_store';
import type { LayerInfo, SceneHandle } from '../state/frames';
import type { PlaybackClock } from '../state/playback';
import type { View } from '../state/view';
import { openDialog } from './dialog';
import { h, setText } from './dom';
import { save } from './export_menu';

export interface FilmDialogParts {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly view: View;
  readonly scene: SceneHandle;
  /** The session that is replayed now. */
  readonly session: SessionSummary | null;
  /** Stops what moves the playhead by itself; called before the first frame. */
  hold(): void;
}

type Source = 'view' | 'path' | 'session';

const SIZES: readonly (readonly [string, number, number])[] = [
  ['1280 x 720', 1280, 720], ['1920 x 1080 (full HD)', 1920, 1080], ['2560 x 1440', 2560, 1440], ['3840 x 2160 (4K)', 3840, 2160],
  ['1080 x 1080 (square)', 1080, 1080], ['1080 x 1920 (upright)', 1080, 1920], ['480 x 270 (small)', 480, 270],
];
const RATES: Readonly<Record<FilmFormat, readonly number[]>> = { mp4: [24, 25, 30, 50, 60], webm: [24, 25, 30, 50, 60], gif: [10, 20, 25, 50] };
/** Bits a pixel and frame that sparks on a dark ground take, as measured; a GIF packs its own way. */
const BITS_A_PIXEL: Readonly<Record<FilmFormat, number>> = { mp4: 0.1, webm: 0.08, gif: 1.6 };
const MOST_GIF_PIXELS = 250e6;
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
    const { clock, store, view, session } = parts;
    const path = pathOf(view.all());
    const sources: [Source, string][] = [['view', 'This view']];
    if (path) sources.push(['path', `The camera path (${path.stops.length} places, ${path.duration_s} s)`]);
    if (session) sources.push(['session', `The session "${session.name}"`]);
    this.source.replaceChildren(...sources.map(([value, label]) => h('option', { value }, label)));
    this.source.value = session ? 'session' : path ? 'path' : 'view';
    const span = clock.loop ?? view.get('zoom');
    const speed = Math.abs(clock.speed);
    const from_us = span?.t_start_us ?? clock.t_us;
    this.from.value = seconds(from_us);
    this.to.value = seconds(span?.t_stop_us ?? Math.min(store.t_stop_us, from_us + FIRST_S * speed * 1e6));
    this.speed.value = session ? '1' : String(clock.speed);
    this.own = h('span.export-size', this.width, h('span', 'x'), this.height);
    this.form = h(
      'div.film-form',
      row('Of', this.source),
      h('div.film-row.film-range', h('span', 'From'), this.from, h('span.film-to', 'to'), this.to, h('span.muted.film-unit', 's of the run')),
      h('div.film-row', h('span', 'Speed'), this.speed, h('span.muted.film-speed-unit', '')),
      row('Format', this.format, this.fps, h('span.muted', 'frames a second')),
      row('Size', this.size, this.own),
      h('label.check', this.words, 'Names of the layers, the time, and what notes say'),
    );
    this.dialog = openDialog('Video', h('div.film', this.form, this.bar, this.note), [this.cancel, this.make]);
    this.dialog.classList.add('film-dialog');
    // Closing while it works cancels the work, and a film under way is not lost to a key.
    this.dialog.addEventListener('cancel', (event) => { if (this.work) event.preventDefault(); });
    this.dialog.addEventListener('close', () => this.work?.abort());
    this.format.addEventListener('change', () => this.paintRates());
    for (const input of [this.source, this.from, this.to, this.speed, this.fps, this.size, this.width, this.height, this.format]) {
      input.addEventListener('input', () => void this.estimate());
    }
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

  private duration_s(): number {
    const { view, session } = this.parts;
    const speed = Math.abs(Number(this.speed.value));
    if (this.source.value === 'path') return pathOf(view.all())?.duration_s ?? NaN;
    if (this.source.value === 'session') return ((session?.trim?.[1] ?? session?.duration_ms ?? 0) - (session?.trim?.[0] ?? 0)) / 1000 / speed;
    return (Number(this.to.value) - Number(this.from.value)) / speed;
  }

  /** What it will be, or why it cannot be made. */
  private async estimate(): Promise<void> {
    const asked = ++this.asked;
    const source = this.source.value as Source;
    const range = this.form.querySelector('.film-range') as HTMLElement;
    range.hidden = source === 'session';
    this.to.hidden = source === 'path';
    (this.form.querySelector('.film-to') as HTMLElement).hidden = source === 'path';
    this.own.hidden = this.size.value !== 'own';
    setText(this.form.querySelector('.film-speed-unit') as HTMLElement, source === 'session' ? 'times as fast as it was' : 's of the run a second');
    const shape = this.shape();
    const { framesOf } = await import('../film/film');
    const { codecFor } = await import('../film/film_file');
    const duration_s = this.duration_s();
    const speed = Number(this.speed.value);
    let wrong = '';
    if (!Number.isFinite(speed) || speed === 0 || (source === 'session' && speed < 0)) wrong = 'The speed is a number other than 0; below 0 the run goes backwards.';
    else if (!(duration_s > 0)) wrong = 'The end lies before the start.';
    else if (duration_s > 4 * 3600) wrong = `That would be ${clockOf(duration_s)} long; four hours is the most.`;
    const frames = wrong ? 0 : framesOf(duration_s, shape.fps);
    const pixels = frames * shape.width * shape.height;
    if (!wrong && shape.format === 'gif' && pixels > MOST_GIF_PIXELS) wrong = 'A GIF of this would be huge. Choose a shorter range, a smaller size, or a video.';
    const codec = wrong ? null : await codecFor(shape);
    if (asked !== this.asked || this.work) return;
    if (!wrong && codec === null) wrong = `This browser cannot encode ${shape.format === 'mp4' ? 'MP4' : 'WebM'} of ${shape.width} x ${shape.height}. Try the other format, or a smaller size.`;
    this.make.disabled = wrong !== '';
    const bytes = (pixels * BITS_A_PIXEL[shape.format]) / 8;
    setText(this.note, wrong || `${clockOf(duration_s)} long, ${frames.toLocaleString('en-US')} frames, ${codec}, about ${sizeOf(bytes)}.`);
  }

  private async take(signal: AbortSignal): Promise<Take> {
    const { viewTake, sessionTake } = await import('../film/take');
    const { clock, view, session } = this.parts;
    const speed = Number(this.speed.value);
    if (this.source.value === 'session' && session) return sessionTake(this.parts, session, speed, signal);
    const path = this.source.value === 'path' ? pathOf(view.all()) : null;
    clock.setLoop(null);
    clock.setSpeed(speed);
    const from_us = Number(this.from.value) * 1e6;
    const to_us = path ? from_us + path.duration_s * speed * 1e6 : Number(this.to.value) * 1e6;
    return viewTake(this.parts, path ? from_us : Math.min(from_us, to_us), path && speed < 0 ? from_us : Math.max(from_us, to_us), speed, path);
  }

  private async run(): Promise<void> {
    const { parts } = this;
    const { clock, view } = parts;
    const shape = this.shape();
    const before = { t_us: clock.t_us, speed: clock.speed, loop: clock.loop, camera: parts.scene.pose(), values: view.all() };
    const work = new AbortController();
    this.work = work;
    this.form.inert = true;
    this.make.hidden = true;
    this.bar.hidden = false;
    setText(this.cancel, 'Cancel');
    setText(this.note, 'Preparing');
    parts.hold();
    clock.pause();
    const began_ms = performance.now();
    try {
      const { makeFilm } = await import('../film/film');
      const take = await this.take(work.signal);
      const blob = await makeFilm(parts, { ...shape, words: this.words.checked }, take, work.signal, ({ frame, frames, bytes, codec }) => {
        this.bar.value = frame / frames;
        const left_s = ((performance.now() - began_ms) / 1000 / frame) * (frames - frame);
        setText(this.note, `Frame ${frame.toLocaleString('en-US')} of ${frames.toLocaleString('en-US')}, ${codec}, ${sizeOf(bytes)} so far, ${clockOf(left_s)} to go.`);
      });
      const name = `${parts.recording}-${this.source.value}.${shape.format}`;
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
      clock.setSpeed(before.speed);
      clock.setLoop(before.loop);
      view.set(before.values);
      parts.scene.place(before.camera);
      clock.seek(before.t_us);
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
