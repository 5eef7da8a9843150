import { afterEach, expect, test, vi } from 'vitest';

import { DataClient } from './data_client';
import { FrameStore } from './frame_store';
import { manifestOf } from '../fixtures';
import { PlaybackClock } from '../playback';
import type { FromWorker, ToWorker } from '../../workers/protocol';

/** Node has no Web Worker: what the page says is kept, and the test says what the worker would. */
class Post extends EventTarget {
  static last: Post;
  readonly said: ToWorker[] = [];

  constructor() {
    super();
    Post.last = this;
  }

  postMessage(message: ToWorker): void {
    this.said.push(message);
  }

  answer(data: FromWorker): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }

  terminate(): void {}
}

const leaving = new AbortController();
afterEach(() => {
  leaving.abort();
  vi.unstubAllGlobals();
});

test('a level that the server chose for the speed before is not taken for the new one', () => {
  vi.stubGlobal('Worker', Post);
  const manifest = manifestOf({ n_frames: 20_000, spikes: { k: 10, present: [0] } });
  const grids = [0, 1, 2].flatMap((level) => manifest.grids.map((grid) => ({ ...grid, level })));
  const store = new FrameStore({ ...manifest, grids }, ['a']);
  const clock = new PlaybackClock({
    t_start_us: 0, t_stop_us: 20e6, open: false, version: 1, loadedUntil: (t_us: number) => t_us,
    levelFor: (speed: number) => store.levelFor(speed), frame_us: (level: number) => store.index.frame_us(level),
  });
  const silent = { manifestChanged: () => {}, trouble: () => {}, connection: () => {} };
  new DataClient(store, clock, silent, leaving.signal);
  const asks = (): number[] => Post.last.said.flatMap((message) => (message.kind === 'play' ? [message.ask] : []));
  const state = (ask: number | null | undefined, level: number): void => {
    Post.last.answer({ kind: 'state', ask: ask ?? null, state: { epoch: 7, t_us: 0, level, status: 'playing' } });
  };

  clock.play();
  clock.setSpeed(8);
  expect(clock.level).toBe(1);
  const [before, now] = asks();
  expect(now).toBeGreaterThan(before);
  state(before, 0);
  state(null, 0);
  expect(clock.level, 'said of an older question').toBe(1);
  state(now, 2);
  expect(clock.level, 'we fall behind: the server sends a coarser level').toBe(2);
});
