/** The golden vectors that Python reads too: what was encoded there decodes to the same numbers here. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ZSTDDecoder } from 'zstddec';
import { beforeAll, describe, expect, test } from 'vitest';

import { decodeChunk, type Frames } from './chunks';
import { crc32c } from './crc32c';

const FOLDER = join(import.meta.dirname, '../../../tests/data/golden');

interface Golden {
  kind: Frames['kind'];
  payload: string;
  stored: string;
  checksum: number;
  expected: Record<string, unknown>;
}

const vectors = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json') && name !== 'keys.json')
  .map((name) => [name, JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Golden] as const);

const zstd = new ZSTDDecoder();
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

beforeAll(() => zstd.init());

test('every kind of chunk has a golden vector', () => {
  expect(new Set(vectors.map(([, golden]) => golden.kind))).toEqual(new Set(['spikes', 'groups', 'values', 'series']));
});

describe.each(vectors)('%s', (_name, golden) => {
  test('stored bytes match their checksum and decompress to the payload', () => {
    const stored = bytesOf(golden.stored);
    expect(crc32c(stored)).toBe(golden.checksum);
    expect(Buffer.from(zstd.decode(stored)).equals(Buffer.from(bytesOf(golden.payload)))).toBe(true);
  });

  test('payload decodes to what was encoded', () => {
    expect(asExpected(decodeChunk(bytesOf(golden.payload)))).toEqual(sameFields(golden));
  });

  test('ids move by the first neuron of the tile', () => {
    const frames = decodeChunk(bytesOf(golden.payload), 1000);
    if (frames.kind !== 'spikes') return;
    expect([...frames.ids]).toEqual((golden.expected['ids'] as number[]).map((id) => id + 1000));
  });

  test('a payload that lies at an odd address decodes all the same', () => {
    const payload = bytesOf(golden.payload);
    const shifted = new Uint8Array(payload.length + 3).subarray(3);
    shifted.set(payload);
    expect(asExpected(decodeChunk(shifted))).toEqual(sameFields(golden));
  });
});

/** Decoded frames in the words of the golden files. */
function asExpected(frames: Frames): Record<string, unknown> {
  const list = (array: ArrayLike<number> | null): (number | null)[] | null =>
    array === null ? null : Array.from(array, (value) => (Number.isNaN(value) ? null : value));
  switch (frames.kind) {
    case 'spikes':
      return {
        first_frame: frames.first_frame, n_neurons: frames.n_neurons, n: lengths(frames.offsets), ids: list(frames.ids),
        counts: list(frames.counts),
      };
    case 'groups':
      return { first_frame: frames.first_frame, n_neurons: frames.n_neurons, counts: list(frames.counts) };
    case 'values':
      return {
        first_frame: frames.first_frame, keyframe: rounded(list(frames.keyframe)), n: lengths(frames.offsets),
        ids: list(frames.ids), last: rounded(list(frames.last)),
      };
    case 'series':
      return {
        first_frame: frames.first_frame, total: list(frames.total), minimum: list(frames.minimum),
        maximum: list(frames.maximum), last: list(frames.last),
      };
  }
}

function sameFields(golden: Golden): Record<string, unknown> {
  const expected = { ...golden.expected };
  if (golden.kind === 'values') {
    // The page has no use for the extremes of potentials and does not decode them.
    delete expected['minimum'];
    delete expected['maximum'];
    expected['keyframe'] = rounded(expected['keyframe'] as (number | null)[]);
    expected['last'] = rounded(expected['last'] as (number | null)[]);
  }
  return expected;
}

/** float32 on both sides: the JSON holds the shortest decimal of either width. */
function rounded(values: (number | null)[] | null): (number | null)[] | null {
  return values === null ? null : values.map((value) => (value === null ? null : Math.fround(value)));
}

function lengths(offsets: Uint32Array): number[] {
  return Array.from({ length: offsets.length - 1 }, (_, frame) => offsets[frame + 1] - offsets[frame]);
}
