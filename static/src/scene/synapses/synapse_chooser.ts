/**
 * Chooses which synapses of the whole network are drawn: of each projection a share of those that are strongest, sampled,
 * changing, or differ from the other side.
 */

import type { OtherWeights, Projection, Projections } from './projections';
import { chooseAbove, chooseSynapses, countAbove, shareBudget, sizeOfRank } from './synapse_choice';
import { joined, type Segments } from './synapses';
import { WeightChanges } from './weight_changes';
import { type Differences, weightDifference, weightDifferences } from './weight_differences';
import { round125 } from '../spikes/activity';
import type { FrameSource, Network, Synapses } from '../../state/frames';
import type { View } from '../../state/view';

/** While playing they are chosen anew so often. */
export const CHOOSE_EVERY_MS = 1500;
/** Changes are looked for over about so long on the wall clock: what has been learned since the last choice. */
const CHANGE_S = CHOOSE_EVERY_MS / 1000;

/** How the chosen ones were chosen. */
export interface ChoiceCounts {
  readonly n_top: number;
  readonly n_sample: number;
  /** In choice "change": over how long, and how many have changed; 0 while that is not known. */
  readonly interval_us: number;
  readonly changed: number;
  /** At least so large a part of full colour. */
  readonly threshold: number;
  /** Projections that are not compared: the other side has other synapses there. */
  readonly unlike: readonly string[];
}

interface Choice {
  readonly segments: Segments;
  readonly counts: ChoiceCounts;
}

/** How many synapses of a projection may be drawn, and by which values (least: |value| at least, 0 = all). */
interface Candidates {
  readonly n: number;
  readonly strengths: Float32Array | null;
  /** Whose strengths they are; null: of all synapses in their order. */
  readonly ids: Uint32Array | null;
  readonly least: number;
  /** Frames over which changes were looked for. */
  readonly frames: number;
}

const NONE: Candidates = { n: 0, strengths: null, ids: null, least: 0, frames: 0 };

/** The other side's weights of a projection; null where it has none of that name. */
export type OtherSideWeights = (projection: string) => OtherWeights | null;

export class SynapseChooser {
  /** In choice "change": the weights to compare with were not here. */
  lacksEarlier = false;
  /** Where the lines show what the other side's weights have more than the own ones. */
  other: OtherSideWeights | null = null;
  private readonly changes: WeightChanges;
  private readonly seed: number;
  /** What was chosen from, where weights have no say in it; else null. */
  private unweighed: string | null = null;

