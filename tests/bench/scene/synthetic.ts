/** A recording made up on the spot: digits that walk through a feed-forward network, weights that learn, potentials. */

import type {
  ComparisonSource, FrameSource, FramesChange, GroupSlice, LayerFrame, LayerInfo, Network, Place, Playback, ProjectionInfo, SpikeSlice, SpikeWindow,
  StateView, Synapses,
} from '@client/state/frames';

interface SceneMetadata {
  layers: (LayerFrame & { name: string })[];
  places: (LayerFrame & { name: string; columns: number })[];
  um_per_unit: number | null;
}

export interface Plan {
  layers: { name: string; shape: number[] }[];
  /** Part of the neurons that spikes in a frame. */
  density: number;
  positions: Float32Array;
  metadata: SceneMetadata;
  /** Part of all pairs that is connected. */
  connect: number;
  decoder: number;
}

const CHUNK = 64;

/** Nothing is compared. */
export const ALONE: ComparisonSource = { other: null, noDifference: '', onChange: () => undefined };

export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

export function syntheticNetwork(plan: Plan): Network {
  const layers: LayerInfo[] = [];
  let offset = 0;
  for (const [index, { name, shape }] of plan.layers.entries()) {
    const n_neurons = shape.reduce((product, side) => product * side, 1);
    layers.push({
      index, name, shape, n_neurons, offset, cell_type: '', neuron_type: 'LIF', has_positions: false, hidden: '', n_spikes: n_neurons * 400,
      frame: plan.metadata.layers[index],
    });
    offset += n_neurons;
  }
  const projections: ProjectionInfo[] = [];
  for (let i = 0; i + 1 < layers.length; i++) {
    const n_synapses = Math.floor(layers[i].n_neurons * layers[i + 1].n_neurons * plan.connect);
    projections.push({
      index: i, name: `${layers[i].name}→${layers[i + 1].name}`, source: layers[i].name, target: layers[i + 1].name, kind: 'explicit',
      n_synapses, target_neurons: layers[i + 1].n_neurons, learning_rule: 'STDP', has_weights: true,
    });
  }
  if (plan.decoder > 0) {
    const source = layers[layers.length - 1];
    projections.push({
      index: projections.length, name: `${source.name}→digit`, source: source.name, target: 'digit', kind: 'decoder',
      n_synapses: source.n_neurons * plan.decoder, target_neurons: plan.decoder, learning_rule: 'PES', has_weights: true,
    });
  }
  const made = new Map<string, Synapses>();
  const synapses = (name: string): Promise<Synapses> => {
    let found = made.get(name);
    if (found === undefined) {
      found = connect(projections.find((p) => p.name === name)!, layers);
      made.set(name, found);
    }
    return Promise.resolve(found);
  };
  return {
    recording: 'synthetic', layers, projections, classes: [], n_neurons: offset, positions: plan.positions,
    potentials: layers.slice(1).map((layer) => ({
      variable: 'v', unit: 'mV', layer: layer.name, n_recorded: layer.index === 1 ? Math.ceil(layer.n_neurons / 2) : layer.n_neurons,
    })),
    places: plan.metadata.places as Place[], um_per_unit: plan.metadata.um_per_unit, synapses,
  };
}

function connect(projection: ProjectionInfo, layers: readonly LayerInfo[]): Synapses {
  const source = layers.find(({ name }) => name === projection.source)!;
  const target = layers.find(({ name }) => name === projection.target);
  const n = projection.n_synapses;
  const pre = new Uint32Array(n);
  const post = new Uint32Array(n);
  const wide = projection.target_neurons;
  const stride = Math.max(1, Math.floor((source.n_neurons * wide) / n));
  for (let i = 0; i < n; i++) {
    pre[i] = source.offset + Math.floor((i * stride) / wide);
    post[i] = (target?.offset ?? 0) + ((i * stride) % wide);
  }
  return { pre, post, delay_ms: null };
}

export class SyntheticFrames implements FrameSource {
  readonly bin_us = 1000;
  readonly t_start_us = 0;
  readonly n_frames = 20_000;
  readonly spike_levels = [0, 1];
  private readonly network: Network;
  private readonly density: number;
  private readonly windows = new Map<string, SpikeWindow>();
  private readonly weights = new Map<string, { first: Float32Array; drift: Float32Array; now: Float32Array }>();
  private readonly potentials = new Map<string, Float32Array>();
  private readonly listeners = new Set<(change: FramesChange) => void>();

  constructor(network: Network, density: number) {
    this.network = network;
    this.density = density;
  }

  bins(level: number): number {
    return 16 ** level;
  }

  frameAt(t_us: number, level: number): number {
    return Math.floor(t_us / (this.bin_us * this.bins(level)));
  }

  timeOf(frame: number, level: number): number {
    return frame * this.bin_us * this.bins(level);
  }

  spikesIn(start: number, stop: number, level: number): SpikeSlice[] {
    const slices: SpikeSlice[] = [];
    for (let chunk = Math.floor(start / CHUNK); chunk * CHUNK < stop; chunk++) {
      for (const layer of this.network.layers) {
        const window = this.window(layer, chunk, level);
        slices.push({ window, frame_start: Math.max(start, chunk * CHUNK), frame_stop: Math.min(stop, (chunk + 1) * CHUNK) });
      }
    }
    return slices;
  }

