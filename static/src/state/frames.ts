/**
 * What the scene sees of the recording: the network, its frames and the clock.
 *
 * This file is the contract between the client's core (which fetches, decodes and keeps) and the
 * scene (which draws). Types only; the implementations lie in `data/`.
 *
 * Words: a *frame* is one bin of time at one level; level L covers 16^L bins, so
 * `frame = floor((t_us - t_start_us) / (bin_us * 16^L))`. Neuron ids here are **global indices**
 * (the layer's offset + the id in the layer). Times are float64 microseconds.
 */

// ------------------------------------------------------------------ the network

export interface LayerInfo {
  readonly index: number;
  readonly name: string;
  readonly n_neurons: number;
  readonly shape: readonly number[];
  /** Global index of the layer's neuron 0. */
  readonly offset: number;
  readonly cell_type: string;
  readonly neuron_type: string;
  /** True where the positions were recorded; else the layout made them from the shape. */
  readonly has_positions: boolean;
  /** The reason why the layer starts out hidden; "" = shown. */
  readonly hidden: string;
  /** Spikes in the whole recording. */
  readonly n_spikes: number;
  /** Where the layer lies in the layout, as the server's scene says it (metadata of /scene). */
  readonly frame: LayerFrame | null;
}

/** Where a layer (or the place of a decoder) lies, as the server's scenes.layout says it. A sheet or a stack: neuron
 *  (channel, row, column) lies at origin + column * axes[0] + row * axes[1] + channel * axes[2]. */
export interface LayerFrame {
  readonly name: string;
  readonly kind: 'sheet' | 'stack' | 'ring' | 'column' | 'cloud';
  readonly origin: Vector;
  readonly axes: readonly Vector[];
  readonly spacing: number;
  readonly rows: number;
  readonly columns: number;
  /** (rows, columns, gap, tiles in a row) of a channel of a (C, H, W) layer; empty where there is one tile. */
  readonly tile: readonly number[];
  readonly bounds: readonly [Vector, Vector];
}

/** Where the dimensions of a decoder are drawn. */
export type Place = LayerFrame;

export type Vector = readonly [number, number, number];

export interface ProjectionInfo {
  readonly index: number;
  readonly name: string;
  readonly source: string;
  /** A layer's name; for kind "decoder" the name of what is decoded. */
  readonly target: string;
  readonly kind: 'explicit' | 'kernel' | 'decoder';
  readonly n_synapses: number;
  readonly target_neurons: number;
  readonly learning_rule: string;
  /** True where the recording holds weights over time for it. */
  readonly has_weights: boolean;
}

export interface Synapses {
  /** GLOBAL index of the presynaptic neuron of each synapse. */
  readonly pre: Uint32Array;
  /** GLOBAL index of the postsynaptic neuron; for a decoder, the dimension (0-based). */
  readonly post: Uint32Array;
  readonly delay_ms: Float32Array | null;
}

export interface PotentialInfo {
  readonly variable: string;
  readonly unit: string;
  readonly layer: string;
  readonly n_recorded: number;
}

export interface Network {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly projections: readonly ProjectionInfo[];
  readonly potentials: readonly PotentialInfo[];
  /** Names of the classes, for stimuli and neuron labels; [] where the recording has none. */
  readonly classes: readonly string[];
  readonly n_neurons: number;
  /** x, y, z of every neuron in global index order, 3 * n_neurons long. */
  readonly positions: Float32Array;
  readonly places?: readonly Place[];
  /** Micrometres of one scene unit where recorded positions are drawn (scale bar); else null. */
  readonly um_per_unit?: number | null;
  /** Smallest and largest coordinates of everything; null where the server does not say. */
  readonly bounds?: readonly [Vector, Vector] | null;
  /** The three-quarter view that fits the network. */
  readonly home?: { readonly position: Vector; readonly target: Vector } | null;
  /** The layout that `positions` are of; absent where only one is known. */
  readonly layout?: string;
  /** What the viewer has to know about the layout; "" = nothing. */
  readonly layout_note?: string;
  /** Another layout: where the same neurons lie then. `order` names the layers as they shall stand. */
  place?(layout: string, order: readonly string[], signal?: AbortSignal): Promise<Placement>;
  reconstruct?(neuron: number, t_us: number, signal?: AbortSignal): Promise<Reconstruction>;
  /** Fetched once and kept. */
  facts?(signal?: AbortSignal): Promise<NeuronFacts>;
  /** Pre and post of a projection; fetched once and kept. */
  synapses(projection: string, signal?: AbortSignal): Promise<Synapses>;
}

