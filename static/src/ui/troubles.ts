/** What goes wrong while a recording is watched, told over the scene: with the stream, the database, the recording itself. */

import type { PlaybackClock } from '../state/playback';
import { h } from './dom';
import { icon } from './icons';
import type { Toasts } from './toasts';

/** A connection that is back so soon is not worth a notice. */
const NOTICE_MS = 1000;

export interface TroubleParts {
  readonly shell: HTMLElement;
  readonly clock: PlaybackClock;
  readonly toasts: Toasts;
  readonly signal: AbortSignal;
  connected(): boolean;
  /** The server answers again: what it told meanwhile was missed. */
  back(): void;
}

export class Troubles {
  /** True after the recording was deleted. */
  gone = false;
  private missed = false;

  constructor(private readonly parts: TroubleParts) {}

  paintStatus(): void {
    const { shell, clock, toasts } = this.parts;
    shell.dataset['status'] = clock.status;
    if (clock.status === 'unavailable') {
      toasts.show('unavailable', 'The database does not answer.', { hint: 'What is loaded still plays; the rest comes by itself when it answers again.', tone: 'error', stays: true });
    } else toasts.clear('unavailable');
  }

  connection(connected: boolean): void {
    const { toasts, signal } = this.parts;
    if (connected) {
      toasts.clear('connection');
      toasts.clear('unreachable');
      if (this.missed) this.parts.back();
      this.missed = false;
      return;
    }
    this.missed = true;
    setTimeout(() => {
      if (!this.parts.connected() && !signal.aborted && !this.gone) {
        toasts.show('connection', 'The stream from the server is interrupted.', { hint: 'What can be had comes over HTTP meanwhile; the page connects again by itself.', tone: 'error', stays: true });
      }
    }, NOTICE_MS);
  }

  report(code: string, message: string, hint: string): void {
    if (code === 'recording_not_found') this.deleted(message);
    else if (code === 'store_unavailable' || code === 'unreachable') this.paintStatus();
    // A chunk or build that is not there any more is asked for anew with the next manifest.
    else if (code !== 'chunk_not_found' && code !== 'build_not_found') this.parts.toasts.show(code, message, { hint, tone: 'error' });
  }

  private deleted(message: string): void {
    if (this.gone) return;
    this.gone = true;
    this.parts.clock.pause();
    this.parts.shell.append(h(
      'div.gone', { role: 'alert' },
      h('div.gone-card', icon('warning', 24), h('h2', 'This recording was deleted'), h('p', message), h('a.button.primary', { href: '/' }, 'All recordings')),
    ));
  }
}
