/** JavaScript milliseconds of the last draws. */

const KEPT = 120;

export class Pace {
  private readonly times_ms: number[] = [];

  add(ms: number): void {
    this.times_ms.push(ms);
    if (this.times_ms.length > KEPT) this.times_ms.shift();
  }

  /** Of the draw before; 0 = there was none. */
  get last_ms(): number {
    return this.times_ms.at(-1) ?? 0;
  }

  get median_ms(): number {
    const sorted = [...this.times_ms].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}
