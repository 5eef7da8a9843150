/**
 * What a film shows at each of its times: this view while the recording runs on, a way of the camera, or a session.
 * A take sets playhead, view and camera to exactly that time, and says what is to be read over the picture.
 */

import type { FilmMark } from './overlay';
import type { Segment, SessionSummary } from '../net/messages.gen';
import { sessionRest } from '../net/session_rest';
import { type CameraPath, cameraAt } from '../state/camera_path';
import type { LayerInfo } from '../state/frames';
import { POINTER_COLOUR } from '../state/palette';
import type { PlaybackClock } from '../state/playback';
import { type Moment, momentAt, pinText } from '../state/session/session_state';
import { fromChanges } from '../state/session/session_view';
import type { Camera, View } from '../state/view';

/** What is to be seen besides the scene. */
export interface Shown {
  /** Null where the camera stays. */
  readonly camera: Camera | null;
  readonly captions: readonly string[];
  readonly marks: readonly FilmMark[];
}

export interface Take {
  readonly duration_s: number;
  /** Sets everything to a time of the film. */
  at(film_s: number): Promise<Shown>;
}

export interface TakeParts {
  readonly clock: PlaybackClock;
  readonly view: View;
  readonly layers: readonly LayerInfo[];
}

/** The recording from one time to another, at so many recorded seconds a second; negative in reverse. */
export function viewTake({ clock }: TakeParts, from_us: number, to_us: number, speed: number, path: CameraPath | null): Take {
  const duration_s = path?.duration_s ?? Math.abs(to_us - from_us) / 1e6 / Math.abs(speed);
  const start_us = speed < 0 ? to_us : from_us;
  clock.seek(start_us);
  return {
    duration_s,
    at: async (film_s) => {
      clock.glide(start_us + film_s * speed * 1e6);
      return { camera: path && cameraAt(path, film_s), captions: [], marks: [] };
    },
  };
}

/** A playhead that is further from where it would have run to than so many seconds of play has jumped. */
const JUMP_S = 0.3;

/** A part of a session as it was recorded, at a rate of its own time. */
export function sessionTake(
  { clock, view, layers }: TakeParts, session: SessionSummary, [start_ms, stop_ms]: readonly [number, number], rate: number, signal: AbortSignal,
): Take {
  const notes = session.notes ?? [];
  let segment: Segment | null = null;
  let last: { film_s: number; t_us: number; speed: number } | null = null;
  let shown = '';
  return {
    duration_s: (stop_ms - start_ms) / 1000 / rate,
    at: async (film_s) => {
      const at_ms = Math.min(stop_ms, start_ms + film_s * 1000 * rate);
      if (segment === null || at_ms < segment.t_start_ms || at_ms >= segment.t_stop_ms) {
        segment = await sessionRest.segment(session.id, at_ms, signal);
      }
      const moment = momentAt(segment, notes, at_ms);
      const text = JSON.stringify(moment.view);
      if (text !== shown) view.set(fromChanges(moment.view, layers));
      shown = text;
      const speed = (moment.clock?.speed ?? 1) * rate;
      clock.setSpeed(speed);
      const expected = last && last.t_us + (moment.playing ? speed : 0) * (film_s - last.film_s) * 1e6;
      if (expected !== null && Math.abs(moment.t_us - expected) < JUMP_S * 1e6 * Math.max(0.001, Math.abs(speed))) clock.glide(moment.t_us);
      else clock.seek(moment.t_us);
      last = { film_s, t_us: moment.t_us, speed };
      return { camera: moment.camera, captions: captionsOf(moment), marks: marksOf(moment, session.author ?? '') };
    },
  };
}

function captionsOf({ notes }: Moment): string[] {
  return notes.flatMap(({ text, author }) => (text ? [author ? `${text}  (${author})` : text] : []));
}

function marksOf({ notes, pointer }: Moment, author: string): FilmMark[] {
  const pins = notes.flatMap((note): FilmMark[] => (note.position ? [{ place: note.position, text: pinText(note) }] : []));
  return pointer ? [...pins, { place: pointer, text: author, light: POINTER_COLOUR }] : pins;
}
