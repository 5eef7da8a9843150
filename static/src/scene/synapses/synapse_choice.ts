/** Which synapses to draw when there are more than can be read: the strongest, and an unbiased random sample. */

export interface Choice {
  /** Synapse ids, strongest first, then a random sample of the others; no id twice. */
  readonly ids: Uint32Array;
  readonly n_top: number;
  readonly n_sample: number;
}

/** Shares a budget among projections by the square root of their size, so that a small one is not lost. */
export function shareBudget(sizes: readonly number[], budget: number): number[] {
  const shares = sizes.map(() => 0);
  let left = Math.min(budget, sizes.reduce((sum, n) => sum + n, 0));
  let open = sizes.map((_, i) => i).filter((i) => sizes[i] > 0);
  while (left > 0 && open.length > 0) {
    const weight = open.reduce((sum, i) => sum + Math.sqrt(sizes[i]), 0);
    const round = left;
    for (const i of open) {
      const share = Math.min(sizes[i] - shares[i], Math.max(1, Math.floor((round * Math.sqrt(sizes[i])) / weight)), left);
      shares[i] += share;
      left -= share;
    }
    open = open.filter((i) => shares[i] < sizes[i]);
  }
  return shares;
}

const BINS = 4096;

/** Bins of |weight|, and in which of them the k-th largest lies. */
interface Split {
  /** At most as many as are present. */
  readonly k: number;
  readonly scale: number;
  readonly bin: number;
  /** How many lie in higher bins. */
  readonly above: number;
}

/** Splits weights at the k-th largest |weight| by a histogram; null where none is wanted or present. */
function splitAt(weights: Float32Array, k: number): Split | null {
  let largest = 0;
  let present = 0;
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (size >= 0) present++;
    if (size > largest) largest = size;
  }
  k = Math.min(k, present);
  if (k <= 0) return null;
  const scale = largest > 0 ? (BINS - 1) / largest : 0;
  const histogram = new Uint32Array(BINS);
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (size >= 0) histogram[(size * scale) | 0]++;
  }
  let bin = BINS - 1;
  let above = 0;
  while (above + histogram[bin] < k) above += histogram[bin--];
  return { k, scale, bin, above };
}

/**
 * The k synapses of largest |weight| (absent ones never), as a histogram threshold and one pass: linear in their number.
 * Ties at the threshold are taken in id order.
 */
export function strongest(weights: Float32Array, k: number): Uint32Array {
  const split = splitAt(weights, k);
  if (split === null) return new Uint32Array(0);
  const { scale, bin, above } = split;
  const ids: number[] = [];
  const edge: number[] = [];
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (!(size >= 0)) continue;
    const here = (size * scale) | 0;
    if (here > bin) ids.push(i);
    else if (here === bin) edge.push(i);
  }
  edge.sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b);
  for (let i = 0; i < split.k - above; i++) ids.push(edge[i]);
  return Uint32Array.from(ids).sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]) || a - b);
}

/** The k-th largest |weight|, the smallest where there are fewer; 0 where none is present. */
export function sizeOfRank(weights: Float32Array, k: number): number {
  const split = splitAt(weights, k);
  if (split === null) return 0;
  const edge: number[] = [];
  for (let i = 0; i < weights.length; i++) {
    const size = Math.abs(weights[i]);
    if (size >= 0 && ((size * split.scale) | 0) === split.bin) edge.push(size);
  }
  return Float64Array.from(edge).sort()[edge.length - (split.k - split.above)];
}

/** k ids of 0..n-1 without replacement, each equally likely, the same for the same seed (Floyd's algorithm). */
export function randomSample(n: number, k: number, seed: number): Uint32Array {
  const random = mulberry32(seed);
  const chosen = new Set<number>();
  for (let j = n - Math.min(k, n); j < n; j++) {
    const candidate = Math.floor(random() * (j + 1));
    chosen.add(chosen.has(candidate) ? j : candidate);
  }
  return Uint32Array.from(chosen);
}

/** Chooses at most `budget` of n synapses. Without weights only the sample is possible. */
export function chooseSynapses(
  n: number, weights: Float32Array | null, budget: number, how: 'top' | 'sample' | 'both', seed: number,
): Choice {
  if (n <= budget) return { ids: Uint32Array.from({ length: n }, (_, id) => id), n_top: n, n_sample: 0 };
  const wanted = weights === null || how === 'sample' ? 0 : how === 'top' ? budget : Math.ceil(budget / 2);
  const top = weights === null ? new Uint32Array(0) : strongest(weights, wanted);
  if (how === 'top' && weights !== null) return { ids: top, n_top: top.length, n_sample: 0 };
  // Each of the others equally likely: a rank among them, counted past the strongest.
  const taken = Uint32Array.from(top).sort();
  const ranks = randomSample(n - taken.length, budget - taken.length, seed).sort();
  let passed = 0;
  const sample = ranks.map((rank) => {
    while (passed < taken.length && taken[passed] <= rank + passed) passed++;
    return rank + passed;
  });
  const ids = new Uint32Array(top.length + sample.length);
  ids.set(top);
  ids.set(sample, top.length);
  return { ids, n_top: top.length, n_sample: sample.length };
}

/** How many |strength| reach a least value; absent ones never. */
export function countAbove(strengths: Float32Array, least: number): number {
  let n = 0;
  for (let id = 0; id < strengths.length; id++) if (Math.abs(strengths[id]) >= least) n++;
  return n;
}

/** The same choice among those synapses only whose |strength| reaches a least value; absent ones never. */
export function chooseAbove(
  strengths: Float32Array, least: number, budget: number, how: 'top' | 'sample' | 'both', seed: number,
): Choice {
  const eligible = new Uint32Array(countAbove(strengths, least));
  const theirs = new Float32Array(eligible.length);
  let n = 0;
  for (let id = 0; id < strengths.length; id++) {
    if (!(Math.abs(strengths[id]) >= least)) continue;
    eligible[n] = id;
    theirs[n++] = strengths[id];
  }
  const choice = chooseSynapses(n, theirs, budget, how, seed);
  return { ...choice, ids: choice.ids.map((at) => eligible[at]) };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
