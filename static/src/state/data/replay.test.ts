import { describe, expect, it } from 'vitest';

import { Replay } from './replay';
import { ChunkGrid } from '../../net/chunk_index';
import type { ValueFrames } from '../../net/chunks';
import type { Tile } from '../../net/messages.gen';

const TILES = [{ first: 0, n: 50 }, { first: 50, n: 30 }];
const [N, K, N_CHUNKS, ABSENT_CHUNK] = [80, 3, 5, 3];

function randomOf(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** A run in which a few values change in a frame, some cease, and none does in one chunk; and its chunks. */
function run(random: (n: number) => number): { truth: Float32Array[]; grid: ChunkGrid; chunks: Map<string, ValueFrames> } {
  const now = new Float32Array(N).fill(NaN);
  for (let id = 0; id < 70; id++) now[id] = id;
  const truth: Float32Array[] = [];
  const chunks = new Map<string, ValueFrames>();
  for (let chunk = 0; chunk < N_CHUNKS; chunk++) {
    const keyframe = now.slice();
    const changed: Set<number>[] = [];
    for (let frame = 0; frame < 2 ** K; frame++) {
      changed.push(new Set(Array.from({ length: chunk === ABSENT_CHUNK ? 0 : random(4) }, () => random(N))));
      for (const id of changed[frame]) now[id] = random(9) === 0 ? NaN : random(1000) / 8;
      truth.push(now.slice());
    }
    TILES.forEach(({ first, n }, tile) => {
      const offsets = [0];
      const [ids, last]: number[][] = [[], []];
      changed.forEach((of, frame) => {
        for (const id of of) {
          if (id < first || id >= first + n) continue;
          ids.push(id - first);
          last.push(truth[chunk * 2 ** K + frame][id]);
        }
        offsets.push(ids.length);
      });
      chunks.set(`${tile}/${chunk}`, {
        kind: 'values', first_frame: chunk * 2 ** K, level: 0, offsets: Uint32Array.from(offsets), ids: Uint32Array.from(ids),
        last: Float32Array.from(last), keyframe: keyframe.slice(first, first + n),
      });
    });
  }
  const stored = (tile: number): string => btoa(String.fromCharCode(tile === 0 ? 0b11111 : 0b11111 & ~(1 << ABSENT_CHUNK)));
  const grid = { stream: 1, level: 0, target: 'a', k: K, tiles: [0, 1], presence: [stored(0), stored(1)] };
  const tiles = TILES.map((part, tile) => [tile, { ...part, tile, kind: 'projection', name: 'a' } as unknown as Tile] as const);
  return { truth, grid: new ChunkGrid(grid, new Map(tiles)), chunks };
}

describe('Replay', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('ends in the values of the frame, and says which have changed on the way there (run %d)', (seed) => {
    const random = randomOf(seed);
    const { truth, grid, chunks } = run(random);
    const replay = new Replay(grid, '');
    // Three that look at it now and then, by what has changed as far as that is known.
    const seen = [1, 3, 9].map((every) => ({ every, version: -1, values: new Float32Array(N) }));
    let [frame, told] = [0, 0];
    for (let turn = 0; turn < 400; turn++) {
      frame = random(12) === 0 ? random(truth.length) : Math.max(0, Math.min(truth.length - 1, frame + (random(15) === 0 ? -1 - random(5) : random(3))));
      replay.advance(frame, (tile, chunk) => chunks.get(`${tile}/${chunk}`));
      if (random(60) === 0) replay.release();
      expect(replay.complete).toBe(true);
      expect(replay.values).toEqual(truth[frame]);
      for (const one of seen) {
        if (turn % one.every > 0 || one.version === replay.version) continue;
        const changed = replay.changedSince(one.version);
        if (changed === null) one.values.set(replay.values);
        else for (const id of changed) one.values[id] = replay.values[id];
        if (changed !== null) told++;
        one.version = replay.version;
        expect(one.values).toEqual(truth[frame]);
      }
    }
    expect(told).toBeGreaterThan(100);
  });

  it('has the same version where a chunk goes on from what the one before ended with', () => {
    const { truth, grid, chunks } = run(randomOf(5));
    const replay = new Replay(grid, '');
    const versionAt = (frame: number): number => replay.advance(frame, (tile, chunk) => chunks.get(`${tile}/${chunk}`)).version;
    const end = ABSENT_CHUNK * 2 ** K - 1;
    const before = versionAt(end);
    for (let frame = end + 1; frame <= end + 2 ** K; frame++) expect(versionAt(frame)).toBe(before);
    expect(replay.values).toEqual(truth[end]);
    expect([...replay.changedSince(before)!]).toEqual([]);
  });

  it('knows nothing of versions it has forgotten', () => {
    const { grid, chunks } = run(randomOf(6));
    const replay = new Replay(grid, '');
    const { version } = replay.advance(0, (tile, chunk) => chunks.get(`${tile}/${chunk}`));
    for (let frame = 1; frame < 24; frame++) replay.advance(frame, (tile, chunk) => chunks.get(`${tile}/${chunk}`));
    expect(replay.changedSince(version)).toBeNull(); // more than an eighth of them has changed since
    expect(replay.changedSince(version - 1)).toBeNull();
  });
});
