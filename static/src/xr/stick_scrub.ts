/** The stick of the pointing hand: aside it moves the playhead, the farther the faster; pressed it plays or pauses. */

import type { Hand } from './inputs';

/** Full push moves the playhead by so much of what is shown in a second; a little push by much less. */
const SPAN_PER_S = 0.12;

export interface StickScrubParts {
  span(): { readonly t_us: number; readonly t_start_us: number; readonly t_stop_us: number };
  seek(t_us: number): void;
  scrub(on: boolean): void;
  togglePlay(): void;
}

export class StickScrub {
  active = false;

  constructor(private readonly parts: StickScrubParts) {}

  /** @param busy the stick is wanted elsewhere now */
  update(hand: Hand, elapsed_s: number, busy: boolean): void {
    const { parts } = this;
    if (hand.stickPress.started) parts.togglePlay();
    const x = busy ? 0 : hand.stick.x;
    this.set(x !== 0);
    if (x === 0) return;
    const { t_us, t_start_us, t_stop_us } = parts.span();
    parts.seek(t_us + Math.sign(x) * x * x * SPAN_PER_S * (t_stop_us - t_start_us) * elapsed_s);
  }

  end(): void {
    this.set(false);
  }

  private set(on: boolean): void {
    if (on === this.active) return;
    this.active = on;
    this.parts.scrub(on);
  }
}
