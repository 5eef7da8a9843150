/** Columns of an Arrow IPC stream as typed arrays and texts, with the schema's metadata. */

import { tableFromIPC } from '@uwdata/flechette';

export interface Columns {
  readonly n_rows: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly names: readonly string[];
  /** A numeric column; int64 as float64 (microseconds stay exact up to 285 years). */
  numbers(name: string): Float64Array | Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;
  /** A column of texts or numbers with nulls. */
  texts(name: string): (string | null)[];
  optionalNumbers(name: string): (number | null)[];
  has(name: string): boolean;
  /** The flat content of a list column of a one-row table (module answers). */
  list(name: string): ArrayLike<number> | string[];
}

export function readColumns(bytes: Uint8Array): Columns {
  const table = tableFromIPC(bytes, { useBigInt: false });
  const column = (name: string) => {
    const found = table.getChild(name);
    if (!found) throw new Error(`The answer lacks its column "${name}".`);
    return found;
  };
  return {
    n_rows: table.numRows,
    metadata: (table.schema.metadata ?? new Map()) as ReadonlyMap<string, string>,
    names: table.schema.fields.map((field) => field.name),
    has: (name) => table.schema.fields.some((field) => field.name === name),
    numbers: (name) => {
      const array: unknown = column(name).toArray();
      return array instanceof BigInt64Array || array instanceof BigUint64Array || Array.isArray(array)
        ? (Array.isArray(array) ? Float64Array.from(array as (bigint | number)[], Number) : doubles(array))
        : (array as Float64Array);
    },
    texts: (name) => [...column(name)].map((value) => (value === null || value === undefined ? null : String(value))),
    optionalNumbers: (name) =>
      [...column(name)].map((value) => (value === null || value === undefined ? null : Number(value))),
    list: (name) => {
      const value: unknown = column(name).at(0);
      if (value === null || value === undefined) return [];
      if (value instanceof BigInt64Array || value instanceof BigUint64Array) return doubles(value);
      return value as ArrayLike<number> | string[];
    },
  };
}

/** 64-bit integers as doubles, from their halves: converting each BigInt takes ten times as long. */
export function doubles(values: BigInt64Array | BigUint64Array): Float64Array {
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = values instanceof BigInt64Array ? new Int32Array(values.buffer, values.byteOffset, values.length * 2) : low;
  const out = new Float64Array(values.length);
  for (let at = 0; at < out.length; at++) out[at] = high[2 * at + 1] * 0x1_0000_0000 + low[2 * at];
  return out;
}
