// Made by `python -m synaptarium.schemas.typescript` from schemas/; do not edit.

export interface Accounting {
  what: string;
  kept: number;
  total: number;
  why: string;
}

export interface Ack {
  epoch: number;
  seq: number;
  bytes: number;
  decode_ms?: number;
}

export interface Act {
  operations: (PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp)[];
}

export interface Acted {
  seq: number;
  by: string;
  operations: (PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp)[];
}

export interface Ask {
  wanted?: boolean;
}

export interface AskTime {
  n: number;
}

export interface Axis {
  label: string;
  unit?: string;
}

export interface Bars {
  kind: "bars";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  categories: string;
  values: string;
  x_axis: Axis;
  y_axis: Axis;
}

export interface Bookmark {
  name: string;
  camera: Camera;
}

export interface Camera {
  position: [number, number, number];
  target: [number, number, number];
}

export interface Chunk {
  epoch: number;
  seq: number;
  build: number;
  stream: number;
  level: number;
  tile: number;
  chunk: number;
  checksum: number;
  revision?: number;
}

export interface ClockOp {
  op: "clock";
  at_ms: number;
  t_us: number;
  speed: number;
  playing: boolean;
  loop?: [number, number] | null;
}

export interface Close {
}

export interface Comparison {
  recording?: string;
  offset_us?: number;
  stimuli?: string;
  mode?: "difference" | "side";
}

export interface DatabaseHealth {
  state: "ok" | "unavailable";
  kind: "embedded" | "external";
  version?: string;
}

export interface Diagram {
  kind: "diagram";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  names: string;
  notes: string;
  sources: string;
  targets: string;
  sizes: string;
  arc_notes: string;
}

export interface Ended {
  by?: string;
}

export interface ErrorBody {
  code: string;
  message: string;
  hint?: string;
  where?: string;
}

export interface Failure {
  kind: "failure";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  error: ErrorBody;
}

export interface Fields {
  rows: number;
  columns: number;
  across: number;
  layer: string;
  neuron: string;
}

export interface Follow {
  following: "along" | "apart" | "around";
}

export interface ForkRequest {
  at_ms: number;
  name?: string;
  author?: string;
}

export interface ForkedFrom {
  session: string;
  at_ms: number;
}

export interface Grid {
  stream: number;
  level: number;
  target: string;
  k: number;
  tiles: number[];
  presence: string[];
  quantisation?: Quantisation | null;
}

export interface Hand {
  position: [number, number, number];
  rotation: [number, number, number, number];
  pinch?: number;
  points?: [number, number, number] | null;
}

export interface Header {
  name: string;
  bin_us: number;
  t_start_us: number;
  t_stop_us: number;
  layers: Layer[];
  source: Source;
  projections?: Projection[];
  potentials?: PotentialStream[];
  classes?: string[];
  image_shape?: [number, number] | null;
  accounting?: Accounting[];
}

export interface HeadsetAddress {
  url?: string;
  qr?: string;
  why?: string;
}

export interface Health {
  status: "degraded" | "ok";
  version: string;
  database: DatabaseHealth;
  recordings: number;
  viewers: number;
}

export interface HeldAnswer {
  path: string;
  query: Record<string, string> | null;
  type: string;
  encoding: "" | "gzip" | "zstd";
  at: number;
  bytes: number;
}

export interface Job {
  recording: string;
  build: number;
  engine: "auto" | "local" | "spark";
  state: "cancelled" | "done" | "failed" | "queued" | "running";
  done: number;
  total: number;
  events?: number;
  rate_hz?: number;
  eta_s?: number | null;
  message?: string;
  started_us?: number;
  updated_us?: number;
}

export interface Join {
  room: string;
  key: string;
  name: string;
  colour: string;
  seat?: "presenter" | "viewer";
  recording?: string;
}

export interface Layer {
  name: string;
  neurons: number;
  shape: number[];
  offset: number;
  cell_type?: string;
  neuron_type?: string;
  positions?: boolean;
}

export interface LayerRef {
  name: string;
  neurons: number;
}

export interface LayoutInfo {
  name: string;
  title: string;
  summary: string;
  lacks?: string;
  default?: boolean;
}

export interface Leave {
  end?: boolean;
}

export interface Level {
  level: number;
  bins: number;
  frames: number;
}

export interface LevelSpan {
  level: number;
  bins: number;
  frames: number;
}