/** Facts of every neuron over the whole recording, in global index order. */
export interface NeuronFacts {
  /** -1 = unknown. */
  readonly spikes: ArrayLike<number>;
  /** Index in `classes`; -1 = none. */
  readonly classes_of: ArrayLike<number>;
  /** 0 answers all classes alike .. 1 answers one only. */
  readonly selectivity: ArrayLike<number>;
  readonly classes: readonly string[];
  /** How the classes were found, by layer. */
  readonly method: Readonly<Record<string, string>>;
  /** What is missing ("spikes", "class") and why; "" = it is there. */
  readonly lacks: Readonly<Record<string, string>>;
}

/** The input that a neuron responds to, through the weights of a moment. */
export interface Reconstruction {
  /** -1 to 1 for each neuron, NaN where nothing leads to the neuron. */
  readonly values: Float32Array;
  /** Names of the farthest layers. */
  readonly inputs: readonly string[];
}

/** Where everything lies in one layout. */
export interface Placement {
  /** x, y, z of every neuron in global index order. */
  readonly positions: Float32Array;
  /** One per layer, in the network's order. */
  readonly frames: readonly (LayerFrame | null)[];
  readonly places: readonly Place[];
  readonly um_per_unit?: number | null;
  readonly layout?: string;
  readonly layout_note?: string;
}

// ------------------------------------------------------------------ frames

/** The decoded spikes of one tile over one chunk. Frame f's spikes are
 *  `ids[offsets[f - first_frame] .. offsets[f - first_frame + 1])`, ascending. */
export interface SpikeWindow {
  readonly layer: number;
  readonly tile: number;
  readonly level: number;
  readonly first_frame: number;
  readonly n_frames: number;
  /** n_frames + 1 long. */
  readonly offsets: Uint32Array;
  /** GLOBAL neuron indices. */
  readonly ids: Uint32Array;
  /** Spikes of the neuron in the frame, parallel to ids; null where every one is 1. */
  readonly counts: Uint8Array | Uint16Array | Uint32Array | null;
}

/** A window and which of its frames were asked for: [frame_start, frame_stop), absolute. */
export interface SpikeSlice {
  readonly window: SpikeWindow;
  readonly frame_start: number;
  readonly frame_stop: number;
}

/** Dense spike counts of the 64-neuron groups of one tile over one chunk (level >= 1).
 *  `counts[(f - first_frame) * n_groups + g]`; group g = neurons first_neuron + 64 g .. + 63. */
export interface GroupWindow {
  readonly layer: number;
  readonly tile: number;
  readonly level: number;
  readonly first_frame: number;
  readonly n_frames: number;
  readonly n_groups: number;
  /** Global index of the tile's first neuron. */
  readonly first_neuron: number;
  readonly counts: Uint8Array | Uint16Array | Uint32Array;
}

export interface GroupSlice {
  readonly window: GroupWindow;
  readonly frame_start: number;
  readonly frame_stop: number;
}

/** The values of one whole layer (potentials) or projection (weights) at one frame.
 *  The array is reused: read it now, do not keep it. `version` changes whenever a value does. */
export interface StateView {
  /** By neuron of the layer / synapse of the projection; NaN = not recorded, or pruned. */
  readonly values: Float32Array;
  readonly version: number;
  /** Ids of the values that may have changed since an earlier version; null where any of them may have. */
  changedSince(version: number): Uint32Array | null;
  readonly level: number;
  readonly frame: number;
  /** False while some tile's data is still on its way (its values are then the last known). */
  readonly complete: boolean;
  /** Bounds over the recording (from the quantisation); for colour scales. */
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

/** What the scene wants beside spikes; the core fetches only what is wanted. */
export interface Demand {
  /** Projections whose weights are drawn. */
  readonly weights: readonly string[];
  /** Variables whose potentials are drawn (every layer that has them). */
  readonly potentials: readonly string[];
}

export type FramesChange =
  /** New windows landed; `level` and the frames [frame_start, frame_stop) that they cover. */
  | { readonly kind: 'spikes' | 'groups'; readonly level: number; readonly frame_start: number; readonly frame_stop: number }
  /** A value stream moved on: call stateAt again. */
  | { readonly kind: 'values'; readonly stream: 'weights' | string; readonly target: string }
  /** Everything known was dropped (another build, another recording). */
  | { readonly kind: 'reset' };

export interface FrameSource {
  readonly bin_us: number;
  readonly t_start_us: number;
  /** Level-0 frames; grows while the recording is open. */
  readonly n_frames: number;
  /** The levels that hold exact counts per neuron (0, 1, 2 as far as the run is long). */
  readonly spike_levels: readonly number[];

