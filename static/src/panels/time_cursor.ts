/** The time under the pointer: one for all panels over time, so that they can be read across. */

export class TimeCursor {
  t_us: number | null = null;
  private readonly listeners = new Set<() => void>();

  set(t_us: number | null): void {
    if (t_us === this.t_us) return;
    this.t_us = t_us;
    for (const tell of this.listeners) tell();
  }

  /** Calls back at each change; returns what ends that. */
  subscribe(tell: () => void): () => void {
    this.listeners.add(tell);
    return () => void this.listeners.delete(tell);
  }
}
