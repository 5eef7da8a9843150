/** The sum of the weights that arrive at each neuron. Where it is known which weights have changed, only those are looked at. */

import type { Weights } from './segment_weights';

export interface Incoming {
  readonly projection: string;
  /** The neuron at the end of each synapse. */
  readonly post: Uint32Array;
  readonly weights: Weights;
}

/** What of a projection is in the sums. */
interface Added {
  readonly version: number;
  readonly values: Float32Array;
}

export class IncomingWeights {
  /** By neuron; NaN where no synapse with a known weight ends. */
  readonly sums: Float32Array;
  private readonly exact: Float64Array;
  private readonly n_known: Uint32Array;
  private added = new Map<string, Added>();

  constructor(n_neurons: number) {
    this.sums = new Float32Array(n_neurons);
    this.exact = new Float64Array(n_neurons);
    this.n_known = new Uint32Array(n_neurons);
  }

  /** Takes over the weights of all projections; an other projection, or unknown changes, and all is summed anew. */
  update(all: readonly Incoming[]): void {
    const changes = all.map(({ projection, weights }) => {
      const version = this.added.get(projection)?.version;
      return version === undefined ? null : weights.changedSince(version);
    });
    if (all.length !== this.added.size || changes.includes(null)) this.clear();
    for (const [i, { projection, post, weights }] of all.entries()) {
      const values = this.added.get(projection)?.values ?? new Float32Array(post.length).fill(NaN);
      const changed = this.added.has(projection) ? changes[i] : null;
      this.added.set(projection, { version: weights.version, values });
      const n = changed?.length ?? post.length;
      for (let k = 0; k < n; k++) {
        const id = changed === null ? k : changed[k];
        this.replace(post[id], values[id], weights.values[id]);
        values[id] = weights.values[id];
      }
    }
  }

  private clear(): void {
    this.added = new Map();
    this.exact.fill(0);
    this.n_known.fill(0);
    this.sums.fill(NaN);
  }

  private replace(neuron: number, before: number, now: number): void {
    const { exact, n_known } = this;
    if (before === before) {
      exact[neuron] -= before;
      n_known[neuron]--;
    }
    if (now === now) {
      exact[neuron] += now;
      n_known[neuron]++;
    }
    this.sums[neuron] = n_known[neuron] === 0 ? NaN : exact[neuron];
  }
}