  groupsIn(): GroupSlice[] {
    return [];
  }

  isLoaded(): boolean {
    return true;
  }

  stateAt(stream: string, target: string, _level: number, frame: number): StateView | null {
    return stream === 'weights' ? this.weightsAt(target, frame) : this.potentialsAt(target, frame);
  }

  demand(): void {}

  onChange(listener: (change: FramesChange) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** A digit-like stroke that the input sees at this frame, and how the layers answer: 0..1 by neuron. */
  private drive(layer: LayerInfo, id: number, frame: number): number {
    const picture = Math.floor(frame / 350);
    const on = frame % 350 < 250 ? 1 : 0.04;
    if (layer.index === 0) {
      const [h, w] = layer.shape.length === 2 ? layer.shape : [1, layer.n_neurons];
      const [y, x] = [Math.floor(id / w) / h - 0.5, (id % w) / w - 0.5];
      const turn = picture * 1.9;
      const [u, v] = [x * Math.cos(turn) - y * Math.sin(turn), x * Math.sin(turn) + y * Math.cos(turn)];
      const stroke = Math.abs(Math.hypot(u * 1.3, v + 0.06) - 0.27);
      const bar = Math.max(Math.abs(u - 0.2), Math.abs(v) - 0.22);
      return on * Math.exp(-((Math.min(stroke, picture % 2 ? bar : 1) / 0.055) ** 2));
    }
    const mixed = Math.imul(id * 2654435761 + picture * 40503 + layer.index * 97, 2246822519) >>> 0;
    return on * (mixed % 100 < 14 ? 1 : 0.03);
  }

  private window(layer: LayerInfo, chunk: number, level: number): SpikeWindow {
    const key = `${layer.index}/${chunk}/${level}`;
    let window = this.windows.get(key);
    if (window !== undefined) return window;
    const next = random(chunk * 131 + layer.index * 7 + level);
    const offsets = new Uint32Array(CHUNK + 1);
    const ids: number[] = [];
    const large = layer.n_neurons > 2000;
    for (let f = 0; f < CHUNK; f++) {
      if (large) {
        // Uniform gaps: quick for the bench.
        const gap = 2 / this.density;
        for (let id = Math.floor(next() * gap); id < layer.n_neurons; id += 1 + Math.floor(next() * gap)) ids.push(layer.offset + id);
      } else {
        for (let id = 0; id < layer.n_neurons; id++) {
          if (next() < this.density * 3 * this.drive(layer, id, chunk * CHUNK + f)) ids.push(layer.offset + id);
        }
      }
      offsets[f + 1] = ids.length;
    }
    window = {
      layer: layer.index, tile: layer.index, level, first_frame: chunk * CHUNK, n_frames: CHUNK, offsets, ids: Uint32Array.from(ids), counts: null,
    };
    this.windows.set(key, window);
    return window;
  }

  private weightsAt(target: string, frame: number): StateView | null {
    const projection = this.network.projections.find(({ name }) => name === target);
    if (projection === undefined) return null;
    let weights = this.weights.get(target);
    if (weights === undefined) {
      const next = random(projection.index + 5);
      const n = projection.n_synapses;
      const gauss = (): number => (next() + next() + next() - 1.5) * 1.2;
      weights = { first: Float32Array.from({ length: n }, () => 0.12 * gauss()), drift: Float32Array.from({ length: n }, () => gauss() ** 3), now: new Float32Array(n) };
      this.weights.set(target, weights);
    }
    const step = Math.floor(frame / 50);
    const learned = Math.min(1, step / 60);
    const { first, drift, now } = weights;
    for (let i = 0; i < now.length; i++) now[i] = first[i] + drift[i] * learned * 0.5;
    return { values: now, version: step, changedSince: () => null, level: 0, frame, complete: true, min: -1.2, max: 1.2, unit: '' };
  }

  private potentialsAt(target: string, frame: number): StateView | null {
    const layer = this.network.layers.find(({ name }) => name === target);
    if (layer === undefined) return null;
    const values = this.potentials.get(target) ?? new Float32Array(layer.n_neurons);
    this.potentials.set(target, values);
    for (let id = 0; id < values.length; id++) {
      const drive = this.drive(layer, id, frame);
      const ramp = (frame * (0.02 + 0.08 * drive) + id * 0.37) % 1;
      values[id] = layer.index === 1 && id % 2 === 1 ? NaN : -70 + 18 * ramp * (0.4 + 0.6 * drive);
    }
    return { values, version: frame, changedSince: () => null, level: 0, frame, complete: true, min: -72, max: -50, unit: 'mV' };
  }
}

export class SyntheticPlayback implements Playback {
  t_us = 0;
  playing = false;
  speed = 0.1;
  loop = null;
  level = 0;
  jump = 0;
  private last_ms = -1;

  get status(): Playback['status'] {
    return this.playing ? 'playing' : 'paused';
  }

  tick(now_ms: number): void {
    if (this.playing && this.last_ms >= 0) this.t_us += (now_ms - this.last_ms) * 1000 * this.speed;
    this.last_ms = now_ms;
  }

  seek(t_us: number): void {
    this.t_us = t_us;
    this.jump++;
  }

  play(): void {
    this.playing = true;
  }

  pause(): void {
    this.playing = false;
  }
}
