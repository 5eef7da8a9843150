/** The button that records a session and ends it, with the time since it began. */

import { clock as clockText } from './session_bar';
import { h, setText } from '../dom';
import type { SessionRecorder } from '../../state/session/session_recorder';

export class RecordButton {
  readonly element: HTMLButtonElement;
  private readonly elapsed = h('span.session-elapsed.numbers', { hidden: true });

  constructor(press: () => void) {
    this.element = h('button.session-record', { type: 'button', onclick: press }, h('i.session-dot'), this.elapsed);
  }

  /** `refused` says why a recording may not be begun; empty where it may. */
  paint(recorder: SessionRecorder, refused: string): void {
    const on = recorder.state === 'recording' || recorder.state === 'stopping';
    this.element.dataset['state'] = recorder.state;
    this.element.dataset['saved'] = String(recorder.saved);
    this.element.setAttribute('aria-pressed', String(on));
    const name = on ? 'End the recording of this session' : 'Record a session';
    this.element.setAttribute('aria-label', name);
    this.element.title = `${on || refused === '' ? name : refused} (O)`;
    this.elapsed.hidden = !on;
    if (on) setText(this.elapsed, clockText(recorder.elapsed_ms).replace(/\.\d$/, ''));
  }
}
