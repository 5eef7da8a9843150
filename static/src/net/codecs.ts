/**
 * Codecs for the sorted ids of a chunk's frames: gap8, gap16, bitmap and plain u16.
 * The twin of `schemas/codecs.py`; both read the golden vectors in tests/data/golden.
 */

export type Codec = 'gap8' | 'gap16' | 'bitmap' | 'u16';

/** A chunk's bytes that do not fit together; the chunk is asked for once more, then its range is marked. */
export class CorruptChunk extends Error {
  override readonly name = 'CorruptChunk';
}

/**
 * Decode the ids of consecutive frames, adding `first` to each.
 *
 * @param n ids in each frame
 * @param data the frames' bytes, one after another
 * @param n_items items in the tile; no id may reach it
 * @param first added to every id (the global index of the tile's first neuron)
 * @returns n.sum() ids, ascending within each frame
 */
export function decodeIds(n: Uint32Array, data: Uint8Array, codec: Codec, n_items: number, first = 0): Uint32Array {
  let total = 0;
  for (let frame = 0; frame < n.length; frame++) total += n[frame];
  const ids = new Uint32Array(total);
  switch (codec) {
    case 'gap8':
      return decodeGaps(n, data, 255, n_items, first, ids);
    case 'gap16':
      return decodeGaps(n, asU16(data), 65535, n_items, first, ids);
    case 'bitmap':
      return decodeBitmap(n, data, n_items, first, ids);
    case 'u16':
      return decodePlain(asU16(data), n_items, first, ids);
    default:
      throw new CorruptChunk(`The chunk has the unknown codec "${String(codec)}".`);
  }
}

function decodeGaps(
  n: Uint32Array, values: Uint8Array | Uint16Array, escape: number, n_items: number, first: number, ids: Uint32Array,
): Uint32Array {
  let at = 0;
  let out = 0;
  let beyond = false;
  for (let frame = 0; frame < n.length; frame++) {
    let id = first - 1;
    for (const end = out + n[frame]; out < end; out++) {
      let gap = values[at++];
      id += gap + 1;
      // An escape stands for `escape` skipped ids and is followed by more.
      while (gap === escape) {
        gap = values[at++];
        id += gap;
      }
      ids[out] = id;
    }
    // NaN (read past the end) and ids beyond the tile both fail this comparison.
    if (!(id < first + n_items)) beyond = true;
  }
  if (at !== values.length || beyond) {
    throw new CorruptChunk(`The chunk's ${values.length} gaps do not hold the ${ids.length} ids that its frames count.`);
  }
  return ids;
}

function decodeBitmap(n: Uint32Array, data: Uint8Array, n_items: number, first: number, ids: Uint32Array): Uint32Array {
  const width = (n_items + 7) >> 3;
  let row = 0;
  let out = 0;
  for (let frame = 0; frame < n.length; frame++) {
    if (n[frame] === 0) continue; // a silent frame has no bytes
    const end = out + n[frame];
    for (let byte = 0; byte < width; byte++) {
      let bits = data[row + byte];
      while (bits) {
        const low = bits & -bits;
        if (out === end) throw new CorruptChunk(`A frame of the chunk holds more than its ${n[frame]} ids.`);
        ids[out++] = first + byte * 8 + (31 - Math.clz32(low));
        bits ^= low;
      }
    }
    if (out !== end || ids[out - 1] >= first + n_items) {
      throw new CorruptChunk(`A frame of the chunk does not hold its ${n[frame]} ids.`);
    }
    row += width;
  }
  if (row !== data.length) throw new CorruptChunk(`The bitmap chunk has ${data.length} bytes; its frames need ${row}.`);
  return ids;
}

function decodePlain(values: Uint16Array, n_items: number, first: number, ids: Uint32Array): Uint32Array {
  if (values.length !== ids.length) {
    throw new CorruptChunk(`The chunk holds ${values.length} ids where its frames count ${ids.length}.`);
  }
  for (let i = 0; i < ids.length; i++) {
    if (values[i] >= n_items) throw new CorruptChunk(`The chunk holds the id ${values[i]} in a tile of ${n_items}.`);
    ids[i] = first + values[i];
  }
  return ids;
}

/** Little-endian u16 of bytes, without a copy where they are aligned. */
export function asU16(data: Uint8Array): Uint16Array {
  if (data.length % 2) throw new CorruptChunk('A chunk of 16-bit numbers has an odd number of bytes.');
  return data.byteOffset % 2 === 0
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint16Array(data.slice().buffer);
}

/** Little-endian u32 of bytes, without a copy where they are aligned. */
export function asU32(data: Uint8Array): Uint32Array {
  if (data.length % 4) throw new CorruptChunk('A chunk of 32-bit numbers has a broken length.');
  return data.byteOffset % 4 === 0
    ? new Uint32Array(data.buffer, data.byteOffset, data.length / 4)
    : new Uint32Array(data.slice().buffer);
}

/** Little-endian f32 of bytes, without a copy where they are aligned. */
export function asF32(data: Uint8Array): Float32Array {
  if (data.length % 4) throw new CorruptChunk('A chunk of 32-bit numbers has a broken length.');
  return data.byteOffset % 4 === 0
    ? new Float32Array(data.buffer, data.byteOffset, data.length / 4)
    : new Float32Array(data.slice().buffer);
}
