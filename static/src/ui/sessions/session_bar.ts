/**
 * The bar of a replayed session: play, seek, speed, the marks of notes, the handles that trim, ride along or look
 * around, note, fork, link. Everything on it has a key or takes the arrows.
 */

import { h, setText } from '../dom';
import { iconButton, setIcon } from '../icons';
import { formatTime } from '../../state/format';
import { REPLAY_SPEEDS, type SessionReplay } from '../../state/session/session_replay';

export interface SessionBarParts {
  readonly replay: SessionReplay;
  readonly mayPresent: boolean;
  leave(): void;
  note(): void;
  fork(): void;
  link(): void;
  trim(range: [number, number] | null): void;
}

const STATUS: Record<SessionReplay['status'], string> = { playing: '', paused: 'paused', loading: 'loading', ended: 'end' };

export class SessionBar {
  readonly element: HTMLElement;
  private readonly play: HTMLButtonElement;
  private readonly ride: HTMLButtonElement;
  private readonly now = h('span.session-now.numbers', { 'data-testid': 'session-time' });
  private readonly status = h('span.session-status.muted', { role: 'status' });
  private readonly speed = h('select', { 'aria-label': 'Speed of the replay', title: 'Speed of the replay ([ and ])' });
  private readonly track: HTMLElement;
  private readonly fill = h('i.session-fill');
  private readonly head = h('i.session-head');
  private readonly range = h('i.session-range');
  private readonly marks = h('div.session-ticks', { 'aria-hidden': 'true' });
  private readonly handles: readonly [HTMLElement, HTMLElement];
  private readonly restore: HTMLButtonElement;
  private marksText = '';
  private dragged: [number, number] | null = null;

  constructor(private readonly parts: SessionBarParts) {
    const { replay } = parts;
    const { session } = replay;
    this.play = iconButton('play', 'Play the session', 'Space', () => replay.toggle());
    this.play.classList.add('play');
    this.ride = h('button.session-ride', { type: 'button', onclick: () => replay.setRide(!replay.ride) });
    for (const speed of REPLAY_SPEEDS) this.speed.append(h('option', { value: String(speed) }, `${speed}x`));
    this.speed.addEventListener('change', () => replay.setSpeed(Number(this.speed.value)));
    this.handles = [this.handle(0, 'Trim the start'), this.handle(1, 'Trim the end')];
    for (const handle of this.handles) handle.hidden = !parts.mayPresent;
    this.track = h(
      'div.session-track', { role: 'slider', tabIndex: 0, 'aria-label': 'Moment of the session', 'aria-valuemin': 0 },
      this.range, this.fill, this.marks, this.head,
    );
    this.listen();
    this.restore = h('button.quiet.session-restore', { type: 'button', title: 'Show what was trimmed again', onclick: () => parts.trim(null) }, 'Untrim');
    const who = [session.author, session.recording.name].filter(Boolean).join(' · ');
    this.element = h(
      'section.session-bar', { 'aria-label': 'Replayed session' },
      h(
        'div.session-line',
        h('span.session-kind', 'Session'), h('strong.ellipsis', { title: session.name }, session.name), h('span.muted.ellipsis', who),
        h('div.spacer'),
        this.restore,
        this.ride,
        parts.mayPresent ? iconButton('note', 'Leave a note here', 'N', parts.note) : null,
        parts.mayPresent ? iconButton('fork', 'Go on recording from here, as a session of its own', 'Ctrl Enter', parts.fork) : null,
        iconButton('link', 'Copy a link to this moment', '', parts.link),
        iconButton('close', 'Leave the session', 'Esc', parts.leave),
      ),
      h(
        'div.session-line',
        this.play, this.now,
        h('div.session-slider', this.track, ...this.handles),
        this.status, this.speed,
      ),
    );
    replay.onChange(() => this.paint());
    this.paint();
  }

  nextSpeed(by: 1 | -1): void {
    const at = REPLAY_SPEEDS.indexOf(this.parts.replay.speed) + by;
    if (REPLAY_SPEEDS[at] !== undefined) this.parts.replay.setSpeed(REPLAY_SPEEDS[at]);
  }