export interface Line {
  name: string;
  y: string;
  layer?: string;
  group?: string;
  neuron?: number | null;
  band?: [string, string] | null;
}

export interface Links {
  time_us?: string;
  neuron?: string;
  layer?: string;
  layers?: string;
  each?: number;
}

export interface LogBatch {
  first: number;
  at_ms: number;
  operations?: (PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp)[];
}

export interface Loop {
  t_start_us: number;
  t_stop_us: number;
}

export interface Manifest {
  recording: string;
  num: number;
  build: number;
  revision: number;
  open: boolean;
  bin_us: number;
  t_start_us: number;
  t_stop_us: number;
  closed_us: number;
  levels: Level[];
  tiles: Tile[];
  streams: Stream[];
  grids: Grid[];
  accounting?: Accounting[];
}

export interface Matrix {
  kind: "matrix";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  values: string;
  rows: number;
  columns: number;
  x_axis: Axis;
  y_axis: Axis;
  unit?: string;
  row_names?: string;
  column_names?: string;
  row_edges?: [number, number] | null;
  column_edges?: [number, number] | null;
  times_us?: string;
  scale?: "classes" | "diverging" | "grey" | "logarithmic" | "sequential";
  low?: number | null;
  high?: number | null;
  column_links?: Links | null;
  fields?: Fields | null;
}

export interface Me {
  role: "admin" | "presenter" | "recorder" | "viewer";
  may: ("change" | "look" | "present" | "record")[];
}

export interface ModuleInfo {
  name: string;
  title: string;
  source: string;
  params: Record<string, unknown>;
  playhead?: boolean;
  picks?: boolean;
  stimuli?: boolean;
}

export interface ModuleRequest {
  window?: TimeWindow | null;
  selection?: NeuronRef[] | string;
  params?: Record<string, unknown>;
}

export interface Move {
  presence: Presence;
}

export interface Moved {
  people: Record<string, Presence>;
}

export interface Network {
  recording: string;
  header: Header;
  layers: Layer[];
  projections: Projection[];
  potentials: PotentialStream[];
  weights: Record<string, WeightSpan>;
  urls: Record<string, string>;
}

export interface NeuronRef {
  layer: string;
  neuron: number;
}

export interface NeuronSet {
  name: string;
  colour: string;
  neurons: NeuronRef[] | string;
}

export interface NewSession {
  name?: string;
  author?: string;
}

export interface NoteOp {
  op: "note";
  at_ms: number;
  id: string;
  text?: string;
  position?: [number, number, number] | null;
  duration_ms?: number;
  author?: string;
}

export interface NoteRequest {
  change: NoteOp | UnnoteOp;
}

export interface Offer {
  to: string;
}

export interface OfflineIndex {
  version?: number;
  recording: string;
  name: string;
  t_start_us: number;
  t_stop_us: number;
  view: string;
  answers: HeldAnswer[];
}

export interface OfflineRequest {
  t_start_us?: number | null;
  t_stop_us?: number | null;
  view?: string;
}

export interface OfflineSize {
  t_start_us: number;
  t_stop_us: number;
  chunks: number;
  bytes: number;
  most_bytes: number;
}

export interface Open {
  recording: string;
  streams?: string[];
  window?: Window;
}

export interface Opened {
  recording: string;
  manifest_url: string;
  build: number;
  revision: number;
  t_start_us: number;
  t_stop_us: number;
  open: boolean;
  levels: LevelSpan[];
  accounting: Accounting[];
  window: Window;
}

export interface PanelAnswer {
  module: string;
  t_start_us: number;
  t_stop_us: number;
  panels: (Series | Bars | Raster | Matrix | Treemap | Polar | Scatter3D | Table | Text | Diagram | Failure)[];
}

export interface Pause {
  epoch: number;
}

export interface People {
  people: Person[];
  presenter: string;
  offered?: string;
}

export interface Person {
  id: string;
  name: string;
  colour: string;
  seat: "presenter" | "viewer";
  following?: "along" | "apart" | "around";
  asks?: boolean;
  away?: boolean;
}

export interface Placed {
  position: [number, number, number];
  rotation: [number, number, number, number];
}

export interface Play {
  epoch: number;
  t_us: number;
  speed?: number;
  level?: number | null;
  loop?: Loop | null;
  follow?: boolean;
}

export interface PointerOp {
  op: "pointer";
  at_ms: number;
  position?: [number, number, number] | null;
}

