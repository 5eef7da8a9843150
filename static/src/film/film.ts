/**
 * Makes a film: for each frame it sets the page to that frame's time, waits for the data, draws exactly that, and hands
 * it to the file. How long a frame takes changes nothing of what it shows.
 */

import { beginFilm, type FilmShape } from './film_file';
import { drawMarks, writeText } from './overlay';
import type { Take } from './take';
import type { FrameStore } from '../state/data/frame_store';
import { formatTime } from '../state/format';
import type { SceneHandle } from '../state/frames';
import type { PlaybackClock } from '../state/playback';

/** Frames before the playhead that still glow: they are waited for as well. */
const GLOW_FRAMES = 128;
const GLOW_US = 2_000_000;
const PATIENCE_MS = 60_000;
const LOOK_MS = 15;
/** A browser holds a file in memory while it is made. */
const MOST_BYTES = 1.5e9;

export interface FilmParts {
  readonly clock: PlaybackClock;
  readonly store: FrameStore;
  readonly scene: SceneHandle;
}

export interface FilmWish extends FilmShape {
  /** Names of the layers, the time, and what notes say. */
  readonly words: boolean;
}

export interface FilmProgress {
  readonly frame: number;
  readonly frames: number;
  readonly bytes: number;
  readonly codec: string;
}

/** Number of frames of a film. */
export function framesOf(duration_s: number, fps: number): number {
  return Math.max(1, Math.round(duration_s * fps));
}

export async function makeFilm(
  parts: FilmParts, wish: FilmWish, take: Take, signal: AbortSignal, progress: (progress: FilmProgress) => void,
): Promise<Blob> {
  const { scene, clock, store } = parts;
  const { width, height, fps } = wish;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d', { willReadFrequently: wish.format === 'gif', alpha: false });
  if (context === null || scene.film === undefined) throw new Error('There is no scene to draw.');
  const frames = framesOf(take.duration_s, fps);
  const file = await beginFilm(wish, canvas);
  const film = scene.film({ width, height, fps });
  try {
    for (let frame = 0; frame < frames; frame++) {
      const { camera, captions, marks } = await take.at(frame / fps);
      await loaded(clock, store, signal);
      film.draw(camera);
      // In the same task: the drawing buffer is not kept.
      context.drawImage(film.canvas, 0, 0, width, height);
      if (wish.words) film.labels(canvas);
      drawMarks(canvas, marks, film.project, wish.words);
      if (wish.words) writeText(canvas, { time: formatTime(clock.t_us, store.bin_us), captions });
      await file.add();
      if (file.bytes > MOST_BYTES) throw new Error('The film is larger than a browser can hold. Choose a shorter range or a smaller picture.');
      progress({ frame: frame + 1, frames, bytes: file.bytes, codec: file.codec });
      // The page stays alive: the cancel button works.
      if (frame % 4 === 3) await new Promise((next) => setTimeout(next));
      signal.throwIfAborted();
    }
    return await file.finish();
  } catch (error) {
    await file.cancel().catch(() => undefined);
    throw error;
  } finally {
    film.end();
  }
}

/** Waits for all that the moment shows. */
async function loaded(clock: PlaybackClock, store: FrameStore, signal: AbortSignal): Promise<void> {
  const until_ms = performance.now() + PATIENCE_MS;
  for (;;) {
    const { level, t_us } = clock;
    const frame = store.frameAt(t_us, level);
    const glow = Math.min(GLOW_FRAMES, Math.ceil(GLOW_US / (store.bin_us * store.bins(level))));
    if (store.isLoaded(Math.max(0, frame - glow), frame + 1, level) && store.isComplete(frame, level)) return;
    signal.throwIfAborted();
    if (performance.now() > until_ms) throw new Error(`The data at ${formatTime(t_us, store.bin_us)} did not come within a minute. Is the server still there?`);
    await new Promise((again) => setTimeout(again, LOOK_MS));
  }
}