  paint(): void {
    const { replay } = this.parts;
    const total = Math.max(1, replay.session.duration_ms ?? 1);
    const share = (ms: number): string => `${((ms / total) * 100).toFixed(3)}%`;
    const [start, stop] = this.dragged ?? [replay.start_ms, replay.end_ms];
    this.fill.style.left = this.range.style.left = share(start);
    this.fill.style.width = share(Math.max(0, replay.at_ms - start));
    this.range.style.width = share(stop - start);
    this.head.style.left = share(replay.at_ms);
    this.handles[0].style.left = share(start);
    this.handles[1].style.left = share(stop);
    this.handles[0].setAttribute('aria-valuetext', `${(start / 1000).toFixed(1)} s`);
    this.handles[1].setAttribute('aria-valuetext', `${(stop / 1000).toFixed(1)} s`);
    this.handles[0].setAttribute('aria-valuenow', String(Math.round(start)));
    this.handles[1].setAttribute('aria-valuenow', String(Math.round(stop)));
    this.restore.hidden = !this.parts.mayPresent || !replay.session.trim;
    const running = replay.status === 'playing' || (replay.status === 'loading' && this.play.dataset['icon'] === 'pause');
    setIcon(this.play, running ? 'pause' : 'play');
    const name = running ? 'Pause the session' : 'Play the session';
    this.play.setAttribute('aria-label', name);
    this.play.title = `${name} (Space)`;
    setText(this.now, `${clock(replay.at_ms)} / ${clock(replay.end_ms)}`);
    setText(this.status, replay.taken ? 'you have the playhead' : STATUS[replay.status]);
    this.speed.value = String(replay.speed);
    setText(this.ride, replay.ride ? 'Riding along' : 'Looking around');
    this.ride.title = replay.ride ? 'The camera goes along; drag the scene or press V to look around' : 'Your camera is your own; V rides along again';
    this.ride.setAttribute('aria-pressed', String(replay.ride));
    this.track.setAttribute('aria-valuemax', String(total));
    this.track.setAttribute('aria-valuenow', String(Math.round(replay.at_ms)));
    this.track.setAttribute('aria-valuetext', `${clock(replay.at_ms)} of ${clock(total)}`);
    const marks = replay.notes.map((note) => `${note.at_ms} ${note.text ?? ''}`).join('\n');
    if (marks === this.marksText) return;
    this.marksText = marks;
    this.marks.replaceChildren(...replay.notes.map((note) => h('i.session-tick', { style: `left: ${share(note.at_ms)}`, title: `${clock(note.at_ms)}  ${note.text ?? ''}` })));
  }

  private listen(): void {
    const { replay } = this.parts;
    const at = (event: PointerEvent): number => {
      const box = this.track.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (replay.session.duration_ms ?? 0);
    };
    this.track.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      this.track.setPointerCapture(event.pointerId);
      replay.seek(at(event));
    });
    this.track.addEventListener('pointermove', (event) => {
      if (this.track.hasPointerCapture(event.pointerId)) replay.seek(at(event));
    });
    this.track.addEventListener('keydown', (event) => {
      const step = { ArrowLeft: -1000, ArrowRight: 1000, PageDown: -10_000, PageUp: 10_000 }[event.key];
      if (step === undefined && event.key !== 'Home' && event.key !== 'End') return;
      event.preventDefault();
      event.stopPropagation();
      replay.seek(event.key === 'Home' ? replay.start_ms : event.key === 'End' ? replay.end_ms : replay.at_ms + (step ?? 0));
    });
    this.handles.forEach((handle, side) => {
      const move = (ms: number): void => {
        const range: [number, number] = [...(this.dragged ?? [replay.start_ms, replay.end_ms])];
        const total = replay.session.duration_ms ?? 0;
        range[side] = Math.round(side === 0 ? Math.min(Math.max(0, ms), range[1] - 100) : Math.max(Math.min(total, ms), range[0] + 100));
        this.dragged = range;
        this.paint();
      };
      const done = (): void => {
        if (this.dragged === null) return;
        const range = this.dragged;
        this.dragged = null;
        const whole = range[0] <= 0 && range[1] >= (replay.session.duration_ms ?? 0);
        this.parts.trim(whole ? null : range);
      };
      handle.addEventListener('pointerdown', (event) => {
        handle.setPointerCapture(event.pointerId);
        event.stopPropagation();
      });
      handle.addEventListener('pointermove', (event) => { if (handle.hasPointerCapture(event.pointerId)) move(at(event)); });
      handle.addEventListener('pointerup', done);
      handle.addEventListener('pointercancel', () => { this.dragged = null; this.paint(); });
      handle.addEventListener('keydown', (event) => {
        const step = { ArrowLeft: -100, ArrowRight: 100, PageDown: -1000, PageUp: 1000 }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        move((this.dragged ?? [replay.start_ms, replay.end_ms])[side] + step);
      });
      handle.addEventListener('keyup', (event) => event.key.startsWith('Arrow') || event.key.startsWith('Page') ? done() : undefined);
    });
  }

  private handle(side: 0 | 1, label: string): HTMLElement {
    return h('div.session-handle', {
      role: 'slider', tabIndex: 0, 'aria-label': label, 'aria-valuemin': 0, 'data-side': side === 0 ? 'start' : 'stop',
      'aria-valuemax': this.parts.replay.session.duration_ms ?? 0, title: `${label} (${side === 0 ? 'I' : 'U'} at this moment)`,
    });
  }
}

/** A moment of a session: 1:05.2. */
export function clock(ms: number): string {
  return formatTime(Math.max(0, ms) * 1000, 100_000).replace(/^0/, '').replace(/(\.\d)\d*$/, '$1');
}
