/** A cache bounded in bytes whose victims are the entries that the playhead will need last. */

interface Entry<T> {
  value: T;
  bytes: number;
  t_start_us: number;
  t_stop_us: number;
}

/** What lies behind the direction of play counts as this many times farther away. */
const BEHIND = 3;

export class BoundedCache<T> {
  private readonly entries = new Map<string, Entry<T>>();
  private total = 0;
  private t_us = 0;
  private direction: 1 | -1 = 1;

  /** @param limit_bytes kept at most; `onEvict` hears of what goes. */
  constructor(
    readonly limit_bytes: number,
    private readonly onEvict: (key: string, value: T) => void = () => undefined,
  ) {}

  get bytes(): number {
    return this.total;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): T | undefined {
    return this.entries.get(key)?.value;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  keys(): IterableIterator<string> {
    return this.entries.keys();
  }

  /** Where the playhead is and which way it runs; decides what goes first. */
  focus(t_us: number, direction: 1 | -1): void {
    this.t_us = t_us;
    this.direction = direction;
  }

  put(key: string, value: T, bytes: number, t_start_us: number, t_stop_us: number): void {
    this.remove(key);
    this.entries.set(key, { value, bytes, t_start_us, t_stop_us });
    this.total += bytes;
    if (this.total > this.limit_bytes) this.evict();
  }

  remove(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.total -= entry.bytes;
  }

  clear(): void {
    this.entries.clear();
    this.total = 0;
  }

  /** Microseconds of play until the entry is reached; 0 where the playhead is inside it. */
  distance(entry: { t_start_us: number; t_stop_us: number }): number {
    if (this.t_us >= entry.t_start_us && this.t_us < entry.t_stop_us) return 0;
    const ahead = entry.t_start_us > this.t_us ? 1 : -1;
    const gap = ahead > 0 ? entry.t_start_us - this.t_us : this.t_us - entry.t_stop_us;
    return ahead === this.direction ? gap : gap * BEHIND + 1;
  }

  /** Drops the farthest until an eighth is free, so that not every put has to sort. */
  private evict(): void {
    const goal = this.limit_bytes * 0.875;
    const order = [...this.entries].sort((a, b) => this.distance(b[1]) - this.distance(a[1]));
    for (const [key, entry] of order) {
      if (this.total <= goal || this.entries.size === 1) return; // one entry is always kept, however large
      this.entries.delete(key);
      this.total -= entry.bytes;
      this.onEvict(key, entry.value);
    }
  }
}
