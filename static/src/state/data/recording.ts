/** Loads what a view of one recording starts from, and keeps it current: network, stimuli, overview, manifest. */

import { loadOverview, type Overview } from './overview';
import type { LayerFrame, LayerInfo, Network, NeuronFacts, Placement, ProjectionInfo, Synapses, Vector } from '../frames';
import type { Columns } from '../../net/arrow';
import type { Header, Manifest, Network as NetworkBody } from '../../net/messages.gen';
import { ApiError, type Info, rest } from '../../net/rest';

export class Stimuli {
  constructor(
    readonly t_start_us: ArrayLike<number>,
    readonly t_stop_us: ArrayLike<number>,
    readonly labels: readonly (string | null)[],
    readonly predictions: readonly (string | null)[],
    readonly images: readonly (number | null)[],
    readonly classes: readonly string[],
  ) {}

  get length(): number {
    return this.labels.length;
  }

  /** Why no subset of them can be chosen; '' = one can. */
  get lacks(): string {
    return this.length === 0 ? 'no stimuli were recorded' : this.classes.length === 0 ? 'the stimuli have no labels' : '';
  }

  /** Why it is not known which were read right; '' = it is. */
  get lacksPredictions(): string {
    return this.predictions.some((prediction, at) => prediction !== null && this.labels[at] !== null) ? '' : 'no predictions recorded';
  }

  /** Index of the stimulus shown at a time; -1 where there is none. */
  at(t_us: number): number {
    let low = 0;
    let high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.t_start_us[middle] <= t_us) low = middle;
      else high = middle - 1;
    }
    return this.length > 0 && this.t_start_us[low] <= t_us && t_us < this.t_stop_us[low] ? low : -1;
  }

  /** Position of a label among the classes; -1 where it has none. */
  classOf(label: string | null): number {
    return label === null ? -1 : this.classes.indexOf(label);
  }
}

export interface Loaded {
  readonly network: Network;
  readonly header: Header;
  readonly manifest: Manifest;
  readonly stimuli: Stimuli;
  overview: Overview;
  /** Why the recording's own layout was taken instead of the one asked for; '' = it was not. */
  readonly layout_refused: string;
}

export async function loadRecording(
  id: string, layout: string, order: readonly string[], signal: AbortSignal,
): Promise<Loaded> {
  const network_ = rest.network(id, signal);
  let layout_refused = '';
  const placed = (indices: string): Promise<Columns> => rest.scene(id, layout, indices, signal).catch((error: unknown) => {
    if (layout === 'auto' || !(error instanceof ApiError) || (error.where !== 'layout' && error.code !== 'not_held')) throw error;
    layout_refused = error.message;
    return rest.scene(id, 'auto', error.code === 'not_held' ? '' : indices, signal);
  });
  const scene_ = order.length === 0 ? placed('') : network_.then((body) => placed(indicesOf(order, body.layers.map(({ name }) => name))));
  const overview_ = network_.then((body) => loadOverview(id, body.layers.length, null, signal));
  const [manifest, body, scene, stimuli, overview, info] = await Promise.all([
    rest.manifest(id, signal), network_, scene_,
    rest.stimuli(id, signal), overview_, rest.info(id, signal),
  ]);
  const network = networkOf(id, body, manifest, scene, info);
  return {
    network, header: body.header, manifest,
    stimuli: stimuliOf(stimuli, body.header.classes ?? []), overview, layout_refused,
  };
}

export async function loadStimuli(network: Network, signal: AbortSignal): Promise<Stimuli> {
  return stimuliOf(await rest.stimuli(network.recording, signal), network.classes);
}

function networkOf(id: string, body: NetworkBody, manifest: Manifest, scene: Columns, info: Info): Network {
  const spikes = new Map(info.layers.map((layer) => [layer.name, layer.spikes]));
  const names = body.layers.map(({ name }) => name);
  const placement = placementOf(scene, names);
  const layers = body.layers.map<LayerInfo>((layer, index) => ({
    index,
    name: layer.name,
    n_neurons: layer.neurons,
    shape: layer.shape,
    offset: layer.offset,
    cell_type: layer.cell_type ?? '',
    neuron_type: layer.neuron_type ?? '',
    has_positions: layer.positions ?? false,
    hidden: '',
    n_spikes: spikes.get(layer.name) ?? 0,
    frame: placement.frames[index],
  }));
  const weights = new Set(
    manifest.grids.filter((grid) => manifest.streams.some((s) => s.stream === grid.stream && s.name === 'weights'))
      .map((grid) => grid.target),
  );
  const projections = body.projections.map<ProjectionInfo>((projection, index) => ({
    index,
    name: projection.name,
    source: projection.source,
    target: projection.target,
    kind: projection.kind,
    n_synapses: projection.synapses,
    target_neurons: projection.target_neurons,
    learning_rule: projection.learning_rule ?? '',
    has_weights: weights.has(projection.name),
  }));
  const kept = new Map<string, Promise<Synapses>>();
  let facts: Promise<NeuronFacts> | null = null;
  return {
    recording: id,
    layers,
    projections,
    potentials: body.potentials.map((stream) => ({
      variable: stream.variable, unit: stream.unit, layer: stream.layer, n_recorded: stream.n_recorded,
    })),
    classes: body.header.classes ?? [],
    n_neurons: scene.n_rows,
    ...placement,
    place: async (layout, order, signal) => placementOf(await rest.scene(id, layout, indicesOf(order, names), signal), names),
    reconstruct: async (neuron, t_us, signal) => {
      const found = await rest.reconstruction(id, neuron, t_us, signal);
      return { values: Float32Array.from(found.numbers('value')), inputs: json<string[]>(found, 'inputs') ?? [] };
    },
    facts: () => (facts ??= rest.neurons(id).then(factsOf).catch((error: unknown) => { facts = null; throw error; })),
    bounds: json<[Vector, Vector]>(scene, 'bounds'),
    home: json<{ position: Vector; target: Vector }>(scene, 'home'),
    synapses: (name) => {
      let found = kept.get(name);
      if (found === undefined) {
        found = synapsesOf(id, name, projections, layers);
        kept.set(name, found);
        found.catch(() => kept.delete(name));
      }
      return found;
    },
  };
}

