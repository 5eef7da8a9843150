import { expect, test } from 'vitest';

import { FrameStore } from './frame_store';
import { manifestOf, spikesOf } from '../fixtures';

const LAYERS = [{ name: 'a', n: 10 }, { name: 'b', n: 5 }];

/** 64 frames in chunks of 16; chunk 2 is silent and so not stored. */
function setUp(): FrameStore {
  return new FrameStore(manifestOf({ n_frames: 64, layers: LAYERS, spikes: { k: 4, present: [0, 1, 3] } }), ['a', 'b']);
}

const chunk = (tile: number, number: number) => ({ stream: 0, level: 0, tile, chunk: number });
const frames = (first: number) => spikesOf(first, Array.from({ length: 16 }, (_, f) => [f % 10]));
const need = { t_us: 0, direction: 1 as const, level: 0, ahead_us: 20_000, behind_us: 0, coarse_first: false };

test('asks for the stored chunks around the playhead, the nearest first', () => {
  const store = setUp();
  expect(store.needs(need)).toEqual({ urgent: [chunk(0, 0), chunk(1, 0)], later: [chunk(0, 1), chunk(1, 1)] });
  expect(store.needs({ ...need, t_us: 35_000, behind_us: 10_000 })).toEqual({
    urgent: [], later: [chunk(0, 3), chunk(0, 1), chunk(1, 3), chunk(1, 1)],
  });
});

test('gives slices of what is here, clipped to what is asked', () => {
  const store = setUp();
  store.put(chunk(0, 0), frames(0));
  store.put(chunk(0, 1), frames(16));
  const slices = store.spikesIn(10, 20, 0);
  expect(slices.map((slice) => [slice.frame_start, slice.frame_stop])).toEqual([[10, 16], [16, 20]]);
  expect(slices.map((slice) => slice.window.layer)).toEqual([0, 0]);
});

test('frames are loaded when every stored chunk of every tile is here', () => {
  const store = setUp();
  store.put(chunk(0, 0), frames(0));
  expect(store.isLoaded(0, 10, 0)).toBe(false);
  store.put(chunk(1, 0), frames(0));
  expect(store.isLoaded(0, 16, 0)).toBe(true);
  expect(store.isLoaded(0, 17, 0)).toBe(false);
  expect(store.isLoaded(32, 48, 0), 'a chunk that is not stored is silence').toBe(true);
});

test('knows how far play can go in both directions', () => {
  const store = setUp();
  for (const tile of [0, 1]) store.put(chunk(tile, 0), frames(0));
  expect(store.loadedUntil(2000, 1, 0, 60_000)).toBe(16_000);
  expect(store.loadedUntil(2000, 1, 0, 5_000)).toBe(7000);
  expect(store.loadedUntil(15_000, -1, 0, 60_000)).toBe(0);
  expect(store.loadedUntil(40_000, -1, 0, 60_000)).toBe(32_000);
});

test('a growing recording keeps what is closed and asks again for what was open', () => {
  const grown = (n_frames: number, closed: number, revision: number, present: number[]) =>
    manifestOf({ n_frames, layers: [LAYERS[0]], spikes: { k: 4, present }, open: true, closed_us: closed * 1000, revision });
  const store = new FrameStore(grown(24, 16, 1, [0, 1]), ['a']);
  store.put(chunk(0, 0), frames(0));
  store.put(chunk(0, 1), spikesOf(16, Array.from({ length: 8 }, () => [1])));
  expect(store.isLoaded(0, 24, 0)).toBe(true);
  store.use(grown(30, 16, 2, [0, 1]));
  expect(store.needs(need)).toEqual({ urgent: [], later: [chunk(0, 1)] });
  expect(store.isLoaded(0, 24, 0), 'what was here stays').toBe(true);
  expect(store.isLoaded(0, 30, 0)).toBe(false);
  expect(store.loadedUntil(0, 1, 0, 60_000)).toBe(24_000);
});

test('another build drops everything', () => {
  const store = setUp();
  store.put(chunk(0, 0), frames(0));
  const changes: string[] = [];
  store.onChange((change) => changes.push(change.kind));
  store.use({ ...store.index.manifest, build: 2 });
  expect(changes).toEqual(['reset']);
  expect(store.spikesIn(0, 64, 0)).toEqual([]);
});

test('a chunk that cannot be had is not asked for at once again', () => {
  const store = setUp();
  store.refuse(chunk(0, 0), Infinity);
  expect(store.needs(need).urgent).not.toContainEqual(chunk(0, 0));
});

test('neurons of later layers carry their global index', () => {
  expect(setUp().index.firstNeuron.get(1)).toBe(10);
});

test('a faster speed takes a coarser level', () => {
  const manifest = manifestOf({ n_frames: 64, spikes: { k: 4, present: [0] } });
  const levels = [0, 1, 2].map((level) => ({ ...manifest.grids[0], level }));
  const store = new FrameStore({ ...manifest, grids: levels }, ['a']);
  expect([0.1, 1, 1.5, 16, 100, 1000].map((speed) => store.levelFor(speed))).toEqual([0, 0, 1, 1, 2, 2]);
});
