import { describe, expect, it } from 'vitest';

import { IncomingWeights } from './incoming_weights';
import { ChangeLog } from '../../state/data/change_log';

const [N_NEURONS, N_SYNAPSES] = [7, 120];

describe('IncomingWeights', () => {
  it.each([1, 2, 3])('are the sums of all, whatever has changed on the way (run %d)', (seed) => {
    let state = seed;
    const random = (n: number): number => Math.floor(((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n);
    const all = ['a', 'b'].map((projection) => {
      const log = new ChangeLog(20);
      // Sixteenths: sums are exact in any order. Nothing ends at the last neuron.
      const values = Float32Array.from({ length: N_SYNAPSES }, () => random(64) / 16 - 2);
      const weights = { values, version: 1, changedSince: (version: number) => log.since(version) };
      return { projection, post: Uint32Array.from(values, () => random(N_NEURONS - 1)), weights, log };
    });
    const incoming = new IncomingWeights(N_NEURONS);
    for (let turn = 0; turn < 300; turn++) {
      for (const { weights, log } of all) {
        if (random(3) === 0) continue;
        const ids = Uint32Array.from({ length: random(5) }, () => random(N_SYNAPSES));
        for (const id of ids) weights.values[id] = random(5) === 0 ? NaN : random(64) / 16 - 2;
        weights.version++;
        if (random(20) === 0) log.forget(weights.version);
        else log.add(weights.version, 0, ids);
      }
      const shown = random(30) === 0 ? all.slice(1) : all;
      incoming.update(shown);
      const sums = new Float32Array(N_NEURONS).fill(NaN);
      for (const { post, weights } of shown) {
        post.forEach((neuron, id) => {
          const weight = weights.values[id];
          if (weight === weight) sums[neuron] = (sums[neuron] || 0) + weight;
        });
      }
      expect(incoming.sums).toEqual(sums);
    }
  });
});
