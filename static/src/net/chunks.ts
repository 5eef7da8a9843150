/**
 * Chunk payloads: an Arrow IPC stream, one row a frame. The twin of `schemas/chunks.py` and `schemas/chunk_batch.py`.
 *
 * Decoders return arrays of their own where they have to unpack and views of the payload elsewhere; what is
 * handed to another thread must be copied out of the payload first (`SpikeFrames` and `GroupFrames` own theirs).
 */

import { tableFromIPC, type Table } from '@uwdata/flechette';

import { asF32, asU16, asU32, type Codec, CorruptChunk, decodeIds } from './codecs';

const FORMAT_VERSION = '1';
const ABSENT_U16 = 65535;

export type Counts = Uint8Array | Uint16Array | Uint32Array;

export interface SpikeFrames {
  readonly kind: 'spikes';
  readonly first_frame: number;
  readonly level: number;
  readonly n_neurons: number;
  /** n_frames + 1 long. */
  readonly offsets: Uint32Array;
  /** Tile-local ids + `first`. */
  readonly ids: Uint32Array;
  readonly counts: Counts | null;
}

export interface GroupFrames {
  readonly kind: 'groups';
  readonly first_frame: number;
  readonly level: number;
  readonly n_neurons: number;
  readonly n_frames: number;
  readonly n_groups: number;
  /** n_frames x n_groups. */
  readonly counts: Counts;
}

export interface ValueFrames {
  readonly kind: 'values';
  readonly first_frame: number;
  readonly level: number;
  readonly offsets: Uint32Array;
  /** Tile-local ids of the items that changed. */
  readonly ids: Uint32Array;
  /** Their value at the frame's end; NaN = ceased. */
  readonly last: Float32Array;
  /** State of every item before the first frame; NaN = absent. */
  readonly keyframe: Float32Array;
}

export interface SeriesFrames {
  readonly kind: 'series';
  readonly first_frame: number;
  readonly level: number;
  readonly total: Float64Array;
  readonly minimum: Uint32Array | null;
  readonly maximum: Uint32Array | null;
  readonly last: Uint32Array | null;
}

export type Frames = SpikeFrames | GroupFrames | ValueFrames | SeriesFrames;

export function frameCount(frames: Frames): number {
  switch (frames.kind) {
    case 'groups':
      return frames.n_frames;
    case 'series':
      return frames.total.length;
    default:
      return frames.offsets.length - 1;
  }
}

/** Decode a payload of any kind; `first` is added to the ids of spikes. */
export function decodeChunk(payload: Uint8Array, first = 0): Frames {
  const chunk = open(payload);
  switch (chunk.text('kind')) {
    case 'spikes':
      return spikes(chunk, first);
    case 'groups':
      return groups(chunk);
    case 'values':
      return values(chunk);
    case 'series':
      return series(chunk);
    default:
      throw new CorruptChunk(`The chunk has the unknown kind "${chunk.text('kind')}".`);
  }
}

function spikes(chunk: Opened, first: number): SpikeFrames {
  const n = chunk.numbers('n') as Uint32Array;
  const n_neurons = chunk.int('n_neurons');
  const ids = decodeIds(n, chunk.binary('spikes'), chunk.text('codec') as Codec, n_neurons, first);
  const dtype = chunk.metadata.get('counts');
  const counts = dtype === undefined ? null : (copyOf(typed(chunk.binary('counts'), dtype)) as Counts);
  if (counts !== null && counts.length !== ids.length) {
    throw new CorruptChunk(`A spike chunk has ${counts.length} counts for ${ids.length} ids.`);
  }
  return { kind: 'spikes', ...chunk.place(), n_neurons, offsets: offsetsOf(n), ids, counts };
}

function groups(chunk: Opened): GroupFrames {
  const n_groups = chunk.int('n_groups');
  const counts = copyOf(typed(chunk.binary('counts'), chunk.text('counts'))) as Counts;
  if (counts.length !== chunk.n_frames * n_groups) {
    throw new CorruptChunk(`A group chunk has ${counts.length} counts for ${chunk.n_frames} frames of ${n_groups} groups.`);
  }
  return {
    kind: 'groups', ...chunk.place(), n_neurons: chunk.int('n_neurons'), n_frames: chunk.n_frames, n_groups, counts,
  };
}

