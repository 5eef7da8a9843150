/** The projections of a network whose synapses are here: each one's ends, fetched once, and its weights at a moment. */

import type { Incoming } from './incoming_weights';
import type { Weights } from './segment_weights';
import type { NeuronTable } from '../neurons/neuron_table';
import type { FrameSource, Network, ProjectionInfo, StateView, Synapses } from '../../state/frames';
import type { SynapseDirection } from '../../state/view';

/** The weights of a projection on the other side at its playhead. */
export interface OtherWeights {
  readonly state: StateView;
  readonly synapses: Synapses;
}

/** A synapse of a neuron, by the ids of the neurons at its ends. */
export interface WeightedSynapse {
  readonly projection: string;
  readonly pre: number;
  readonly post: number;
  readonly weight: number;
}

/** A projection and what is drawn of it. */
export class Projection {
  /** |weight| of full colour; 0 while unknown. */
  scale = 0;
  unit = '';
  /** Of the weights that its synapses were chosen by. */
  chosenVersion = '';
  /** In choice "change": the weights that the drawn ones are compared with, and |change| of full colour. */
  before: Weights | null = null;
  changeScale = 0;

  constructor(
    readonly info: ProjectionInfo, readonly synapses: Synapses, private readonly frames: FrameSource,
    /** Point id of post 0: decoders end at their place. */
    private readonly postBase: number,
  ) {}

  /** Its weights; null while they are unknown. Only good until the next ones are asked for. */
  state(level: number, frame: number): StateView | null {
    return this.info.has_weights ? this.frames.stateAt('weights', this.info.name, level, frame) : null;
  }

  /** Point ids of segments, pre and post, in the order of drawing. */
  ends(ids: Uint32Array): Uint32Array {
    const { synapses, postBase } = this;
    const ends = new Uint32Array(2 * ids.length);
    for (let i = 0; i < ids.length; i++) {
      ends[2 * i] = synapses.pre[ids[i]];
      ends[2 * i + 1] = postBase + synapses.post[ids[i]];
    }
    return ends;
  }

  /** Its synapses at a neuron. */
  *touching(neuron: number, direction: SynapseDirection = 'both'): Generator<number> {
    const { pre, post } = this.synapses;
    const outgoing = direction !== 'incoming';
    // Nothing ends at a neuron number that no synapse has.
    const end = direction === 'outgoing' ? -1 : this.info.kind === 'decoder' ? neuron - this.postBase : neuron;
    for (let id = 0; id < pre.length; id++) if ((outgoing && pre[id] === neuron) || post[id] === end) yield id;
  }
}

export class Projections {
  /** In the network's order. */
  readonly all: Projection[] = [];
  /** Projections whose synapses could not be fetched, with the reason. */
  readonly failed = new Map<string, string>();

  constructor(
    private readonly network: Network, private readonly frames: FrameSource, private readonly table: NeuronTable, signal: AbortSignal,
    /** One more is here, or will not come. */
    private readonly onLoad: () => void,
  ) {
    for (const info of network.projections) void this.load(info, signal);
  }

  named(name: string): Projection | undefined {
    return this.all.find(({ info }) => info.name === name);
  }

  /** The synapses of a neuron with their weights now, strongest first. */
  at(neuron: number, limit: number, level: number, frame: number): WeightedSynapse[] {
    const found: WeightedSynapse[] = [];
    for (const projection of this.all) {
      const state = projection.state(level, frame);
      if (state === null) continue;
      const { pre, post } = projection.synapses;
      for (const id of projection.touching(neuron)) {
        const weight = state.values[id];
        if (weight === weight) found.push({ projection: projection.info.name, pre: pre[id], post: post[id], weight });
      }
    }
    return found.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight)).slice(0, limit);
  }

  /** The weights of a projection, for the other side that is compared with this one. */
  weightsOf(name: string, level: number, frame: number): OtherWeights | null {
    const found = this.named(name);
    const state = found?.state(level, frame) ?? null;
    return found === undefined || state === null ? null : { state, synapses: found.synapses };
  }

  /** Says the version of the weights of every projection onto neurons at a frame; "" while none are known. */
  weightsVersion(level: number, frame: number): string {
    return this.all.map((p) => (p.info.kind === 'decoder' ? '' : `${p.state(level, frame)?.version ?? ''}`)).join(' ').trim();
  }

  /** The known weights of every projection onto neurons; only good until the next ones are asked for. */
  incoming(level: number, frame: number): Incoming[] {
    const found: Incoming[] = [];
    this.each(level, frame, ({ info, synapses }, weights) => {
      if (weights !== null && info.kind !== 'decoder') found.push({ projection: info.name, post: synapses.post, weights });
    });
    return found;
  }

  /** Visits each with its weights as far as they are known; they are only good during the visit. */
  each(level: number, frame: number, visit: (projection: Projection, state: StateView | null) => void): void {
    for (const projection of this.all) visit(projection, projection.state(level, frame));
  }

  private async load(info: ProjectionInfo, signal: AbortSignal): Promise<void> {
    const place = this.table.rows.find((row) => row.kind === 'place' && row.name === info.target);
    if (info.kind === 'decoder' && place === undefined) return;
    try {
      const synapses = await this.network.synapses(info.name, signal);
      if (signal.aborted) return;
      const postBase = info.kind === 'decoder' && place !== undefined ? place.first : 0;
      this.all.push(new Projection(info, synapses, this.frames, postBase));
      this.all.sort((a, b) => a.info.index - b.info.index);
    } catch (error) {
      if (signal.aborted) return;
      this.failed.set(info.name, error instanceof Error ? error.message : String(error));
    }
    this.onLoad();
  }
}