export interface Polar {
  kind: "polar";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  names: string;
  values: string;
  unit?: string;
}

export interface PoseOp {
  op: "pose";
  at_ms: number;
  position: [number, number, number];
  target: [number, number, number];
  worn?: Worn | null;
}

export interface PotentialStream {
  variable: string;
  layer: string;
  unit: string;
  n_recorded: number;
  sampling_period_us?: number | null;
}

export interface Presence {
  head: Placed;
  left?: Hand | null;
  right?: Hand | null;
  points?: [number, number, number] | null;
  lit?: boolean;
  headset?: boolean;
  scale?: number;
  lag_ms?: number;
}

export interface Projection {
  name: string;
  source: string;
  target: string;
  kind: "decoder" | "explicit" | "kernel";
  synapses: number;
  target_neurons: number;
  learning_rule?: string;
  delays?: boolean;
}

export interface Prunes {
  projection: string;
  below: number;
}

export interface Quantisation {
  dtype: "f32" | "u16";
  scale: number;
  offset: number;
  max_error: number;
}

export interface Raster {
  kind: "raster";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  time_us: string;
  neuron: string;
  layer: string;
  n_neurons: number;
  first_us?: number;
  step_us?: number;
}

export interface RecordingRef {
  id: string;
  name: string;
  num: number;
  fingerprint: string;
  build: number;
  t_start_us: number;
  t_stop_us: number;
  layers: LayerRef[];
}

export interface RecordingSummary {
  id: string;
  name: string;
  status: "failed" | "importing" | "interrupted" | "open" | "ready";
  layers: Layer[];
  t_start_us: number;
  t_stop_us: number;
  bin_us: number;
  spikes: number;
  stored_bytes: number;
  build: number | null;
  revision: number;
  format: string;
  created_us: number;
  job?: Job | null;
}

export interface Rename {
  name: string;
  colour: string;
}

export interface RuleEnd {
  neuron?: NeuronRef | null;
  place?: [number, number, number] | null;
}

export interface Scatter3D {
  kind: "scatter3d";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  x: string;
  y: string;
  z: string;
  x_axis: Axis;
  y_axis: Axis;
  z_axis: Axis;
  group?: string;
  path?: boolean;
  curtains?: boolean;
}

export interface Seek {
  epoch: number;
  t_us: number;
  level?: number | null;
}

export interface Segment {
  t_start_ms: number;
  t_stop_ms: number;
  state: SessionState;
  operations: (PoseOp | ClockOp | ViewOp | PointerOp | NoteOp | UnnoteOp)[];
  next_pose?: PoseOp | null;
}

export interface Select {
  epoch: number;
  neurons?: NeuronRef[];
  projections?: string[];
}

export interface Series {
  kind: "series";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  x: string;
  x_axis: Axis;
  y_axis: Axis;
  lines: Line[];
  time?: boolean;
  shape?: "hv" | "hvh" | "linear" | "spline" | "vh" | "vhv";
  span_us?: [number, number] | null;
}

export interface Session {
  id: string;
  num: number;
  name: string;
  recording: RecordingRef;
  author?: string;
  state?: "done" | "recording";
  created_us?: number;
  updated_us?: number;
  duration_ms?: number;
  n_operations?: number;
  n_recorded?: number;
  trim?: [number, number] | null;
  forked_from?: ForkedFrom | null;
  notes?: NoteOp[];
  version?: number;
}

export interface SessionChange {
  name?: string;
  author?: string;
  trim?: [number, number] | null;
  state?: "done";
  duration_ms?: number;
}

export interface SessionState {
  clock?: ClockOp | null;
  pose?: PoseOp | null;
  pointer?: PointerOp | null;
  view?: ViewChanges;
}

export interface SessionSummary {
  id: string;
  num: number;
  name: string;
  recording: RecordingRef;
  author?: string;
  state?: "done" | "recording";
  created_us?: number;
  updated_us?: number;
  duration_ms?: number;
  n_operations?: number;
  n_recorded?: number;
  trim?: [number, number] | null;
  forked_from?: ForkedFrom | null;
  notes?: NoteOp[];
  version?: number;
  fit?: "missing" | "other" | "ready" | "rebuilt" | "unbuilt";
  fit_note?: string;
  replays_on?: string;
  interrupted?: boolean;
}

export interface SharedSession {
  room: string;
  recording: string;
  presenter?: string;
  people?: number;
}

