/**
 * The clock of a shared session, as this page knows it: the server's, learned as NTP does. A question and its answer
 * frame the moment in which the server read its clock; the quicker they were, the closer that frame.
 */

/** Of so many answers the quickest counts: an old one is no worse as long as clocks drift by less than a network lags. */
const KEPT = 16;

export class RoomClock {
  /** Milliseconds of the quickest question and answer that are kept; Infinity before the first. */
  roundTrip_ms = Infinity;
  private offset_ms = 0;
  private samples: { offset_ms: number; roundTrip_ms: number }[] = [];

  /** @param local_ms the page's own clock */
  constructor(private readonly local_ms: () => number = () => performance.now()) {}

  /** True as soon as there was an answer. */
  get known(): boolean {
    return this.samples.length > 0;
  }

  /** Milliseconds since the session began. */
  now(): number {
    return this.local_ms() + this.offset_ms;
  }

  /** The server's clock read `server_ms` between the two moments of ours. */
  learn(asked_ms: number, answered_ms: number, server_ms: number): void {
    const roundTrip_ms = answered_ms - asked_ms;
    this.samples.push({ offset_ms: server_ms - (asked_ms + answered_ms) / 2, roundTrip_ms });
    if (this.samples.length > KEPT) this.samples.shift();
    const best = this.samples.reduce((a, b) => (b.roundTrip_ms <= a.roundTrip_ms ? b : a));
    this.offset_ms = best.offset_ms;
    this.roundTrip_ms = best.roundTrip_ms;
  }

  /** Another server, or the same one after a while: what was learned may be wrong. */
  forget(): void {
    this.samples = [];
    this.roundTrip_ms = Infinity;
  }
}
