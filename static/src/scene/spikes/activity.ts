/**
 * Feeds the accumulators from the frames as the playhead moves: the new frames when it goes on, a bounded pre-roll
 * after a jump or in reverse, the group counts where the exact spikes have not landed yet.
 *
 * Times on the GPU are bins since a base that moves with the jumps, so that a float32 holds them exactly.
 */

import type * as THREE from 'three';

import { Accumulator, fades, NEVER, Scatter, type AccumulatorKind } from './accumulator';
import type { FrameSource, Network, Playback, SpikeSlice } from '../../state/frames';
import type { ColourMode } from '../../state/view';

const PREROLL_SPIKES = 1_000_000;
const PREROLL_FRAMES = 600;
const REBASE_BINS = 2 ** 22;
/** The glow's half life on the wall clock while playing, seconds: long enough to be seen, short enough to separate. */
const HALF_LIFE_S = 0.09;
const RATE_WINDOW_S = 0.6;
/** Frames over which a persistent neuron fades: a third of the longest pre-roll, so that a seek shows what playing shows. */
const PERSISTENCE_FRAMES = PREROLL_FRAMES / 3;
/** A neuron without a spike for so many rate windows counts as silent. */
const SILENT_WINDOWS = 5;
/** Half lives after which nothing is seen. */
const HALF_LIVES = 7;

const NEEDED: Record<ColourMode, readonly AccumulatorKind[]> = {
  spikes: ['last'],
  rate: ['last', 'rate'],
  potential: ['last', 'value'],
  recruitment: ['last', 'first'],
  count: ['last', 'count'],
  persistence: ['last', 'persistence'],
  selectivity: ['last', 'value'],
  in_degree: ['last', 'value'],
  health: ['last', 'value'],
  reconstruction: ['last', 'value'],
};

/** A duration of 1, 2 or 5 times a power of ten, at least x: legends read it, and it does not creep. */
export function round125(x: number): number {
  if (!(x > 0)) return 1;
  const decade = 10 ** Math.floor(Math.log10(x));
  const step = x / decade;
  return (step <= 1.0001 ? 1 : step <= 2.0001 ? 2 : step <= 5.0001 ? 5 : 10) * decade;
}

export class Activity {
  /** Bins since the base, fractional. */
  now = 0;
  halfLife_bins = 4;
  /** Of rates; in mode persistence, of that. */
  rateWindow_bins = 40;
  /** Without a spike for so long a neuron is silent. */
  silence_bins = 200;
  /** Bins since the base at the last jump: where counts and recruitment begin. */
  since = 0;
  since_us = 0;
  drawnSpikes = 0;
  spikesInLastFrame = 0;
  /** True while groups of 64 neurons stand in for exact spikes. */
  coarse = false;
  /** Spikes of each layer that landed in the last update, and the frames that they came from. */
  readonly perLayer: Float64Array;
  framesLanded = 0;
  private readonly scatter: Scatter;
  private readonly accumulators = new Map<AccumulatorKind, Accumulator>();
  private readonly network: Network;
  private readonly frames: FrameSource;
  private readonly n_points: number;
  private readonly blendableFloat: boolean;
  private base = 0; // level-0 bins from t_start
  private level = -1;
  private jump = -1;
  private next = 0; // first frame that has not landed
  private stale = true;
  private potentialVersions = new Map<string, number>();
  private mode: ColourMode = 'spikes';
  private variable = '';

  constructor(renderer: THREE.WebGLRenderer, network: Network, frames: FrameSource, n_points: number) {
    this.network = network;
    this.frames = frames;
    this.n_points = n_points;
    this.perLayer = new Float64Array(network.layers.length);
    this.scatter = new Scatter(renderer, n_points);
    this.blendableFloat = renderer.extensions.has('EXT_float_blend');
  }

  texture(kind: AccumulatorKind): THREE.Texture {
    return this.accumulator(kind).texture;
  }

  /** The graphics card has lost everything. */
  restore(): void {
    this.scatter.restore();
    this.invalidate();
  }

  /** Something landed late: replay at the next update. */
  invalidate(): void {
    this.stale = true;
    this.potentialVersions.clear();
  }

  /** True when new windows touch what is shown now. */
  touches(level: number, frame_start: number, frame_stop: number): boolean {
    return level === this.level && frame_start < this.next && frame_stop > this.next - this.preroll(this.level);
  }

