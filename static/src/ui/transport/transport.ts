/** The transport bar: play, step, speed, loop, the time and what is shown, over the scrub bar. */

import { arrowStep_us } from '../../state/arrow_step';
import { formatDuration, formatSpeed, formatTime } from '../../state/format';
import type { PlaybackStatus } from '../../state/frames';
import { classColour } from '../../state/palette';
import { ScrubBar, type ScrubBarParts } from './scrub_bar';
import { h, perFrame, setText } from '../dom';
import { iconButton, setIcon } from '../icons';

export const SPEEDS: readonly number[] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

const STATUS_TEXT: Record<PlaybackStatus, string> = {
  playing: '', paused: '', ended: 'end', buffering: 'loading', live: 'live', unavailable: 'database does not answer',
};

export class Transport {
  readonly element: HTMLElement;
  readonly scrub: ScrubBar;
  private readonly play: HTMLButtonElement;
  private readonly loop: HTMLButtonElement;
  private readonly reverse: HTMLButtonElement;
  private readonly speed = h('button.speed', { type: 'button', title: 'Speed ([ and ])', 'aria-label': 'Speed' });
  private readonly now = h('span.now', { 'data-testid': 'time' });
  private readonly total = h('span.total');
  private readonly label = h('span.label-now');
  private readonly status = h('span.play-status', { role: 'status' });
  private readonly interval = h('span.interval', { title: 'What one arrow key moves, and the interval of the panels' });

  constructor(private readonly parts: ScrubBarParts, signal: AbortSignal) {
    const { clock } = parts;
    this.play = iconButton('play', 'Play', 'Space', () => clock.toggle());
    this.play.classList.add('play');
    this.loop = iconButton('loop', 'Loop', 'R', () => this.toggleLoop());
    this.reverse = iconButton('reverse', 'Reverse', 'J', () => clock.setSpeed(-clock.speed));
    this.speed.addEventListener('click', () => this.nextSpeed(1));
    this.speed.addEventListener('contextmenu', (event) => { event.preventDefault(); this.nextSpeed(-1); });
    this.speed.addEventListener('wheel', (event) => { event.preventDefault(); this.nextSpeed(event.deltaY < 0 ? 1 : -1); }, { passive: false });
    this.scrub = new ScrubBar(parts, signal);
    this.element = h(
      'footer.transport', { 'aria-label': 'Transport' },
      h(
        'div.controls',
        h(
          'div.group',
          iconButton('start', 'To the start', 'Home', () => clock.seek(parts.store.t_start_us)),
          iconButton('stepBack', 'One frame back', ',', () => clock.step(-1)),
          this.play,
          iconButton('stepForward', 'One frame forward', '.', () => clock.step(1)),
          iconButton('end', 'To the end', 'End', () => clock.seek(parts.store.t_stop_us)),
        ),
        h('div.group', this.reverse, iconButton('slower', 'Slower', '[', () => this.nextSpeed(-1)), this.speed, iconButton('faster', 'Faster', ']', () => this.nextSpeed(1)), this.loop),
        h('div.clock', this.now, h('span.slash', '/'), this.total),
        this.label,
        this.status,
        h('div.spacer'),
        this.scrub.window,
        this.interval,
      ),
      this.scrub.frame,
    );
    const paint = perFrame(() => this.paint());
    clock.onTick(paint, signal);
    clock.onChange(paint, signal);
    parts.view.subscribe(['theme'], paint, signal);
    this.paint();
  }

  /** The next speed of the list, keeping the direction. */
  nextSpeed(by: 1 | -1): void {
    const { clock } = this.parts;
    const size = Math.abs(clock.speed);
    const next = by > 0 ? SPEEDS.find((speed) => speed > size * 1.001) : SPEEDS.findLast((speed) => speed < size * 0.999);
    if (next !== undefined) clock.setSpeed(clock.speed < 0 ? -next : next);
  }

  toggleLoop(): void {
    const { clock, store } = this.parts;
    clock.setLoop(clock.loop === null ? { t_start_us: store.t_start_us, t_stop_us: store.t_stop_us } : null);
  }

  paint(): void {
    const { clock, store } = this.parts;
    const stimuli = this.parts.stimuli();
    setText(this.now, formatTime(clock.t_us, store.bin_us, store.t_stop_us));
    setText(this.total, formatTime(store.t_stop_us, 1e6, store.t_stop_us));
    setText(this.speed, formatSpeed(clock.speed));
    setText(this.interval, `interval ${formatDuration(arrowStep_us(store))}${clock.level > 0 ? `  ·  frames of ${formatDuration(store.index.frame_us(clock.level))}` : ''}`);
    setIcon(this.play, clock.playing ? 'pause' : 'play');
    const name = clock.playing ? 'Pause' : 'Play';
    if (this.play.getAttribute('aria-label') !== name) {
      this.play.setAttribute('aria-label', name);
      this.play.title = `${name} (Space)`;
    }
    this.loop.setAttribute('aria-pressed', String(clock.loop !== null));
    this.reverse.setAttribute('aria-pressed', String(clock.speed < 0));
    const at = stimuli.at(clock.t_us);
    const label = at >= 0 ? stimuli.labels[at] : null;
    setText(this.label, label === null ? '' : `label ${label}`);
    const colour = label === null ? '' : classColour(stimuli.classOf(label), stimuli.classes.length);
    if (this.label.dataset['colour'] !== colour) {
      this.label.dataset['colour'] = colour;
      this.label.style.setProperty('--class', colour || 'transparent');
    }
    // Following an open recording shows as live, a little behind its end as well as at it.
    const status = clock.follow && clock.playing && clock.status === 'playing' ? 'live' : clock.status;
    setText(this.status, STATUS_TEXT[status]);
    this.status.dataset['status'] = status;
  }
}
