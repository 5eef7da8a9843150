/**
 * What a film is asked to be, what comes of it or why it cannot be made, and the making: the page is set to the film's
 * moments one after the other, and put back to what it was. The dialog and the command line share it.
 */

import type { SessionSummary } from '../net/messages.gen';
import { pathOf } from '../state/camera_path';
import type { LayerInfo } from '../state/frames';
import type { View } from '../state/view';
import { type FilmParts, type FilmProgress, type FilmWish, framesOf, makeFilm } from './film';
import { codecFor, type FilmFormat, MOST_FPS, RATES } from './film_file';
import { sessionTake, type Take, viewTake } from './take';

export type FilmSource = 'view' | 'path' | 'session';

export interface FilmOrder extends FilmWish {
  readonly of: FilmSource;
  /** Seconds of the run, or of the session's own time; null for its start and its end. A path has a length of its own. */
  readonly from_s: number | null;
  readonly to_s: number | null;
  /** Recorded seconds a second of film, below 0 in reverse; of a session, how many times as fast as it was. */
  readonly speed: number;
}

export interface OrderParts extends FilmParts {
  readonly view: View;
  readonly layers: readonly LayerInfo[];
  /** What an order of a session is about. */
  readonly session: SessionSummary | null;
}

export interface FilmPlan {
  readonly duration_s: number;
  readonly frames: number;
  readonly codec: string;
  /** About. */
  readonly bytes: number;
}

/** Bits a pixel and frame that sparks on a dark ground take, as measured; a GIF packs its own way. */
const BITS_A_PIXEL: Readonly<Record<FilmFormat, number>> = { mp4: 0.1, webm: 0.08, gif: 1.6 };
const MOST_GIF_PIXELS = 250e6;
const LONGEST_S = 4 * 3600;
const MOST_PX = 8192;
/** Ends that were written with three digits are still inside. */
const HAIR_S = 0.001;

/** What comes of an order; throws an Error with one sentence where nothing can. */
export async function planFilm(parts: OrderParts, order: FilmOrder): Promise<FilmPlan> {
  const { format, width, height, fps, speed } = order;
  if (!Number.isFinite(speed) || speed === 0 || (order.of === 'session' && speed < 0)) {
    throw new Error(order.of === 'session' ? 'The speed of a session is a number above 0.' : 'The speed is a number other than 0; below 0 the run goes backwards.');
  }
  const duration_s = lengthOf(parts, order);
  if (duration_s > LONGEST_S) throw new Error(`That would be ${(duration_s / 3600).toFixed(1)} hours long; four hours is the most.`);
  const rates = format === 'gif' ? RATES.gif : null;
  if (rates ? !rates.includes(fps) : !(fps >= 1 && fps <= MOST_FPS)) {
    throw new Error(rates ? `A GIF has ${rates.join(', ')} frames a second; ${fps} were asked for.` : `A video has 1 to ${MOST_FPS} frames a second; ${fps} were asked for.`);
  }
  for (const side of [width, height]) {
    if (!(side >= 16 && side <= MOST_PX && side % 2 === 0)) throw new Error(`Width and height are even numbers from 16 to ${MOST_PX}; ${width} x ${height} was asked for.`);
  }
  const frames = framesOf(duration_s, fps);
  const pixels = frames * width * height;
  if (format === 'gif' && pixels > MOST_GIF_PIXELS) throw new Error('A GIF of this would be huge. Choose a shorter range, a smaller size, or a video.');
  const codec = await codecFor(order);
  if (codec === null) throw new Error(`This browser cannot encode ${format === 'mp4' ? 'MP4' : 'WebM'} of ${width} x ${height}. Try the other format, or a smaller size.`);
  return { duration_s, frames, codec, bytes: (pixels * BITS_A_PIXEL[format]) / 8 };
}

/** Makes the film. The page shows its frames meanwhile, and afterwards what it showed before. */
export async function shootFilm(parts: OrderParts, order: FilmOrder, signal: AbortSignal, progress: (progress: FilmProgress) => void): Promise<Blob> {
  const { clock, view, scene } = parts;
  await planFilm(parts, order);
  const before = { t_us: clock.t_us, speed: clock.speed, loop: clock.loop, camera: scene.pose(), values: view.all() };
  clock.pause();
  try {
    return await makeFilm(parts, order, takeOf(parts, order, signal), signal, progress);
  } finally {
    clock.setSpeed(before.speed);
    clock.setLoop(before.loop);
    view.set(before.values);
    scene.place(before.camera);
    clock.seek(before.t_us);
  }
}

function takeOf(parts: OrderParts, order: FilmOrder, signal: AbortSignal): Take {
  const { clock, view, session } = parts;
  const { speed } = order;
  const [from_s, to_s] = rangeOf(parts, order);
  if (order.of === 'session' && session) return sessionTake(parts, session, [1000 * from_s, 1000 * to_s], speed, signal);
  clock.setLoop(null);
  clock.setSpeed(speed);
  if (order.of === 'view') return viewTake(parts, 1e6 * from_s, 1e6 * to_s, speed, null);
  const path = pathOf(view.all());
  const far_s = from_s + (path?.duration_s ?? 0) * speed;
  return viewTake(parts, 1e6 * Math.min(from_s, far_s), 1e6 * Math.max(from_s, far_s), speed, path);
}

function lengthOf(parts: OrderParts, order: FilmOrder): number {
  const [from_s, to_s] = rangeOf(parts, order);
  if (order.of === 'path') {
    const path = pathOf(parts.view.all());
    if (path === null) throw new Error('A camera path goes through two kept places or more; this view has fewer.');
    return path.duration_s;
  }
  const [first_s, last_s] = wholeOf(parts, order.of);
  if (!(to_s > from_s)) throw new Error('The end lies before the start.');
  if (from_s < first_s - HAIR_S || to_s > last_s + HAIR_S) {
    throw new Error(`${order.of === 'session' ? 'The session' : 'The run'} goes from ${brief(first_s)} to ${brief(last_s)} s; ${brief(from_s)} to ${brief(to_s)} s was asked for.`);
  }
  return (to_s - from_s) / Math.abs(order.speed);
}

function rangeOf(parts: OrderParts, { of, from_s, to_s }: FilmOrder): [number, number] {
  const [first_s, last_s] = wholeOf(parts, of);
  return [from_s ?? first_s, to_s ?? last_s];
}

/** All that can be filmed of a source, seconds: the run, or what the session's trim leaves. */
export function wholeOf({ store, session }: Pick<OrderParts, 'store' | 'session'>, of: FilmSource): [number, number] {
  if (of !== 'session') return [store.t_start_us / 1e6, store.t_stop_us / 1e6];
  if (session === null) throw new Error('No session is replayed.');
  const [start_ms, stop_ms] = session.trim ?? [0, session.duration_ms ?? 0];
  return [start_ms / 1000, stop_ms / 1000];
}

function brief(seconds: number): string {
  return String(Number(seconds.toFixed(3)));
}