function values(chunk: Opened): ValueFrames {
  const n = chunk.numbers('n') as Uint32Array;
  const n_items = chunk.int('n_items');
  const dtype = chunk.text('dtype');
  const scale = Number(chunk.text('scale'));
  const offset = Number(chunk.text('offset'));
  const read = (name: string): Float32Array => dequantise(typed(chunk.binary(name), dtype), scale, offset);
  const ids = decodeIds(n, chunk.binary('ids'), chunk.text('codec') as Codec, n_items);
  const last = read('last');
  const keyframe = read('keyframe');
  if (last.length !== ids.length || keyframe.length !== n_items) {
    throw new CorruptChunk(`A values chunk has ${last.length} values for ${ids.length} ids.`);
  }
  return { kind: 'values', ...chunk.place(), offsets: offsetsOf(n), ids, last, keyframe };
}

function series(chunk: Opened): SeriesFrames {
  const optional = (name: string): Uint32Array | null =>
    chunk.has(name) ? (copyOf(chunk.numbers(name) as Uint32Array) as Uint32Array) : null;
  return {
    kind: 'series', ...chunk.place(), total: copyOf(chunk.numbers('sum') as Float64Array) as Float64Array,
    minimum: optional('min'), maximum: optional('max'), last: optional('last'),
  };
}

/** float32 values of stored ones; NaN where absent. Always an array of its own. */
function dequantise(stored: Stored, scale: number, offset: number): Float32Array {
  if (stored instanceof Float32Array) return stored.slice();
  const result = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    result[i] = stored[i] === ABSENT_U16 ? NaN : offset + scale * stored[i];
  }
  return result;
}

type Stored = Uint8Array | Uint16Array | Uint32Array | Float32Array;

function typed(data: Uint8Array, dtype: string): Stored {
  switch (dtype) {
    case 'u8':
      return data;
    case 'u16':
      return asU16(data);
    case 'u32':
      return asU32(data);
    case 'f32':
      return asF32(data);
    default:
      throw new CorruptChunk(`The chunk has the unknown dtype "${dtype}".`);
  }
}

function copyOf<T extends Stored | Float64Array>(array: T): T {
  return array.slice() as T;
}

function offsetsOf(n: Uint32Array): Uint32Array {
  const offsets = new Uint32Array(n.length + 1);
  for (let frame = 0; frame < n.length; frame++) offsets[frame + 1] = offsets[frame] + n[frame];
  return offsets;
}

interface Opened {
  readonly metadata: ReadonlyMap<string, string>;
  readonly n_frames: number;
  text(name: string): string;
  int(name: string): number;
  has(name: string): boolean;
  numbers(name: string): Uint32Array | Float64Array;
  binary(name: string): Uint8Array;
  place(): { first_frame: number; level: number };
}

function open(payload: Uint8Array): Opened {
  let table: Table;
  try {
    // Columns alias the payload, which Arrow aligns to 8 bytes from its own start.
    table = tableFromIPC(payload.byteOffset % 8 === 0 ? payload : payload.slice());
  } catch (error) {
    throw new CorruptChunk(`The payload is no Arrow stream: ${(error as Error).message}`);
  }
  const metadata = (table.schema.metadata ?? new Map()) as ReadonlyMap<string, string>;
  if (metadata.get('version') !== FORMAT_VERSION) {
    throw new CorruptChunk(
      `The chunk has format version ${metadata.get('version') ?? 'none'}; this page reads ${FORMAT_VERSION}.`,
    );
  }
  const text = (name: string): string => {
    const value = metadata.get(name);
    if (value === undefined) throw new CorruptChunk(`The chunk's metadata lacks "${name}".`);
    return value;
  };
  const int = (name: string): number => {
    const value = Number(text(name));
    if (!Number.isInteger(value)) throw new CorruptChunk(`The chunk's metadata has ${name}=${text(name)}.`);
    return value;
  };
  const column = (name: string): { values: unknown; offsets?: ArrayLike<number> } => {
    const found = table.getChild(name)?.data[0] as unknown as { values: unknown; offsets?: ArrayLike<number> } | undefined;
    if (found === undefined) throw new CorruptChunk(`The chunk lacks its column "${name}".`);
    return found;
  };
  return {
    metadata,
    n_frames: table.numRows,
    text,
    int,
    has: (name) => table.schema.fields.some((field) => field.name === name),
    numbers: (name) => (column(name).values as Uint32Array).subarray(0, table.numRows),
    binary: (name) => {
      const { values, offsets } = column(name);
      if (offsets === undefined) throw new CorruptChunk(`The chunk's column "${name}" is not binary.`);
      return (values as Uint8Array).subarray(offsets[0], offsets[table.numRows]);
    },
    place: () => ({ first_frame: int('first_frame'), level: int('level') }),
  };
}
