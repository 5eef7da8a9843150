/**
 * Leads the recording's clock along an operation `clock`: the clock runs as ever, so that data arrives ahead of it, and
 * is set to exactly what the operation says at each turn. Replays and followers of a shared session use it alike.
 */

import { playheadAt } from './session_state';
import type { PlaybackClock } from '../playback';
import type { ClockOp } from '../../net/messages.gen';

/** A playhead that is further off than so many seconds of play is set by a seek, after a moment in which it may wrap. */
const NUDGE_S = 0.3;
const WRAP_MS = 250;

export class PlayheadGuide {
  /** True while what happens to the clock is our doing, and not somebody's who took hold of it. */
  leading = false;
  private off_ms = 0;

  constructor(private readonly clock: PlaybackClock) {}

  /** Takes over an operation at a moment of its own time; `runs` is false where that time stands still. */
  take(op: ClockOp, at_ms: number, rate: number, runs: boolean): void {
    const { clock } = this;
    this.quietly(() => {
      if (op.speed !== 0) clock.setSpeed(op.speed * rate);
      const loop = clock.loop === null ? null : [clock.loop.t_start_us, clock.loop.t_stop_us];
      if (String(loop) !== String(op.loop ?? null)) clock.setLoop(op.loop ? { t_start_us: op.loop[0], t_stop_us: op.loop[1] } : null);
      if (clock.scrubbing) clock.stopScrub();
      const wanted = playheadAt(op, at_ms);
      const near = op.playing && clock.playing && Math.abs(wanted - clock.t_us) <= reach_us(op, rate);
      if (!near && Math.abs(wanted - clock.t_us) >= 0.5) clock.seek(wanted);
      if (op.playing && runs) clock.play();
      else clock.pause();
      this.off_ms = 0;
    });
  }

  /** Sets the running playhead to exactly what the operation says. */
  steer(op: ClockOp | null | undefined, at_ms: number, rate: number, elapsed_ms: number): void {
    const { clock } = this;
    if (!op?.playing) return;
    const wanted = playheadAt(op, at_ms);
    const off = Math.abs(wanted - clock.t_us);
    this.quietly(() => {
      if (off <= reach_us(op, rate)) {
        this.off_ms = 0;
        clock.nudge(wanted);
      } else {
        this.off_ms += elapsed_ms;
        if (this.off_ms > WRAP_MS && clock.playing) {
          this.off_ms = 0;
          clock.seek(wanted);
        }
      }
    });
  }

  quietly(run: () => void): void {
    const before = this.leading;
    this.leading = true;
    try {
      run();
    } finally {
      this.leading = before;
    }
  }
}

function reach_us(op: ClockOp, rate: number): number {
  return Math.max(1, NUDGE_S * 1e6 * Math.abs(op.speed * rate));
}
