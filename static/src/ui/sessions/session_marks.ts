/**
 * What a session draws over the scene: notes as captions and pins, and lights that point. All of it is placed anew in
 * every frame in which something is shown, and costs nothing while nothing is.
 */

import { h, setText } from '../dom';
import type { NoteOp } from '../../net/messages.gen';
import type { SceneHandle } from '../../state/frames';
import { pinText } from '../../state/session/session_state';

export interface Light {
  readonly place: readonly [number, number, number];
  /** A CSS colour. */
  readonly colour: string;
  readonly name: string;
}

const MAX_CAPTIONS = 3;

export class SessionMarks {
  readonly element = h('div.session-marks', { 'aria-hidden': 'true' });
  /** Words for the eye and for a screen reader. */
  readonly captions = h('div.session-captions', { role: 'log', 'aria-live': 'polite', 'aria-label': 'Notes' });
  private readonly pins = new Map<string, HTMLElement>();
  private readonly lights = new Map<string, HTMLElement>();
  private shownNotes = '';

  constructor(private readonly scene: () => SceneHandle | null) {}

  /** Shows the notes of this moment and the lights; once a frame. */
  paint(notes: readonly NoteOp[], lights: ReadonlyMap<string, Light>): void {
    const text = notes.map((note) => `${note.id} ${note.text ?? ''} ${note.author ?? ''}`).join('\n');
    if (text !== this.shownNotes) {
      this.shownNotes = text;
      const spoken = notes.filter((note) => note.text).slice(-MAX_CAPTIONS);
      this.captions.replaceChildren(...spoken.map((note) => h(
        'p.session-caption', { 'data-note': note.id }, note.text, note.author ? h('span.session-caption-author', note.author) : null,
      )));
    }
    this.place(this.pins, new Map(notes.flatMap((note) => (note.position ? [[note.id, note.position] as const] : []))), (id) => {
      const note = notes.find((candidate) => candidate.id === id);
      return h('div.session-pin', h('span', note ? pinText(note) : ''));
    });
    const places = new Map([...lights].map(([id, light]) => [id, light.place] as const));
    this.place(this.lights, places, (id) => h('div.session-light', { style: `--light: ${lights.get(id)?.colour ?? ''}` }, h('span')));
    for (const [id, element] of this.lights) setText(element.firstElementChild as Element, lights.get(id)?.name ?? '');
  }

  private place(
    known: Map<string, HTMLElement>, places: ReadonlyMap<string, readonly [number, number, number]>, make: (id: string) => HTMLElement,
  ): void {
    for (const [id, element] of known) {
      if (places.has(id)) continue;
      element.remove();
      known.delete(id);
    }
    const scene = this.scene();
    for (const [id, place] of places) {
      let element = known.get(id);
      if (element === undefined) {
        element = make(id);
        known.set(id, element);
        this.element.append(element);
      }
      const at = scene?.projectPlace(place as [number, number, number]) ?? null;
      element.hidden = at === null;
      if (at !== null) element.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    }
  }
}
