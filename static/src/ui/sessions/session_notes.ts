/** The notes of this moment, and leaving one: in the session that is recorded, replayed, or shared with others. */

import { clock as clockText } from './session_bar';
import { type NotePlace, openNote } from './session_note';
import type { ShareDesk } from './share_desk';
import { viewerName } from './viewer_name';
import type { Toasts } from '../toasts';
import type { NoteOp } from '../../net/messages.gen';
import { sessionRest } from '../../net/session_rest';
import type { LayerInfo, SceneHandle } from '../../state/frames';
import { neuronRef } from '../../state/link/address_bar';
import type { SessionRecorder } from '../../state/session/session_recorder';
import type { SessionReplay } from '../../state/session/session_replay';
import { notesAt } from '../../state/session/session_state';
import type { View } from '../../state/view';

export interface SessionNotesParts {
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly toasts: Toasts;
  readonly recorder: SessionRecorder;
  readonly live: Pick<ShareDesk, 'live' | 'note' | 'notesNow'>;
  /** Where the field opens. */
  readonly holder: HTMLElement;
  replay(): SessionReplay | null;
  scene(): SceneHandle | null;
  /** False where the role does not allow it, which is told then. */
  mayPresent(): boolean;
  failed(error: unknown): void;
}

export class SessionNotes {
  /** Of the session that is recorded. */
  private own: NoteOp[] = [];

  constructor(private readonly parts: SessionNotesParts) {}

  /** Another session is recorded now. */
  forget(): void {
    this.own = [];
  }

  now(): NoteOp[] {
    const { recorder, live } = this.parts;
    const replay = this.parts.replay();
    if (replay) return replay.notesNow;
    const own = recorder.state === 'recording' ? notesAt(this.own, recorder.elapsed_ms) : [];
    return [...own, ...live.notesNow().filter(({ text }) => !own.some((note) => note.text === text))];
  }

  /** Opens the field for a note, or says why there is nothing to leave one in. */
  write(): void {
    const { recorder, live, toasts, holder } = this.parts;
    const replay = this.parts.replay();
    if (recorder.state !== 'recording' && replay === null) {
      if (live.live) {
        openNote(holder, this.place(), 'now', (text, position) => {
          if (!live.note(text, position)) toasts.show('session', 'Your invitation is for following: it leaves no notes.', { hint: 'Point at things: hold Alt.' });
        });
      } else toasts.show('session', 'A note belongs to a session.', { hint: 'Record one (O), or replay one (S), and leave the note there.' });
      return;
    }
    if (!this.parts.mayPresent()) return;
    const at_ms = Math.round(replay?.at_ms ?? recorder.elapsed_ms);
    if (replay?.status === 'playing') replay.pause();
    const author = viewerName();
    openNote(holder, this.place(), clockText(at_ms), (text, position) => {
      if (replay === null) {
        void recorder.note(text, position, author).then((note) => note && this.own.push(note));
        live.note(text, position);
        return;
      }
      const change: NoteOp = { op: 'note', at_ms, id: `n${Date.now().toString(36)}`, text, position, author };
      sessionRest.note(replay.session.id, { change }).then((session) => replay.use(session), (error: unknown) => this.parts.failed(error));
    });
  }

  /** The neuron under the pointer, else the one selected last. */
  private place(): NotePlace | null {
    const { view, layers } = this.parts;
    const neuron = view.get('hover') >= 0 ? view.get('hover') : (view.get('selection').at(-1) ?? -1);
    const scene = this.parts.scene();
    if (neuron < 0 || scene === null) return null;
    const ref = neuronRef(neuron, layers);
    return { label: `${ref.layer} ${ref.neuron}`, position: scene.placeOf(neuron) };
  }
}
