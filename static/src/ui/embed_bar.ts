/** The bar below a view that stands in another page: play, where one is, and the way to the whole page. */

import { h, perFrame, setText } from './dom';
import { icon, iconButton, setIcon } from './icons';
import type { FrameStore } from '../state/data/frame_store';
import { formatTime } from '../state/format';
import type { PlaybackClock } from '../state/playback';

export interface EmbedParts {
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly name: string;
  /** The address of the view as it is, in the whole page. */
  link(): string;
}

export class EmbedBar {
  readonly element: HTMLElement;
  private readonly play: HTMLButtonElement;
  private readonly slider = h('input', { type: 'range', step: 'any', 'aria-label': 'Time' });
  private readonly now = h('span.now.numbers', { 'data-testid': 'time' });

  constructor(private readonly parts: EmbedParts, signal: AbortSignal) {
    const { clock, store } = parts;
    this.play = iconButton('play', 'Play', 'Space', () => clock.toggle());
    this.slider.addEventListener('input', () => clock.seek(Number(this.slider.value)));
    const whole = h('a.embed-link', { href: parts.link(), target: '_blank', rel: 'noopener', title: `Open ${parts.name} with everything else in a page of its own` }, icon('link', 14), 'Open in Synaptarium');
    // The link is to the view as it is when it is followed, by whatever means.
    for (const when of ['pointerdown', 'focus', 'contextmenu']) whole.addEventListener(when, () => { whole.href = parts.link(); });
    this.element = h('footer.embed-bar', { 'aria-label': 'Transport' }, this.play, this.slider, this.now, whole);
    const paint = perFrame(() => this.paint());
    clock.onTick(paint, signal);
    clock.onChange(paint, signal);
    this.slider.min = String(store.t_start_us);
    this.paint();
  }

  private paint(): void {
    const { clock, store } = this.parts;
    this.slider.max = String(store.t_stop_us);
    this.slider.value = String(clock.t_us);
    const time = `${formatTime(clock.t_us, store.bin_us, store.t_stop_us)} / ${formatTime(store.t_stop_us, 1e6, store.t_stop_us)}`;
    this.slider.setAttribute('aria-valuetext', time);
    setText(this.now, time);
    setIcon(this.play, clock.playing ? 'pause' : 'play');
    const name = clock.playing ? 'Pause' : 'Play';
    this.play.setAttribute('aria-label', name);
    this.play.title = `${name} (Space)`;
  }
}
