import { describe, expect, test } from 'vitest';

import { CorruptChunk, decodeIds } from './codecs';

const n = (...counts: number[]): Uint32Array => Uint32Array.from(counts);

/** Encoders as the specification words them, one id at a time: slow, and independent of the decoder. */
function gaps(frames: number[][], escape: number): number[] {
  return frames.flatMap((ids) => {
    let previous = -1;
    return ids.flatMap((id) => {
      const gap = id - previous - 1;
      previous = id;
      return [...new Array<number>(Math.floor(gap / escape)).fill(escape), gap % escape];
    });
  });
}

function randomFrames(seed: number, n_items: number, n_frames: number, density: number): number[][] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: n_frames }, () => Array.from({ length: n_items }, (_, id) => id).filter(() => random() < density));
}

describe('gap codecs', () => {
  test('a gap of 255 is written as 255, 0', () => {
    expect([...decodeIds(n(2), Uint8Array.of(3, 255, 1), 'gap8', 300)]).toEqual([3, 260]);
    expect([...decodeIds(n(1), Uint8Array.of(255, 0), 'gap8', 300)]).toEqual([255]);
  });

  test.each([0.002, 0.05, 0.5])('random frames at density %f come back', (density) => {
    const frames = randomFrames(7, 3000, 20, density);
    const counts = Uint32Array.from(frames, (ids) => ids.length);
    expect([...decodeIds(counts, Uint8Array.from(gaps(frames, 255)), 'gap8', 3000)]).toEqual(frames.flat());
    const wide = Uint16Array.from(gaps(frames, 65535));
    expect([...decodeIds(counts, new Uint8Array(wide.buffer), 'gap16', 3000)]).toEqual(frames.flat());
  });

  test('bytes that hold too few ids are refused', () => {
    expect(() => decodeIds(n(3), Uint8Array.of(1, 2), 'gap8', 100)).toThrow(CorruptChunk);
  });

  test('bytes that hold too many ids are refused', () => {
    expect(() => decodeIds(n(1), Uint8Array.of(1, 2), 'gap8', 100)).toThrow(CorruptChunk);
  });

  test('an id beyond the tile is refused', () => {
    expect(() => decodeIds(n(1), Uint8Array.of(100), 'gap8', 100)).toThrow(CorruptChunk);
  });
});

describe('bitmap', () => {
  test('the least significant bit comes first and silent frames have no bytes', () => {
    expect([...decodeIds(n(2, 0, 1), Uint8Array.of(0b00000101, 0, 0, 0b00000010), 'bitmap', 10)]).toEqual([0, 2, 9]);
  });

  test('bit 31 of a word is an id as any other', () => {
    expect([...decodeIds(n(1), Uint8Array.of(0, 0, 0, 128), 'bitmap', 32)]).toEqual([31]);
  });

  test('another number of bits than ids is refused', () => {
    expect(() => decodeIds(n(1), Uint8Array.of(3), 'bitmap', 8)).toThrow(CorruptChunk);
    expect(() => decodeIds(n(3), Uint8Array.of(3), 'bitmap', 8)).toThrow(CorruptChunk);
  });
});

test('plain u16 ids are little-endian', () => {
  expect([...decodeIds(n(2), Uint8Array.of(1, 0, 2, 1), 'u16', 1000, 10)]).toEqual([11, 268]);
});

test('an unknown codec is refused', () => {
  expect(() => decodeIds(n(0), new Uint8Array(), 'lzma' as never, 1)).toThrow(/unknown codec/);
});
