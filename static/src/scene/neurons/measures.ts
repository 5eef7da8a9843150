/**
 * What the colour modes of slow quantities show: one value a neuron, made on the CPU when it has changed. Class
 * selectivity and health come from facts of the whole recording, the weight in-degree from the weights of the moment.
 */

import { IncomingWeights } from '../synapses/incoming_weights';
import type { Projections } from '../synapses/projections';
import type { FrameSource, Network, NeuronFacts } from '../../state/frames';
import { saturatedHz } from '../../state/search';
import type { ColourMode } from '../../state/view';

const SLOW: ReadonlySet<ColourMode> = new Set(['selectivity', 'in_degree', 'health', 'reconstruction']);

/** Values of mode "health"; the shader tells silent neurons from the time of their last spike. */
export const HEALTH = { fine: 0, dead: 1, saturated: 2, unknown: 3 } as const;

export interface Measure {
  /** One per neuron; NaN where there is none. Selectivity: class + 0.999 * index. */
  readonly values: Float32Array;
  /** Changes with the values. */
  readonly version: number;
  readonly min: number;
  readonly max: number;
}

export class Measures {
  private facts: NeuronFacts | null = null;
  private asked = false;
  private failed = '';
  private kept = new Map<ColourMode, Measure>();
  private weights_key = '';
  private incoming: IncomingWeights | null = null;
  private version = 0;

  constructor(
    private readonly network: Network, private readonly frames: FrameSource, private readonly projections: Projections,
    private readonly signal: AbortSignal, private readonly onLoad: () => void,
  ) {}

  /** From this mean rate on a neuron counts as saturated. */
  get saturated_hz(): number {
    return saturatedHz(this.frames.bin_us);
  }

  /** The values of a mode, or null while they are not known; modes of spikes have none. */
  get(mode: ColourMode, level: number, frame: number): Measure | null {
    if (mode === 'in_degree') return this.inDegree(level, frame);
    if (mode !== 'selectivity' && mode !== 'health') return null;
    this.ask();
    const kept = this.kept.get(mode);
    if (kept !== undefined || this.facts === null || this.lack(mode) !== '') return kept ?? null;
    const values = mode === 'selectivity' ? selectivityOf(this.facts) : this.healthOf(this.facts);
    const made = { values, version: ++this.version, min: 0, max: mode === 'health' ? markedPart(values) : 1 };
    this.kept.set(mode, made);
    return made;
  }

  /** True for modes whose values are made here or fetched, not gathered from spikes or potentials. */
  isSlow(mode: ColourMode): boolean {
    return SLOW.has(mode);
  }

  /** Why a mode has no values; "" = it has, or they are on their way. */
  lack(mode: ColourMode): string {
    if (mode === 'in_degree') return this.network.projections.some(({ has_weights }) => has_weights) ? '' : 'no weights are recorded';
    if (mode !== 'selectivity' && mode !== 'health') return '';
    if (this.failed !== '') return this.failed;
    return this.facts?.lacks[mode === 'selectivity' ? 'class' : 'spikes'] ?? '';
  }

  get classes(): readonly string[] {
    return this.facts?.classes ?? this.network.classes;
  }

  /** How the classes of the neurons were found. */
  get method(): string {
    return [...new Set(Object.values(this.facts?.method ?? {}))].join('; ');
  }

  /** The preferred class of each neuron, -1 for none; null while unknown. */
  preferredClasses(): ArrayLike<number> | null {
    this.ask();
    return this.facts === null || this.lack('selectivity') !== '' ? null : this.facts.classes_of;
  }

  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    if (this.network.facts === undefined) {
      this.failed = 'this recording has none';
      return;
    }
    void this.network.facts(this.signal).then(
      (facts) => { this.facts = facts; },
      (error: unknown) => { this.failed = error instanceof Error ? error.message : String(error); },
    ).finally(() => !this.signal.aborted && this.onLoad());
  }

  private healthOf({ spikes }: NeuronFacts): Float32Array {
    const seconds = Math.max(1e-9, (this.frames.n_frames * this.frames.bin_us) / 1e6);
    const limit = this.saturated_hz * seconds;
    return Float32Array.from(spikes, (n) => (n < 0 ? HEALTH.unknown : n === 0 ? HEALTH.dead : n >= limit ? HEALTH.saturated : HEALTH.fine));
  }

  /** Sum of the weights that arrive at each neuron, over all projections whose weights are known. */
  private inDegree(level: number, frame: number): Measure | null {
    const key = this.projections.weightsVersion(level, frame);
    if (key === '') return null;
    const kept = this.kept.get('in_degree');
    if (kept !== undefined && key === this.weights_key) return kept;
    this.weights_key = key;
    this.incoming ??= new IncomingWeights(this.network.n_neurons);
    this.incoming.update(this.projections.incoming(level, frame));
    const { sums: values } = this.incoming;
    let [min, max] = [0, 0];
    for (let id = 0; id < values.length; id++) {
      if (values[id] < min) min = values[id];
      if (values[id] > max) max = values[id];
    }
    const made = { values, version: ++this.version, min, max };
    this.kept.set('in_degree', made);
    return made;
  }
}

function selectivityOf({ classes_of, selectivity }: NeuronFacts): Float32Array {
  return Float32Array.from(classes_of, (of, id) => (of < 0 ? NaN : of + 0.999 * Math.min(1, Math.max(0, selectivity[id]))));
}

/** Part of the neurons that are dead or saturated. */
function markedPart(values: Float32Array): number {
  return values.reduce((n, value) => n + Number(value === HEALTH.dead || value === HEALTH.saturated), 0) / Math.max(1, values.length);
}
