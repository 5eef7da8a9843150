/** Plays the camera's path through the kept places: a button, a slider along the path, and how long it takes. */

import { cameraAt, passings, pathOf } from '../state/camera_path';
import type { SceneHandle } from '../state/frames';
import type { View } from '../state/view';
import { h, setText } from './dom';
import { iconButton, setIcon } from './icons';

const [SHORTEST_S, LONGEST_S] = [1, 600];

export class PathPlayer {
  readonly element: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly along = h('input', { type: 'range', min: '0', max: '1', step: '0.001', value: '0', 'aria-label': 'Place on the path', title: 'Along the path' });
  private readonly duration = h('input.path-duration', {
    type: 'number', min: String(SHORTEST_S), max: String(LONGEST_S), step: '1', 'aria-label': 'Duration of the path, seconds', title: 'How long the whole path takes, seconds',
  });
  private readonly hint = h('span.hint');
  private readonly reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  private at_s = 0;
  private last_ms: number | null = null;

  constructor(private readonly view: View, private readonly scene: () => SceneHandle | null, private readonly signal: AbortSignal) {
    this.button = iconButton('play', 'Play the path through the places', 'A', () => this.toggle());
    this.along.addEventListener('input', () => {
      this.stop();
      this.at_s = Number(this.along.value) * view.get('path_s');
      this.show();
    });
    this.duration.addEventListener('change', () => {
      const asked = Number(this.duration.value);
      const path_s = Number.isFinite(asked) && asked > 0 ? Math.min(LONGEST_S, Math.max(SHORTEST_S, asked)) : view.get('path_s');
      this.at_s *= path_s / view.get('path_s');
      view.set({ path_s });
      this.paint();
    });
    this.element = h('div.path', this.button, this.along, this.duration, h('span.muted', 's'), this.hint);
    view.subscribe(['bookmarks', 'path_s'], () => this.paint(), signal);
    // Whoever takes hold of the scene leads it from there.
    const grab = (event: Event): void => {
      if ((event.target as HTMLElement | null)?.closest('.scene-root')) this.stop();
    };
    for (const kind of ['pointerdown', 'wheel'] as const) window.addEventListener(kind, grab, { signal, capture: true, passive: true });
    window.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.last_ms === null) return;
      event.stopPropagation();
      this.stop();
    }, { signal, capture: true });
    signal.addEventListener('abort', () => this.stop(), { once: true });
    this.paint();
  }

  get playing(): boolean {
    return this.last_ms !== null;
  }

  toggle(): void {
    if (this.playing) return this.stop();
    const path = pathOf(this.view.all());
    if (path === null) return;
    if (this.at_s >= path.duration_s) this.at_s = 0;
    this.last_ms = performance.now();
    this.paint();
    requestAnimationFrame((now) => this.step(now));
  }

  private stop(): void {
    if (this.last_ms === null) return;
    this.last_ms = null;
    this.paint();
  }

  private step(now_ms: number): void {
    if (this.last_ms === null || this.signal.aborted) return;
    const path = pathOf(this.view.all());
    if (path === null) return this.stop();
    this.at_s = Math.min(path.duration_s, this.at_s + Math.max(0, now_ms - this.last_ms) / 1000);
    this.last_ms = now_ms;
    this.along.value = String(this.at_s / path.duration_s);
    this.show();
    if (this.at_s >= path.duration_s) return this.stop();
    requestAnimationFrame((next) => this.step(next));
  }

  /** The camera at this time of the path; who wants little motion sees one place after the other. */
  private show(): void {
    const path = pathOf(this.view.all());
    if (path === null) return;
    const still = this.playing && this.reducedMotion.matches;
    this.scene()?.place(still ? path.stops[passings(path).findLastIndex((time_s) => time_s <= this.at_s + 1e-9)] : cameraAt(path, this.at_s));
  }

  private paint(): void {
    const path = pathOf(this.view.all());
    const one = this.view.get('bookmarks').length === 1;
    this.element.hidden = path === null && !one;
    for (const part of [this.button, this.along, this.duration]) part.hidden = path === null;
    this.element.classList.toggle('is-hint', path === null);
    setText(this.hint, one ? 'Keep a second place, and the camera can travel between them.' : '');
    setIcon(this.button, this.playing ? 'pause' : 'play');
    const name = this.playing ? 'Stop the path' : 'Play the path through the places';
    this.button.title = `${name} (A)`;
    this.button.setAttribute('aria-label', name);
    this.duration.value = String(this.view.get('path_s'));
    this.along.value = String(Math.min(1, this.at_s / this.view.get('path_s')));
  }
}
