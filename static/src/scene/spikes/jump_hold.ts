/** After a jump the last picture stays for a moment while the frame's data is on its way: no dark flash, and one draw instead of two. */

import type { NetworkView } from '../network_view';

const HOLD_MS = 120;

export class JumpHold {
  private jump = 0;
  private since_ms: number | null = null;

  constructor(private readonly network: NetworkView) {}

  /** True while the new frame's spikes, or the weights drawn with them, are waited for. */
  holds(now_ms: number): boolean {
    const { source, synapses, activity, frame } = this.network;
    const { playback, frames } = source;
    if (playback.jump === this.jump) return false;
    const { level } = playback;
    const here = frames.isLoaded(frame, frame + 1, level)
      ? synapses.demanded().every((name) => frames.stateAt('weights', name, level, frame)?.complete !== false)
      : activity.hasGroups(frame, level);
    this.since_ms ??= now_ms;
    // Counted from the first of several jumps: who drags the playhead sees where it is now and then.
    if (!here && now_ms - this.since_ms < HOLD_MS) return true;
    this.since_ms = null;
    this.jump = playback.jump;
    return false;
  }
}
