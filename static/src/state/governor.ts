/**
 * Holds a frame rate: where frames come late it goes down a ladder of what may be drawn (in a headset fewer neurons, then
 * fewer synapses, then the rate of the panels, then resolution); where there is room it climbs back. Pure: it is told what
 * frames cost and says what may be drawn.
 */

export interface Ration {
  /** Part of the neurons and of the network's synapses that is drawn. */
  readonly points: number;
  readonly synapses: number;
  /** Repaints of a panel in a second. */
  readonly panel_hz: number;
  /** Part of the picture's pixels a side; foveation rises as it falls. */
  readonly resolution: number;
}

const HEADSET_LADDER: readonly Ration[] = [
  { points: 1, synapses: 1, panel_hz: 10, resolution: 1 },
  ...[1 / 2, 1 / 3, 1 / 4].map((points) => ({ points, synapses: 1, panel_hz: 10, resolution: 1 })),
  ...[0.5, 0.25, 0].map((synapses) => ({ points: 1 / 4, synapses, panel_hz: 10, resolution: 1 })),
  ...[5, 2].map((panel_hz) => ({ points: 1 / 4, synapses: 0, panel_hz, resolution: 1 })),
  ...[0.85, 0.7, 0.55].map((resolution) => ({ points: 1 / 4, synapses: 0, panel_hz: 2, resolution })),
];

/** A window has no panels of its own, and its text must stay sharp. */
export const WINDOW_LADDER: readonly Ration[] = [
  { points: 1, synapses: 1, panel_hz: 10, resolution: 1 },
  ...[1 / 2, 1 / 4, 1 / 8].map((points) => ({ points, synapses: 1, panel_hz: 10, resolution: 1 })),
  ...[1 / 2, 1 / 4].map((synapses) => ({ points: 1 / 8, synapses, panel_hz: 10, resolution: 1 })),
];

/** Frames are judged together over so long. */
const WINDOW_MS = 500;
/** A frame is late after so many periods; so many late ones in a window are too many. */
const LATE = 1.4;
const TOO_MANY = 0.12;
/** Room: no frame late for so long, and work for a good part of the period only. */
const CALM_MS = 4000;
const BUSY = 0.6;
/** What was given back and had to be taken again waits longer each time. */
const REGRET_MS = 3000;
const MAX_CALM_MS = 64_000;

export class Governor {
  private rung = 0;
  private frames = 0;
  private late = 0;
  private work_ms = 0;
  private since_ms = NaN;
  private last_ms = NaN;
  private calm_since_ms = NaN;
  private raised_ms = -Infinity;
  private calm_ms = CALM_MS;
  private bad = 0;

  constructor(public rate_hz: number, private readonly ladder: readonly Ration[] = HEADSET_LADDER) {}

  get ration(): Ration {
    return this.ladder[this.rung];
  }

  /** 0 = everything is drawn. */
  get level(): number {
    return this.rung;
  }

  /**
   * One frame.
   *
   * @param now_ms when it began
   * @param work_ms JavaScript that the frame before it took
   * @returns true when the ration changed
   */
  frame(now_ms: number, work_ms: number): boolean {
    const elapsed_ms = now_ms - this.last_ms;
    this.last_ms = now_ms;
    // The first frame, or one after a pause (the headset was put down): nothing to learn from.
    if (!(elapsed_ms > 0 && elapsed_ms < 1000)) {
      this.begin(now_ms);
      this.calm_since_ms = now_ms;
      return false;
    }
    this.frames++;
    this.work_ms += work_ms;
    if (elapsed_ms > (LATE * 1000) / this.rate_hz) this.late++;
    if (now_ms - this.since_ms < WINDOW_MS) return false;
    const tooMany = this.late / this.frames > TOO_MANY;
    const busy = this.work_ms / this.frames > (BUSY * 1000) / this.rate_hz;
    if (this.late > 0 || busy) this.calm_since_ms = now_ms;
    this.bad = tooMany ? this.bad + 1 : 0;
    this.begin(now_ms);
    // One bad window may be a hiccup (a page's start, a garbage collection); two are a trend.
    if (this.bad >= 2 && this.rung < this.ladder.length - 1) return this.lower(now_ms);
    if (this.rung > 0 && now_ms - this.calm_since_ms >= this.calm_ms) return this.raise(now_ms);
    return false;
  }

  /**
   * What is left out, in words; "" = nothing.
   *
   * @param drawn part of the neurons that is drawn: small layers are drawn whole, whatever the ration
   */
  words(drawn: number = this.ration.points): string {
    const { synapses, panel_hz, resolution } = this.ration;
    const parts = drawn < 1 ? [`${percent(drawn)} of the neurons`] : [];
    if (synapses < 1) parts.push(synapses === 0 ? 'no synapses but those of the selection' : `${percent(synapses)} of the synapses`);
    if (panel_hz < 10) parts.push(`panels ${panel_hz} times a second`);
    if (resolution < 1) parts.push(`${percent(resolution)} resolution`);
    if (parts.length === 0) return '';
    return `To hold ${Math.round(this.rate_hz)} Hz you see ${parts.join(', ')}`;
  }

  private lower(now_ms: number): boolean {
    this.bad = 0;
    if (now_ms - this.raised_ms < REGRET_MS) this.calm_ms = Math.min(MAX_CALM_MS, 2 * this.calm_ms);
    this.rung++;
    return true;
  }

  private raise(now_ms: number): boolean {
    this.raised_ms = this.calm_since_ms = now_ms;
    this.rung--;
    if (this.rung === 0) this.calm_ms = CALM_MS;
    return true;
  }

  private begin(now_ms: number): void {
    this.since_ms = now_ms;
    this.frames = this.late = this.work_ms = 0;
  }
}

function percent(part: number): string {
  return `${Math.round(100 * part)} %`;
}
