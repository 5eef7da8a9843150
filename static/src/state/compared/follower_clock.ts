/**
 * The playhead of the B side: always so much later than the leader's, each counted from its own run's start. What is
 * done to it (a seek in a panel of B, say) is done to the leader.
 */

import { PlaybackClock, type LoopRange, type Supply } from '../playback';

export class FollowerClock extends PlaybackClock {
  private leader_jump: number;

  /**
   * @param shift_us what has to be added to the leader's time
   */
  constructor(supply: Supply, private readonly leader: PlaybackClock, private readonly shift_us: () => number, signal: AbortSignal) {
    super(supply);
    this.leader_jump = leader.jump;
    super.setSpeed(leader.speed);
    super.seek(this.wanted_us);
    this.takeLoop();
    if (leader.playing) super.play();
    leader.onChange((change) => {
      if (change === 'play') super.play();
      else if (change === 'pause') super.pause();
      else if (change === 'speed') super.setSpeed(leader.speed);
      else if (change === 'loop') this.takeLoop();
      else if (change === 'seek') this.jumpAlong();
      else if (change === 'scrub' && leader.scrubbing) super.startScrub();
      else if (change === 'scrub') super.stopScrub();
      this.status = leader.status;
    }, signal);
    leader.onTick(() => {
      if (leader.jump !== this.leader_jump || !leader.playing) this.jumpAlong();
      else super.nudge(this.wanted_us);
      this.status = leader.status;
    }, signal);
  }

  /** Where the playhead would stand if the run were long enough. */
  get wanted_us(): number {
    return this.leader.t_us + this.shift_us();
  }

  /** The shift is another one. */
  jumpAlong(): void {
    this.leader_jump = this.leader.jump;
    if (this.wanted_us !== this.t_us) super.seek(this.wanted_us);
  }

  /** The leader's ticks move both. */
  override tick(now_ms: number): void {
    this.leader.tick(now_ms);
  }

  override seek(t_us: number): void {
    this.leader.seek(t_us - this.shift_us());
  }

  override play(): void {
    this.leader.play();
  }

  override pause(): void {
    this.leader.pause();
  }

  override startScrub(): void {
    this.leader.startScrub();
  }

  override stopScrub(): void {
    this.leader.stopScrub();
  }

  private takeLoop(): void {
    const { loop } = this.leader;
    const by_us = this.shift_us();
    const shifted: LoopRange | null = loop && { t_start_us: loop.t_start_us + by_us, t_stop_us: loop.t_stop_us + by_us };
    super.setLoop(shifted);
  }
}