  constructor(network: Network, private readonly frames: FrameSource, private readonly view: View, private readonly projections: Projections) {
    this.changes = new WeightChanges(frames);
    this.seed = [...network.recording].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);
  }

  /**
   * Chooses for a frame.
   *
   * @param rest true when the playhead does not run: changes are looked up exactly
   * @param speed recorded seconds a second, for the interval over which changes are looked for
   * @returns null where the same are drawn as before
   */
  choose(level: number, frame: number, rest: boolean, speed: number): Choice | null {
    const choice = this.view.get('synapse_choice');
    const threshold = this.view.get('synapse_threshold');
    const frame_us = this.frames.bins(level) * this.frames.bin_us;
    const interval = Math.max(1, Math.round(round125((Math.abs(speed) * CHANGE_S * 1e6) / frame_us)));
    const shown = this.shown();
    this.lacksEarlier = false;
    const candidates = shown.map((projection) => this.candidates(projection, level, frame, interval, rest));
    // Shared by what may be drawn: nobody else could use what a projection without changes got.
    const shares = shareBudget(candidates.map(({ n }) => n), this.view.get('synapses'));
    // Where all of them are drawn, or any of them by chance, other weights choose nothing else.
    const unweighed = choice !== 'change' && this.other === null
      && candidates.every(({ n, least }, i) => n === shown[i].info.n_synapses && (n === shares[i] || (choice === 'sample' && least === 0)));
    const key = unweighed ? JSON.stringify([choice, threshold, shares, shown.map(({ info }) => info.name)]) : null;
    if (key !== null && key === this.unweighed) return null;
    this.unweighed = key;
    const ends: Uint32Array[] = [];
    const parts: { projection: string; synapses: Uint32Array }[] = [];
    let [n_top, n_sample, changed, interval_us] = [0, 0, 0, 0];
    shown.forEach((projection, i) => {
      const { n, strengths, ids: among, least, frames } = candidates[i];
      if (choice === 'change' || this.other !== null) {
        changed += n;
        interval_us = Math.max(interval_us, frames * frame_us);
      }
      const how = choice === 'change' ? 'top' : choice;
      const found = strengths !== null && least > 0
        ? chooseAbove(strengths, least, shares[i], how, this.seed + i)
        : chooseSynapses(n, strengths, shares[i], how, this.seed + i);
      n_top += found.n_top;
      n_sample += found.n_sample;
      const ids = (among === null ? found.ids : found.ids.map((at) => among[at])).reverse(); // the strongest are drawn last, on top
      ends.push(projection.ends(ids));
      parts.push({ projection: projection.info.name, synapses: ids });
    });
    return { segments: { ends: joined(ends), parts }, counts: { n_top, n_sample, changed, interval_us, threshold, unlike: this.unlike() } };
  }

  /** True where weights are others than those that were chosen by. */
  moved(level: number, frame: number): boolean {
    return this.shown().some((projection) => projection.info.has_weights && this.versionOf(projection, level, frame) !== projection.chosenVersion);
  }

  /** The other side's weights of a projection where it has the same synapses; null where not, or where nothing is compared. */
  alike({ info, synapses }: Projection): OtherWeights | null {
    const other = this.other?.(info.name) ?? null;
    return other !== null && sameSynapses(synapses, other.synapses) ? other : null;
  }

  /** Those between layers that are not hidden. */
  private shown(): Projection[] {
    const hidden = new Set(this.view.get('hidden'));
    return this.projections.all.filter(({ info }) => !hidden.has(info.source) && !hidden.has(info.target));
  }

  /** Another one whenever its weights, or those of the other side, are others. */
  versionOf(projection: Projection, level: number, frame: number): string {
    const other = this.other?.(projection.info.name) ?? null;
    return `${projection.state(level, frame)?.version ?? ''} ${other?.state.version ?? ''}`;
  }

  /** What of a projection may be drawn; takes over its scale and, in choice "change", what its weights are compared with. */
  private candidates(projection: Projection, level: number, frame: number, interval: number, rest: boolean): Candidates {
    const { info } = projection;
    const threshold = this.view.get('synapse_threshold');
    const state = projection.state(level, frame);
    projection.chosenVersion = this.versionOf(projection, level, frame);
    projection.before = null;
    if (state !== null) {
      projection.scale = scaleOf(state.values, Math.max(Math.abs(state.min), Math.abs(state.max)), projection.scale);
    }
    if (this.other !== null) {
      const other = state === null ? null : this.alike(projection);
      projection.changeScale = 0;
      if (state === null || other === null) return NONE;
      return this.differing(projection, weightDifferences(other.state.values, state.values, null, weightDifference));
    }
    if (this.view.get('synapse_choice') === 'change') {
      const before = state === null ? null : this.changes.before(info.name, level, frame, interval, rest);
      // Looking back moved the state away and here again, each time to a new version.
      projection.chosenVersion = this.versionOf(projection, level, frame);
      this.lacksEarlier ||= before === null;
      if (state === null || before === null) return NONE;
      const changes = weightDifferences(state.values, before.values, state.changedSince(before.version), (value, then) => value - then);
      if (changes.ids.length > 0) projection.before = before;
      return { ...this.differing(projection, changes), frames: frame - before.frame };
    }
    const strengths = state?.values ?? null;
    const least = threshold * projection.scale;
    const n = strengths !== null && least > 0 ? countAbove(strengths, least) : info.n_synapses;
    return { n, strengths, ids: null, least, frames: 0 };
  }

  /** Those of a projection that differ enough; takes over the scale of the differences. */
  private differing(projection: Projection, { ids, by }: Differences): Candidates {
    projection.changeScale = ids.length > 0 ? scaleOf(by, 0, 0) : 0;
    const least = Math.max(this.view.get('synapse_threshold') * projection.changeScale, Number.MIN_VALUE);
    return { n: countAbove(by, least), strengths: by, ids, least, frames: 0 };
  }

  private unlike(): string[] {
    if (this.other === null) return [];
    return this.projections.all
      .filter((projection) => projection.info.has_weights && this.alike(projection) === null && this.other?.(projection.info.name))
      .map(({ info }) => info.name);
  }
}

const compared = new WeakMap<Synapses, WeakMap<Synapses, boolean>>();

/** True where both have the same synapses in the same order; looked at once. */
function sameSynapses(a: Synapses, b: Synapses): boolean {
  if (a === b) return true;
  const known = compared.get(a) ?? new WeakMap<Synapses, boolean>();
  compared.set(a, known);
  let same = known.get(b);
  if (same === undefined) {
    same = a.pre.length === b.pre.length && a.pre.every((pre, i) => pre === b.pre[i] && a.post[i] === b.post[i]);
    known.set(b, same);
  }
  return same;
}

/** Full colour at about the 99.5th percentile of |weight|, never above the recording's bound, never shrinking. */
export function scaleOf(values: Float32Array, bound: number, before: number): number {
  const k = Math.max(1, Math.ceil(values.length * 0.005));
  // Counting is much quicker than ranking, and a scale that stays is the rule.
  if (before > 0 && countAbove(values, before / 1.1) < k) return before;
  const scale = Math.max(before, Math.min(bound > 0 ? bound : Infinity, sizeOfRank(values, k) * 1.1));
  if (!(scale > 0)) return bound > 0 ? bound : 1;
  if (scale === before) return before;
  const step = 10 ** (Math.floor(Math.log10(scale)) - 1);
  return Math.ceil(scale / step - 1e-9) * step;
}