export interface Source {
  format: string;
  details?: Record<string, string>;
  notes?: string[];
}

export interface Spread {
  min: number;
  mean: number;
  max: number;
}

export interface StartJob {
  engine?: "auto" | "local" | "spark";
}

export interface State {
  epoch: number;
  t_us: number;
  level: number;
  status: "buffering" | "ended" | "live" | "paused" | "playing" | "unavailable";
  behind_ms?: number;
  dropped?: number;
  t_stop_us?: number;
  revision?: number;
}

export interface Stream {
  stream: number;
  name: string;
  kind: "groups" | "series" | "spikes" | "values";
  of: "potentials" | "spikes" | "weights";
  unit?: string;
}

export interface SynapseView {
  shown?: boolean;
  budget?: number;
  threshold?: number;
  choice?: "both" | "change" | "sample" | "top";
  direction?: "both" | "incoming" | "outgoing";
  bundles?: "always" | "far" | "never";
  bundle_width?: "number" | "weight";
  ghosts?: boolean;
  ghosts_below?: number;
  ghosts_of?: string;
}

export interface Table {
  kind: "table";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  columns: TableColumn[];
}

export interface TableColumn {
  heading: string;
  column: string;
  unit?: string;
}

export interface Text {
  kind: "text";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  text: string;
}

export interface Tile {
  tile: number;
  kind: "layer" | "projection";
  name: string;
  first: number;
  n: number;
}

export interface Time {
  n: number;
  now_ms: number;
}

export interface TimeWindow {
  t_start_us: number;
  t_stop_us: number;
  now_us?: number | null;
  stimuli?: string;
}

export interface Treemap {
  kind: "treemap";
  id: string;
  title: string;
  subtitle?: string;
  accounting?: Accounting[];
  empty?: string;
  links?: Links | null;
  lit?: string;
  prunes?: Prunes | null;
  names: string;
  values: string;
  unit?: string;
}

export interface UnnoteOp {
  op: "unnote";
  at_ms: number;
  id: string;
}

export interface ViewChanges {
  zoom?: [number, number] | null;
  colour?: "count" | "health" | "in_degree" | "persistence" | "potential" | "rate" | "reconstruction" | "recruitment" | "selectivity" | "spikes";
  variable?: string;
  layout?: string;
  order?: string[];
  spread?: number;
  fan?: number;
  hidden?: string[];
  selection?: NeuronRef[] | string;
  sets?: NeuronSet[];
  synapses?: SynapseView;
  clip?: [number, number, number, number, number, number];
  rule?: [RuleEnd, RuleEnd] | null;
  minimap?: "above" | "off" | "side";
  glow_frames?: number;
  point_size?: number;
  legend?: boolean;
  comparison?: Comparison | null;
  stimuli?: string;
  modules?: string[];
}

export interface ViewOp {
  op: "view";
  at_ms: number;
  changes: ViewChanges;
}

export interface ViewState {
  recording: string;
  t_us?: number;
  speed?: number;
  loop?: [number, number] | null;
  zoom?: [number, number] | null;
  colour?: "count" | "health" | "in_degree" | "persistence" | "potential" | "rate" | "reconstruction" | "recruitment" | "selectivity" | "spikes";
  variable?: string;
  layout?: string;
  order?: string[];
  spread?: number;
  fan?: number;
  hidden?: string[];
  selection?: NeuronRef[] | string;
  sets?: NeuronSet[];
  synapses?: SynapseView;
  camera?: Camera | null;
  bookmarks?: Bookmark[];
  path_s?: number;
  clip?: [number, number, number, number, number, number];
  rule?: [RuleEnd, RuleEnd] | null;
  minimap?: "above" | "off" | "side";
  glow_frames?: number;
  point_size?: number;
  legend?: boolean;
  comparison?: Comparison | null;
  stimuli?: string;
  modules?: string[];
  theme?: "dark" | "light";
}

export interface WeightSpan {
  first: Spread;
  last: Spread;
}

export interface Welcome {
  room: string;
  recording: string;
  you: string;
  now_ms: number;
  seq: number;
  state: SessionState;
  notes: NoteOp[];
  invitations: Record<string, string>;
}

export interface Window {
  chunks?: number;
  bytes?: number;
}

export interface Worn {
  rotation: [number, number, number, number];
  scale: number;
  left?: Hand | null;
  right?: Hand | null;
}