/** A layout as the server's Arrow stream says it; frames in the order of the layers, whatever order they stand in. */
function placementOf(scene: Columns, layers: readonly string[]): Placement {
  const [x, y, z] = ['x', 'y', 'z'].map((name) => scene.numbers(name));
  const positions = new Float32Array(3 * scene.n_rows);
  for (let i = 0; i < scene.n_rows; i++) {
    positions[3 * i] = x[i];
    positions[3 * i + 1] = y[i];
    positions[3 * i + 2] = z[i];
  }
  const frames = new Map((json<LayerFrame[]>(scene, 'layers') ?? []).map((frame) => [frame.name, frame]));
  return {
    positions,
    frames: layers.map((name) => frames.get(name) ?? null),
    places: json<LayerFrame[]>(scene, 'places') ?? [],
    um_per_unit: json<number>(scene, 'um_per_unit'),
    layout: scene.metadata.get('layout') ?? '',
    layout_note: json<string>(scene, 'note') ?? '',
  };
}

function factsOf(columns: Columns): NeuronFacts {
  return {
    spikes: columns.numbers('spikes'), classes_of: columns.numbers('class'), selectivity: columns.numbers('selectivity'),
    classes: json<string[]>(columns, 'classes') ?? [], method: json<Record<string, string>>(columns, 'method') ?? {},
    lacks: json<Record<string, string>>(columns, 'lacks') ?? {},
  };
}

/** Layers by name as the server's `order`; "" where they stand as recorded, or where the names are not all there. */
export function indicesOf(order: readonly string[], layers: readonly string[]): string {
  const indices = order.map((name) => layers.indexOf(name));
  const complete = indices.length === layers.length && new Set(indices).size === layers.length && !indices.includes(-1);
  return complete && indices.some((index, i) => index !== i) ? indices.join(',') : '';
}

async function synapsesOf(
  id: string, name: string, projections: readonly ProjectionInfo[], layers: readonly LayerInfo[],
): Promise<Synapses> {
  const projection = projections.find((candidate) => candidate.name === name);
  const offset = (layer: string): number => layers.find((candidate) => candidate.name === layer)?.offset ?? 0;
  const columns = await rest.synapses(id, name);
  const shifted = (ids: ArrayLike<number>, by: number): Uint32Array => Uint32Array.from(ids, (neuron) => neuron + by);
  return {
    pre: shifted(columns.numbers('pre'), offset(projection?.source ?? '')),
    post: shifted(columns.numbers('post'), projection?.kind === 'decoder' ? 0 : offset(projection?.target ?? '')),
    delay_ms: columns.has('delay_ms') ? Float32Array.from(columns.numbers('delay_ms')) : null,
  };
}

function stimuliOf(columns: Columns, classes: readonly string[]): Stimuli {
  const labels = columns.has('label') ? columns.texts('label') : new Array<string | null>(columns.n_rows).fill(null);
  const nothing = new Array<null>(columns.n_rows).fill(null);
  const seen = classes.length > 0 ? classes : [...new Set(labels.filter((label) => label !== null))].sort(byNumber);
  return new Stimuli(
    columns.n_rows ? columns.numbers('t_start_us') : [],
    columns.n_rows ? columns.numbers('t_stop_us') : [],
    labels,
    columns.has('prediction') ? columns.texts('prediction') : nothing,
    columns.has('image') ? columns.optionalNumbers('image') : nothing,
    seen,
  );
}

function byNumber(a: string, b: string): number {
  return a.localeCompare(b, undefined, { numeric: true });
}

function json<T>(columns: Columns, name: string): T | null {
  const text = columns.metadata.get(name);
  return text === undefined ? null : (JSON.parse(text) as T);
}