  /**
   * Brings the accumulators to the playhead. Returns true when the picture changed.
   *
   * @param decay_frames the view's least half life
   */
  update(playback: Playback, mode: ColourMode, decay_frames: number, variable: string): boolean {
    const { frames } = this;
    const level = playback.level;
    const bins = frames.bins(level);
    const position_bins = (playback.t_us - frames.timeOf(0, 0)) / frames.bin_us;
    const last = Math.max(0, Math.ceil(frames.n_frames / bins) - 1);
    const frame = Math.min(last, Math.max(0, frames.frameAt(playback.t_us, level)));
    this.setWindows(playback, bins, decay_frames, mode);

    const jumped = playback.jump !== this.jump || level !== this.level;
    const back = frame + 1 < this.next;
    const far = frame - this.next > this.preroll(level) || position_bins - this.base > REBASE_BINS;
    const now = position_bins - this.base;
    const moved = Math.abs(now - this.now) > 1e-6 || frame >= this.next;
    let changed = moved;

    if (jumped || back || far || this.stale || mode !== this.mode) {
      if (jumped || position_bins < this.since + this.base) this.since = position_bins - this.base;
      if (jumped || this.mode !== mode || Math.abs(position_bins - this.base) > REBASE_BINS) {
        const base = Math.max(0, Math.floor(position_bins) - 1);
        this.since += this.base - base;
        this.base = base;
      }
      this.mode = mode;
      this.level = level;
      this.jump = playback.jump;
      this.replay(frame, bins);
      this.stale = false;
      changed = true;
    } else if (frame >= this.next) {
      this.advance(this.next, frame + 1, bins);
    } else {
      this.framesLanded = 0;
      this.perLayer.fill(0);
    }
    this.now = position_bins - this.base;
    if (mode === 'potential') changed = this.landPotentials(variable, level, frame) || changed;
    return changed;
  }

  dispose(): void {
    this.scatter.dispose();
    for (const accumulator of this.accumulators.values()) accumulator.dispose();
  }

  private setWindows(playback: Playback, bins: number, decay_frames: number, mode: ColourMode): void {
    const { bin_us } = this.frames;
    const speed_bins = (Math.abs(playback.speed) * 1e6) / bin_us; // bins a second
    const before = [this.halfLife_bins, this.rateWindow_bins];
    this.halfLife_bins = Math.max(decay_frames * bins, round125(HALF_LIFE_S * speed_bins));
    const rate_bins = Math.max(10 * bins, round125(RATE_WINDOW_S * speed_bins));
    this.rateWindow_bins = mode === 'persistence' ? PERSISTENCE_FRAMES * bins : rate_bins;
    this.silence_bins = Math.min(PREROLL_FRAMES * bins, SILENT_WINDOWS * rate_bins);
    // What fades more slowly than before reaches farther back than what has landed.
    if (this.halfLife_bins > before[0] || this.rateWindow_bins !== before[1]) this.stale = true;
  }

  private preroll(level: number): number {
    const bins = this.frames.bins(level);
    if (this.mode === 'count' || this.mode === 'recruitment' || this.mode === 'persistence') return PREROLL_FRAMES;
    if (this.mode === 'health') return Math.min(PREROLL_FRAMES, Math.ceil(this.silence_bins / bins) + 1);
    const reach = this.mode === 'rate' ? 6 * this.rateWindow_bins : HALF_LIVES * this.halfLife_bins;
    return Math.min(PREROLL_FRAMES, Math.ceil(reach / bins) + 1);
  }

  private needed(): Accumulator[] {
    return NEEDED[this.mode].filter((kind) => kind !== 'value').map((kind) => this.accumulator(kind));
  }

  private accumulator(kind: AccumulatorKind): Accumulator {
    let accumulator = this.accumulators.get(kind);
    if (accumulator === undefined) {
      accumulator = new Accumulator(kind, this.n_points, this.blendableFloat);
      this.accumulators.set(kind, accumulator);
      this.scatter.clear(accumulator);
    }
    return accumulator;
  }

  private replay(frame: number, bins: number): void {
    for (const accumulator of this.needed()) this.scatter.clear(accumulator);
    let start = Math.max(0, frame + 1 - this.preroll(this.level));
    const slices = this.frames.spikesIn(start, frame + 1, this.level);
    start = Math.max(start, frame + 1 - boundedFrames(slices, start, frame + 1));
    if (this.mode === 'count' || this.mode === 'recruitment') {
      // They last from the jump on, as far as the pre-roll reaches; the legend says from when.
      start = Math.min(frame, Math.max(start, Math.floor((this.since + this.base) / bins)));
      this.since = start * bins - this.base;
      this.since_us = this.frames.timeOf(start, this.level);
    }
    this.coarse = false;
    if (!this.frames.isLoaded(frame, frame + 1, this.level)) this.landGroups(start, frame + 1, bins);
    this.land(slices, start, frame + 1, bins, false);
  }