  /** Bins of one frame at this level: 16^level. */
  bins(level: number): number;
  frameAt(t_us: number, level: number): number;
  /** Start of the frame. */
  timeOf(frame: number, level: number): number;

  /** The loaded spikes of all tiles in [frame_start, frame_stop) at the level. Synchronous, no copies. */
  spikesIn(frame_start: number, frame_stop: number, level: number): SpikeSlice[];
  /** The loaded group counts there (level >= 1): what to show until the exact spikes land. */
  groupsIn(frame_start: number, frame_stop: number, level: number): GroupSlice[];
  /** True when every stored chunk of these frames at this level is here (spikes). */
  isLoaded(frame_start: number, frame_stop: number, level: number): boolean;
  /** Weights: stream "weights", target = projection. Potentials: stream = variable, target = layer.
   *  The state at the END of the frame; incremental forwards, replay from the keyframe otherwise.
   *  null while nothing of it is here yet, or where there is none. */
  stateAt(stream: string, target: string, level: number, frame: number): StateView | null;

  demand(demand: Demand): void;
  /** Returns the unsubscribe function; also ends with the signal. */
  onChange(listener: (change: FramesChange) => void, signal?: AbortSignal): () => void;
}

// ------------------------------------------------------------------ the clock

/** "live": at the end of an open recording, waiting for what comes. */
export type PlaybackStatus = 'paused' | 'playing' | 'buffering' | 'ended' | 'live' | 'unavailable';

export interface Playback {
  /** The playhead, float64 microseconds. Between frames it lies between: the glow decays smoothly. */
  readonly t_us: number;
  readonly playing: boolean;
  readonly status: PlaybackStatus;
  /** Recording seconds per wall-clock second; negative = reverse. */
  readonly speed: number;
  readonly loop: { readonly t_start_us: number; readonly t_stop_us: number } | null;
  /** The level that fits the speed; spikes are asked for at this level. */
  readonly level: number;
  /** Counts up at every seek, loop jump or change of level: clear what was accumulated, then
   *  replay a pre-roll of as many frames before the playhead as your decay needs. */
  readonly jump: number;

