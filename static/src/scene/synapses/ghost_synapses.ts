/**
 * Synapses that were pruned, as faint dashes: those of weight 0, those whose weight is no longer stored, and those below a
 * bound that the viewer sets. Of the selection where there is one, else of the whole network.
 */

import type * as THREE from 'three';

import type { Projection, Projections } from './projections';
import { joined, SynapseLines, type Segments } from './synapses';
import type { NeuronTable } from '../neurons/neuron_table';
import type { View } from '../../state/view';

/** Faint lines help as long as they can be told apart. */
const MOST = 4000;
const CHOOSE_EVERY_MS = 1500;

export interface GhostCounts {
  readonly drawn: number;
  /** Pruned, of all whose weights are known. */
  readonly pruned: number;
  readonly known: number;
}

export class GhostSynapses {
  readonly lines: SynapseLines;
  counts: GhostCounts = { drawn: 0, pruned: 0, known: 0 };
  private stale = true;
  private chosen_ms = -Infinity;
  private chosen = '';

  constructor(
    private readonly projections: Projections, private readonly view: View, table: NeuronTable, shared: Record<string, THREE.IUniform>, signal: AbortSignal,
  ) {
    this.lines = new SynapseLines(table, shared, 3);
    this.lines.uniforms.pulseGain.value = 0;
    view.subscribe(['ghosts', 'ghosts_below', 'ghosts_of', 'selection', 'synapse_direction', 'hidden', 'synapses'], () => (this.stale = true), signal);
  }

  /** @returns true when the picture changed */
  update(level: number, frame: number, now_ms: number, rest: boolean): boolean {
    if (!this.stale && (!this.view.get('ghosts') || now_ms - this.chosen_ms < (rest ? 100 : CHOOSE_EVERY_MS))) return false;
    const versions: number[] = [];
    if (this.view.get('ghosts')) this.projections.each(level, frame, ({ scale }, state) => versions.push(state?.version ?? -1, scale));
    const key = versions.join();
    this.chosen_ms = now_ms;
    if (!this.stale && key === this.chosen) return false;
    this.stale = false;
    this.chosen = key;
    this.choose(level, frame);
    return true;
  }

  dispose(): void {
    this.lines.dispose();
  }

  private choose(level: number, frame: number): void {
    const of = this.view.get('ghosts_of');
    const below = this.view.get('ghosts_below');
    const hidden = new Set(this.view.get('hidden'));
    const selection = this.view.get('selection');
    const found: { projection: Projection; pruned: Uint32Array }[] = [];
    let known = 0;
    if (this.view.get('ghosts') && this.view.get('synapses') > 0) {
      this.projections.each(level, frame, (projection, state) => {
        const { info } = projection;
        if (state === null || hidden.has(info.source) || hidden.has(info.target) || (of !== '' && of !== info.name)) return;
        const ids = selection.length === 0 ? null : touchingAny(projection, selection, this.view.get('synapse_direction'));
        const { values } = state;
        known += ids?.length ?? values.length;
        const pruned = prunedOf(values, of === '' ? below * projection.scale : below, ids);
        if (pruned.length > 0) found.push({ projection, pruned });
      });
    }
    const total = found.reduce((sum, { pruned }) => sum + pruned.length, 0);
    const parts: Segments['parts'][number][] = [];
    const ends = found.map(({ projection, pruned }) => {
      const synapses = thinned(pruned, Math.ceil((pruned.length * Math.min(MOST, total)) / total));
      parts.push({ projection: projection.info.name, synapses });
      return projection.ends(synapses);
    });
    this.lines.setSegments({ ends: joined(ends), parts }, { pruned: true });
    this.lines.uniforms.strength.value = Math.min(0.9, Math.max(0.12, Math.sqrt(200 / Math.max(1, this.lines.n_segments))));
    this.counts = { drawn: this.lines.n_segments, pruned: total, known };
  }
}

function touchingAny(projection: Projection, neurons: readonly number[], direction: 'both' | 'incoming' | 'outgoing'): Uint32Array {
  const ids = new Set<number>();
  for (const neuron of neurons) for (const id of projection.touching(neuron, direction)) ids.add(id);
  return Uint32Array.from(ids);
}

/** Ids of the synapses whose weight is 0, is no longer stored, or lies below a bound; among `ids` where given. */
export function prunedOf(values: Float32Array, below: number, ids: Uint32Array | null): Uint32Array {
  const pruned = (weight: number): boolean => !(Math.abs(weight) > 0) || Math.abs(weight) < below;
  if (ids !== null) return ids.filter((id) => pruned(values[id]));
  const found: number[] = [];
  for (let id = 0; id < values.length; id++) if (pruned(values[id])) found.push(id);
  return Uint32Array.from(found);
}

/** At most n of them, evenly from the whole. */
function thinned(ids: Uint32Array, n: number): Uint32Array {
  if (ids.length <= n) return ids;
  return Uint32Array.from({ length: n }, (_, i) => ids[Math.floor(((i + 0.5) * ids.length) / n)]);
}
