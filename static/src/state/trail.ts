/** Where the user was before each jump that a panel made: back and forward, as between the pages of a browser. */

import type { PlaybackClock } from './playback';
import type { View } from './view';

const MAX_STEPS = 200;

interface Place {
  readonly t_us: number;
  readonly selection: readonly number[];
}

export class Trail {
  private readonly past: Place[] = [];
  private readonly future: Place[] = [];
  private readonly listeners = new Set<() => void>();

  /** `arrived` is called after a step back or forward. */
  constructor(private readonly clock: PlaybackClock, private readonly view: View, private readonly arrived: () => void) {}

  /** Steps that lie behind, and before, the user. */
  get steps(): { readonly back: number; readonly forward: number } {
    return { back: this.past.length, forward: this.future.length };
  }

  /** Remembers this place before a jump. */
  leave(): void {
    this.past.push(this.here());
    if (this.past.length > MAX_STEPS) this.past.shift();
    this.future.length = 0;
    this.tell();
  }

  back(): void {
    this.step(this.past, this.future);
  }

  forward(): void {
    this.step(this.future, this.past);
  }

  onChange(tell: () => void): void {
    this.listeners.add(tell);
  }

  private here(): Place {
    return { t_us: this.clock.t_us, selection: this.view.get('selection') };
  }

  private step(from: Place[], to: Place[]): void {
    const place = from.pop();
    if (place === undefined) return;
    to.push(this.here());
    this.clock.pause();
    this.view.set({ selection: place.selection });
    this.clock.seek(place.t_us);
    this.arrived();
    this.tell();
  }

  private tell(): void {
    for (const tell of this.listeners) tell();
  }
}
