/** Where the weights of a projection are others than those of another moment or recording, and by how much. */

export interface Differences {
  /** Ascending. */
  readonly ids: Uint32Array;
  readonly by: Float32Array;
}

/**
 * What weights have more than others; synapses where that is 0 or unknown (NaN) are left out.
 *
 * @param among ids of all that can differ, in any order, some of them twice; null: any may
 */
export function weightDifferences(
  weights: Float32Array, others: Float32Array, among: Uint32Array | null, difference: (weight: number, other: number) => number,
): Differences {
  const candidates = among === null ? null : among.slice().sort();
  const most = candidates?.length ?? weights.length;
  const ids = new Uint32Array(most);
  const by = new Float32Array(most);
  let n = 0;
  let last = -1;
  for (let i = 0; i < most; i++) {
    const id = candidates === null ? i : candidates[i];
    if (id === last) continue;
    last = id;
    by[n] = difference(weights[id], others[id]);
    if (Math.abs(by[n]) > 0) ids[n++] = id;
  }
  return { ids: ids.subarray(0, n), by: by.subarray(0, n) };
}

/** What a weight has more than another; NaN (pruned, not there) counts as 0 unless both are. */
export function weightDifference(weight: number, before: number): number {
  return weight !== weight && before !== before ? NaN : (weight || 0) - (before || 0);
}
