/** Which points are drawn where not all of them are: of each layer one in so many, small layers whole. */

/** A layer of so few is never thinned: each of its neurons may be all that is to be seen of it. */
export const WHOLE = 4096;

export interface Span {
  readonly first: number;
  readonly n: number;
}

/** How many of a layer one drawn neuron stands for, where one in so many is wished for. */
export function stepOf({ n }: Span, wished: number): number {
  return n <= WHOLE ? 1 : Math.max(1, Math.floor(wished));
}

/**
 * @param rows the layers, in order
 * @param steps of each row one point in so many is drawn, at a place in its block that follows no pattern
 * @returns the ids in order; null = all
 */
export function thinned(rows: readonly Span[], steps: readonly number[]): Uint32Array | null {
  if (steps.every((step) => step === 1)) return null;
  const ids = new Uint32Array(rows.reduce((sum, { n }, i) => sum + Math.ceil(n / steps[i]), 0));
  let at = 0;
  for (const [i, { first, n }] of rows.entries()) {
    const step = steps[i];
    // Equal steps through a sheet would draw its columns and leave others out.
    for (let block = 0; block < n; block += step) {
      ids[at++] = first + Math.min(n - 1, block + ((Math.imul(block, 2654435761) >>> 16) % step));
    }
  }
  return ids;
}