  private advance(start: number, stop: number, bins: number): void {
    for (const accumulator of this.needed()) {
      if (fades(accumulator.kind)) this.scatter.fade(accumulator, this.fadePerFrame(bins) ** (stop - start));
    }
    const slices = this.frames.spikesIn(start, stop, this.level);
    this.coarse = false;
    if (!this.frames.isLoaded(start, stop, this.level)) this.landGroups(start, stop, bins);
    this.land(slices, start, stop, bins, true);
  }

  private land(slices: readonly SpikeSlice[], start: number, stop: number, bins: number, counted: boolean): void {
    this.perLayer.fill(0);
    const timeOf = (frame: number): number => frame * bins - this.base;
    this.scatter.spikes(
      this.needed(), slices, start, stop, timeOf, bins, this.fadePerFrame(bins), counted ? this.perLayer : null,
    );
    this.framesLanded = counted ? stop - start : 0;
    this.spikesInLastFrame = spikesOf(slices, stop - 1);
    this.drawnSpikes += this.scatter.lastSpikes;
    this.next = stop;
  }

  private fadePerFrame(bins: number): number {
    return Math.exp(-bins / this.rateWindow_bins);
  }

  /** Whether groups can stand in for the spikes of a frame. */
  hasGroups(frame: number, level: number): boolean {
    const at = Math.floor((frame * this.frames.bins(level)) / this.frames.bins(groupLevel(level)));
    return this.frames.groupsIn(at, at + 1, groupLevel(level)).length > 0;
  }

  /** A group of 64 neurons glows as one, as brightly as the part of them that spiked: nothing more is known. */
  private landGroups(start: number, stop: number, bins: number): void {
    const last = this.accumulator('last');
    const level = groupLevel(this.level);
    const per = this.frames.bins(level) / bins; // frames of the level that is played in one of the groups'
    const [from, to] = [Math.floor(start / per), Math.ceil(stop / per)];
    for (const { window, frame_start, frame_stop } of this.frames.groupsIn(from, to, level)) {
      const layer = this.network.layers[window.layer];
      const n = Math.min(64 * window.n_groups, layer.offset + layer.n_neurons - window.first_neuron);
      const stamps = new Float32Array(n).fill(NEVER);
      for (let frame = Math.max(from, frame_start); frame < Math.min(to, frame_stop); frame++) {
        const row = (frame - window.first_frame) * window.n_groups;
        const newest = Math.min(stop, (frame + 1) * per) - 1;
        for (let g = 0; g < window.n_groups; g++) {
          const count = window.counts[row + g];
          if (count === 0) continue;
          const stamp = newest * bins - this.base + this.halfLife_bins * Math.log2(Math.min(1, count / 64));
          stamps.fill(stamp, 64 * g, Math.min(n, 64 * g + 64));
        }
      }
      this.scatter.values(last, window.first_neuron, stamps, n);
      this.coarse = true;
    }
  }

  /** Lands one value for every neuron, NaN where there is none; called when they have changed. */
  setValues(values: Float32Array): void {
    this.potentialVersions.clear();
    this.variable = ' '; // no variable: the potentials are landed on a cleared texture next time
    this.scatter.values(this.accumulator('value'), 0, values, this.network.n_neurons);
  }

  private landPotentials(variable: string, level: number, frame: number): boolean {
    const value = this.accumulator('value');
    let changed = false;
    if (variable !== this.variable) {
      this.variable = variable;
      this.potentialVersions.clear();
      this.scatter.clear(value);
      changed = true;
    }
    for (const potential of this.network.potentials) {
      if (potential.variable !== variable) continue;
      const layer = this.network.layers.find((candidate) => candidate.name === potential.layer);
      if (layer === undefined) continue;
      const state = this.frames.stateAt(variable, layer.name, level, frame);
      const key = `${variable}/${layer.name}`;
      if (state === null || this.potentialVersions.get(key) === state.version) continue;
      this.potentialVersions.set(key, state.version);
      this.scatter.values(value, layer.offset, state.values, layer.n_neurons);
      changed = true;
    }
    return changed;
  }
}

/** How many of the newest frames hold no more than the most spikes that a replay may scatter. */
function boundedFrames(slices: readonly SpikeSlice[], start: number, stop: number): number {
  let spikes = 0;
  for (let frame = stop - 1; frame >= start; frame--) {
    spikes += spikesOf(slices, frame);
    if (spikes > PREROLL_SPIKES) return Math.max(1, stop - 1 - frame);
  }
  return stop - start;
}

function spikesOf(slices: readonly SpikeSlice[], frame: number): number {
  let spikes = 0;
  for (const { window, frame_start, frame_stop } of slices) {
    if (frame < frame_start || frame >= frame_stop) continue;
    const at = frame - window.first_frame;
    spikes += window.offsets[at + 1] - window.offsets[at];
  }
  return spikes;
}

/** Groups exist from level 1 up. */
const groupLevel = (level: number): number => Math.max(1, level);