  /** Moves the playhead on the client's clock. The scene calls it first thing in its animation loop
   *  (window or XR); a second call with the same time does nothing. */
  tick(now_ms: number): void;
  seek(t_us: number): void;
  play(): void;
  pause(): void;
}

// ------------------------------------------------------------------ the scene's side

export interface SceneContext {
  /** The element the scene fills; it follows its size (ResizeObserver). Legend, scale bar, hover
   *  label and "you see x of y" are drawn inside it by the scene; the stimulus card (top left) and
   *  the detail card (left panel) are the core's. */
  readonly host: HTMLElement;
  readonly network: Network;
  readonly frames: FrameSource;
  readonly playback: Playback;
  /** The view: colour mode, layers shown, selection, camera. See view.ts: read, set, subscribe. */
  readonly view: import('./view').View;
  readonly comparison: ComparisonSource;
  /** Aborted when the page leaves the recording: dispose of everything then. */
  readonly signal: AbortSignal;
}

/** What is compared with: another moment, or another recording. Its neurons have indices of their own. */
export interface OtherSide {
  readonly network: Network;
  /** The recording's name. */
  readonly name: string;
  readonly frames: FrameSource;
  /** Coupled to the first one. */
  readonly playback: Playback & { readonly wanted_us: number };
  /** The first one's, with neurons translated both ways. */
  readonly view: import('./view').View;
  /** Aborted when this side goes. */
  readonly signal: AbortSignal;
}

export interface ComparisonSource {
  /** null: nothing is compared, or B is not here yet. */
  readonly other: OtherSide | null;
  /** Why B minus A cannot be drawn; '' = it can. */
  readonly noDifference: string;
  onChange(tell: () => void, signal?: AbortSignal): void;
}

export interface SceneStats {
  /** Spikes lit by the scene since it started, and in the last drawn frame. */
  readonly drawn_spikes: number;
  readonly spikes_in_last_frame: number;
  readonly synapses_drawn: number;
  readonly synapses_total: number;
  readonly frames_drawn: number;
  /** JS milliseconds of the last draws, median. */
  readonly js_ms: number;
}

/** The scene as it draws the frames of a film. */
export interface FilmStage {
  /** Holds what was drawn until the task ends. */
  readonly canvas: HTMLCanvasElement;
  /** Draws the moment that clock and view are set to; null leaves the camera where it is. */
  draw(camera: import('./view').Camera | null): void;
  /** Writes the names of the layers over a picture of it. */
  labels(canvas: HTMLCanvasElement): void;
  /** The pixel of the picture at which a place lies; null when it is behind the camera. */
  project(place: readonly [number, number, number]): { x: number; y: number } | null;
  end(): void;
}

export interface SceneHandle {
  stats(): SceneStats;
  /** Eases to the three-quarter view that fits the whole network. Key H. */
  home(): void;
  /** Eases to the selection; to everything where nothing is selected. Key F. */
  fitSelection(): void;
  /** Eases to one layer. Keys 1-9. */
  fitLayer(layer: number): void;
  /** The scene as a PNG of any size. */
  picture?(wish: { width: number; height: number; transparent: boolean; labels: boolean }): Promise<Blob>;
  /** Draws single frames of any size, until it is ended; the window shows them meanwhile. */
  film?(size: { width: number; height: number; fps: number }): FilmStage;
  legendSvg?(): string;
  /** The next drag selects what lies inside a box or a drawn line. */
  selectBy?(tool: 'box' | 'lasso'): void;
  /** 1 for each neuron without a spike in the moments before the playhead that colour mode "health" looks at. */
  silent?(): Uint8Array;
  /** First-person flight, on or off. Key Z. */
  toggleFlight?(): void;
  /** The measuring rule: between the two neurons selected last, else by the next two clicks; or away. Key X. */
  toggleRule?(): void;
  /** Pixel position in the host of a neuron now, for tests and labels; null when behind the camera. */
  project(neuron: number): { x: number; y: number } | null;
  /** The synapse weights now at a neuron, for the detail card (strongest first); [] where unknown. */
  synapsesOf?(neuron: number, limit: number): { projection: string; pre: number; post: number; weight: number }[];
  /** The camera as it stands now, also while it moves. */
  pose(): import('./view').Camera;
  /** Puts the camera there at once. */
  place(camera: import('./view').Camera): void;
  /** Where a neuron is drawn. */
  placeOf(neuron: number): [number, number, number];
  /** Pixel position in the host of a place; null when it is behind the camera. */
  projectPlace(place: Vector): { x: number; y: number } | null;
  /** The place under a pixel of the host: of the neuron there, else on a plane through what the camera looks at. */
  pointAt(x: number, y: number): [number, number, number];
  /** The place under a pixel on the plane through what the camera looks at: quick, whatever is drawn there. */
  planeAt(x: number, y: number): [number, number, number];
  /** The others of a shared session. */
  setAvatars?(avatars: readonly import('./session/avatar').Avatar[]): void;
  /** What the mode "reconstruction" shows now; null while it is not known. */
  reconstruction?(): { neuron: number; values: Float32Array; inputs: readonly string[] } | null;
  /** What a headset draws into and stands in; absent where the scene has none. */
  readonly stage?: import('./stage').Stage;
  /** Anything a browser test may want to see; becomes part of window.synaptarium.state().scene. */
  debug?(): Record<string, unknown>;
}

/** `static/src/scene/scene.ts` exports `createScene: CreateScene`. It throws where there is no WebGL2. */
export type CreateScene = (context: SceneContext) => SceneHandle | Promise<SceneHandle>;
