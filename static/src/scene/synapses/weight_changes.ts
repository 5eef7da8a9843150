/**
 * What the weights were a while ago, so that the synapses that are being learned now can be drawn. At rest it is looked
 * up exactly; while playing, what was seen at the last choices stands for it, so that playing never replays backwards.
 */

import type { Weights } from './segment_weights';
import type { FrameSource, StateView } from '../../state/frames';

interface Snapshot extends Weights {
  readonly frame: number;
  readonly level: number;
}

export class WeightChanges {
  private readonly seen = new Map<string, Snapshot[]>();

  constructor(private readonly frames: FrameSource) {}

  /**
   * The weights of a projection about `interval` frames before a frame, and at which frame that was.
   *
   * Afterwards the projection's state is that of the frame again.
   */
  before(name: string, level: number, frame: number, interval: number, rest: boolean): Snapshot | null {
    const wanted = Math.max(0, frame - interval);
    if (rest) {
      this.seen.delete(name);
      const then = this.frames.stateAt('weights', name, level, wanted);
      const snapshot = then !== null && then.complete ? copyOf(then, level, wanted) : null;
      this.frames.stateAt('weights', name, level, frame);
      return snapshot;
    }
    const known = (this.seen.get(name) ?? []).filter((snapshot) => snapshot.level === level && snapshot.frame <= frame);
    const found = known.findLast((snapshot) => snapshot.frame <= wanted) ?? known[0] ?? null;
    const now = this.frames.stateAt('weights', name, level, frame);
    if (now !== null && known.at(-1)?.frame !== frame) known.push(copyOf(now, level, frame));
    this.seen.set(name, known.slice(Math.max(0, found === null ? 0 : known.indexOf(found))));
    return found;
  }
}

function copyOf({ values, version }: StateView, level: number, frame: number): Snapshot {
  return { frame, level, values: values.slice(), version, changedSince: () => null };
}
