/**
 * Flash safety after WCAG 2.3.1: no more than three general flashes in a second over a quarter of the view.
 *
 * The scene says at each drawn frame how brightly how much of the view is lit (a model of the picture: projected area
 * of each layer times its glow). A flash is a rise and a fall of more than a tenth of full brightness. When a third
 * flash within a second begins, the gain of all spike light falls so far that the swing stays under a tenth;
 * it comes back slowly once the picture is calm.
 */

const SWING = 0.1; // of full brightness: WCAG's general flash
const AREA = 0.25; // of the view
const FLASHES = 3; // in any second
const WINDOW_MS = 1000;
const RECOVERY_PER_S = 0.35;

export class FlashLimiter {
  /** Multiplies all spike light, 0..1. */
  gain = 1;
  private extreme = 0; // last turning point of the raw brightness
  private rising = true;
  private swing = 0; // largest recent raw swing
  private readonly flashes: number[] = [];
  private last_ms = -1;

  /**
   * @param now_ms wall clock
   * @param area part of the view that flashing layers cover, 0..1
   * @param light mean brightness of that area without the limiter, 0..1
   * @returns the gain for this frame
   */
  step(now_ms: number, area: number, light: number): number {
    const elapsed_s = this.last_ms < 0 ? 0 : Math.max(0, Math.min(0.25, (now_ms - this.last_ms) / 1000));
    this.last_ms = now_ms;
    while (this.flashes.length > 0 && Math.abs(now_ms - this.flashes[0]) >= WINDOW_MS) this.flashes.shift();

    if (this.rising ? light >= this.extreme : light <= this.extreme) {
      this.extreme = light; // goes on in the same direction
    } else if (Math.abs(light - this.extreme) > SWING) {
      this.swing = Math.max(Math.abs(light - this.extreme), this.swing * 0.9);
      this.rising = !this.rising;
      this.extreme = light;
      if (this.rising && area > AREA) this.flashes.push(now_ms); // the next one begins: the pair before it is complete
    }
    // Held down from the beginning of the third flash within a second, until fewer are under way.
    if (this.flashes.length >= FLASHES) {
      this.gain = Math.min(this.gain, (0.8 * SWING) / Math.max(this.swing, SWING));
    } else {
      this.gain = Math.min(1, this.gain + RECOVERY_PER_S * elapsed_s);
    }
    return this.gain;
  }

  get limiting(): boolean {
    return this.gain < 0.98;
  }
}
