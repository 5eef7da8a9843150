/**
 * The view: the one document behind the URL. Everything that the user can set about how the recording is seen,
 * apart from the playhead itself (Playback owns that). Visuals and panels subscribe to the keys they draw.
 */

import type { ViewState } from '../net/messages.gen';

export type ColourMode = NonNullable<ViewState['colour']>;
export type SynapseChoice = NonNullable<NonNullable<ViewState['synapses']>['choice']>;
export type SynapseDirection = NonNullable<NonNullable<ViewState['synapses']>['direction']>;

export type Bundles = NonNullable<NonNullable<ViewState['synapses']>['bundles']>;
export type BundleWidth = NonNullable<NonNullable<ViewState['synapses']>['bundle_width']>;
export type Minimap = NonNullable<ViewState['minimap']>;
/** From and to along x, y and z, as fractions of the network's extent. */
export type Clip = readonly [number, number, number, number, number, number];
/** An end of the measuring rule: a neuron (GLOBAL index), or a place in scene units. */
export type RuleEnd = { readonly neuron: number } | { readonly place: readonly [number, number, number] };

export interface Camera {
  readonly position: readonly [number, number, number];
  readonly target: readonly [number, number, number];
}

/** Neurons kept under a name and a colour ("#rrggbb"); GLOBAL indices, ascending. */
export interface NeuronSet {
  readonly name: string;
  readonly colour: string;
  readonly neurons: readonly number[];
}

export interface Bookmark {
  readonly name: string;
  readonly camera: Camera;
}

/** The B side: which recording ('' = the same), how much later (each from its run's start), which stimuli, how it is shown. */
export interface ComparisonWish {
  readonly recording: string;
  readonly offset_us: number;
  readonly stimuli: string;
  readonly mode: 'side' | 'difference';
}

export const SAME_MOMENT: ComparisonWish = { recording: '', offset_us: 0, stimuli: '', mode: 'side' };

/** A neuron that a panel lights in the scene, from 0 to 1. */
export interface Lit {
  /** GLOBAL index. */
  readonly neuron: number;
  readonly strength: number;
}

export interface ViewValues {
  /** What a neuron's colour means. */
  colour: ColourMode;
  /** The potential variable in colour mode "potential". */
  variable: string;
  /** Names of the layers that are hidden. */
  hidden: readonly string[];
  /** Selected neurons, GLOBAL indices, the last one last. */
  selection: readonly number[];
  /** The neuron under the pointer; -1 = none. */
  hover: number;
  /** What the open panels light: these neurons, and of the synapses onto the neuron selected last only theirs. */
  lit: readonly Lit[];
  /** null = the scene's own home view. The scene writes it (debounced), and eases to it when another writes it. */
  camera: Camera | null;
  /** How many synapses of the whole network are drawn at most (top |weight| + a random sample); 0 = none. */
  synapses: number;
  /** "top": the strongest; "sample": an unbiased random sample; "both": half and half; "change": what is being learned. */
  synapse_choice: SynapseChoice;
  /** Which synapses of the selection. */
  synapse_direction: SynapseDirection;
  /** "auto": the recording's own. */
  layout: string;
  /** Names of the layers in the order in which they stand; [] = the recording's. */
  order: readonly string[];
  /** Distance between the layers; 1 = as laid out. */
  spread: number;
  /** How far the layers are fanned out sideways: 0 not at all, 1 side by side. */
  fan: number;
  /** Least |weight| of a drawn synapse, as a fraction of the projection's largest. */
  synapse_threshold: number;
  /** When a projection is drawn as one bundle instead of its synapses. */
  bundles: Bundles;
  bundle_width: BundleWidth;
  /**
   * Whether pruned synapses are drawn, and below which |weight| one counts as pruned: a fraction of full colour, or a weight
   * of the one projection named in `ghosts_of`.
   */
  ghosts: boolean;
  ghosts_below: number;
  ghosts_of: string;
  legend: boolean;
  /** The glow's half life in recording frames of the current level, at least; the scene may widen it. */
  decay_frames: number;
  /** Size of a neuron; 1 = as laid out. */
  point_size: number;
  /** Selections kept under a name. */
  sets: readonly NeuronSet[];
  /** Places of the camera to come back to. */
  bookmarks: readonly Bookmark[];
  /** How long the camera's path through the bookmarks takes. */
  path_s: number;
  /** What of the network is shown. */
  clip: Clip;
  rule: readonly [RuleEnd, RuleEnd] | null;
  minimap: Minimap;
  /** The part of the run that the scrub bar shows; null = all of it. */
  zoom: { readonly t_start_us: number; readonly t_stop_us: number } | null;
  theme: 'dark' | 'light';
  /** null = nothing is compared. */
  comparison: ComparisonWish | null;
  /** Which stimuli the panels count: '' = all, 'class:<name>', 'correct', 'wrong'. */
  stimuli: string;
}

export const VIEW_DEFAULTS: ViewValues = {
  colour: 'spikes',
  variable: '',
  hidden: [],
  selection: [],
  hover: -1,
  lit: [],
  camera: null,
  synapses: 3000,
  synapse_choice: 'both',
  synapse_direction: 'both',
  layout: 'auto',
  order: [],
  spread: 1,
  fan: 0,
  synapse_threshold: 0,
  bundles: 'far',
  bundle_width: 'weight',
  ghosts: false,
  ghosts_below: 0,
  ghosts_of: '',
  legend: true,
  decay_frames: 4,
  point_size: 1,
  sets: [],
  bookmarks: [],
  path_s: 10,
  clip: [0, 1, 0, 1, 0, 1],
  rule: null,
  minimap: 'off',
  zoom: null,
  theme: 'dark',
  comparison: null,
  stimuli: '',
};

export type ViewKey = keyof ViewValues;
type Listener = (view: View, changed: ReadonlySet<ViewKey>) => void;

/** One document, told to its subscribers synchronously; equal values tell nobody. */
export class View {
  private values: ViewValues;
  private readonly listeners = new Set<{ keys: ReadonlySet<ViewKey> | null; tell: Listener }>();

  constructor(initial: Partial<ViewValues> = {}) {
    this.values = { ...VIEW_DEFAULTS, ...initial };
  }

  get<K extends ViewKey>(key: K): ViewValues[K] {
    return this.values[key];
  }

  all(): Readonly<ViewValues> {
    return this.values;
  }

  set(changes: Partial<ViewValues>): void {
    const changed = new Set<ViewKey>();
    for (const key of Object.keys(changes) as ViewKey[]) {
      if (!same(this.values[key], changes[key])) changed.add(key);
    }
    if (changed.size === 0) return;
    this.values = { ...this.values, ...changes };
    for (const { keys, tell } of [...this.listeners]) {
      if (keys === null || [...changed].some((key) => keys.has(key))) tell(this, changed);
    }
  }

  /** Calls back at each change of one of the keys (all keys: null). */
  subscribe(keys: readonly ViewKey[] | null, tell: Listener, signal?: AbortSignal): () => void {
    const entry = { keys: keys === null ? null : new Set(keys), tell };
    this.listeners.add(entry);
    const stop = (): void => void this.listeners.delete(entry);
    signal?.addEventListener('abort', stop, { once: true });
    return stop;
  }
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  // A million selected neurons are compared sooner than written.
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, i) => same(value, b[i]));
  return JSON.stringify(a) === JSON.stringify(b);
}
