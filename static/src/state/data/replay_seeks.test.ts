import { expect, test } from 'vitest';

import { Replay } from './replay';
import { manifestOf, valuesOf } from '../fixtures';
import { ChunkIndex } from '../../net/chunk_index';
import type { ValueFrames } from '../../net/chunks';

const N_ITEMS = 40;
const N_FRAMES = 64;
const K = 4;

/** Changes of each frame, from a small generator; a chunk of them is silent. */
const changes: Map<number, number>[] = Array.from({ length: N_FRAMES }, (_, frame) => {
  const changed = new Map<number, number>();
  if (frame >> K === 2) return changed;
  for (let item = 0; item < N_ITEMS; item++) {
    if ((item * 7 + frame * 13) % 11 === 0) changed.set(item, frame + item / 100);
  }
  if (frame === 20) changed.set(5, NaN); // the synapse ceases
  return changed;
});

/** All changes up to and including the frame, one after the other. */
function naive(frame: number): Float32Array {
  const values = new Float32Array(N_ITEMS).fill(NaN);
  for (let f = 0; f <= frame; f++) for (const [item, value] of changes[f]) values[item] = value;
  return values;
}

function setUp(): { replay: Replay; find: (tile: number, chunk: number) => ValueFrames | undefined; here: Set<number> } {
  const chunks = new Map<number, ValueFrames>();
  for (let chunk = 0; chunk < N_FRAMES >> K; chunk++) {
    const first = chunk << K;
    if (chunk === 2) continue; // nothing changed: not stored
    chunks.set(chunk, valuesOf(first, naive(first - 1), changes.slice(first, first + (1 << K))));
  }
  const manifest = manifestOf({ n_frames: N_FRAMES, values: { n_items: N_ITEMS, k: K, present: [...chunks.keys()] } });
  const grid = new ChunkIndex(manifest).gridsAt(3, 0)[0];
  const here = new Set(chunks.keys());
  return { replay: new Replay(grid, '1'), find: (_tile, chunk) => (here.has(chunk) ? chunks.get(chunk) : undefined), here };
}

test('playing forward gives what replaying all changes gives, at every frame', () => {
  const { replay, find } = setUp();
  for (let frame = 0; frame < N_FRAMES; frame++) {
    expect(replay.advance(frame, find).values, `frame ${frame}`).toEqual(naive(frame));
    expect(replay.complete).toBe(true);
  }
});

test('playing in reverse gives what replaying all changes gives', () => {
  const { replay, find } = setUp();
  for (let frame = N_FRAMES - 1; frame >= 0; frame--) expect(replay.advance(frame, find).values).toEqual(naive(frame));
});

test('seeking anywhere gives what replaying all changes gives', () => {
  const { replay, find } = setUp();
  for (let i = 0; i < 200; i++) {
    const frame = (i * 37 + 11) % N_FRAMES;
    expect(replay.advance(frame, find).values, `frame ${frame}`).toEqual(naive(frame));
  }
});

test('a chunk that is not stored means that nothing changed', () => {
  const { replay, find } = setUp();
  expect(replay.advance(40, find).values).toEqual(naive(31));
});

test('a chunk that is not here leaves the last known values and says so', () => {
  const { replay, find, here } = setUp();
  replay.advance(10, find);
  here.delete(1);
  replay.advance(20, find);
  expect(replay.complete).toBe(false);
  expect(replay.values).toEqual(naive(10));
  here.add(1);
  expect(replay.advance(20, find).values).toEqual(naive(20));
  expect(replay.complete).toBe(true);
});

test('the version moves with the values and stands still with them', () => {
  const { replay, find } = setUp();
  const before = replay.advance(3, find).version;
  expect(replay.advance(3, find).version).toBe(before);
  expect(replay.advance(4, find).version).toBeGreaterThan(before);
});
