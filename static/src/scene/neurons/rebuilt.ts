/** Fetches the input that the selected neuron responds to, for the moment shown; one request at a time, the newest wins. */

import type { Measure } from './measures';
import type { Network } from '../../state/frames';

/** While the playhead runs the weights are read again so often. */
const EVERY_MS = 700;

export class Rebuilt {
  found: { neuron: number; values: Float32Array; inputs: readonly string[] } | null = null;
  measure: Measure | null = null;
  /** Why there is nothing to show; "" = there is, or it is on its way. */
  lack = 'select a neuron';
  private asked = '';
  private asked_ms = -Infinity;
  private busy = false;
  private version = 0;

  constructor(private readonly network: Network, private readonly signal: AbortSignal, private readonly onLoad: () => void) {}

  /** Asks for a neuron (-1: none) at a time, where that is not what is known already. */
  ask(neuron: number, t_us: number, now_ms: number): void {
    const key = `${neuron} ${Math.round(t_us)}`;
    if (key === this.asked || this.busy) return;
    if (neuron === this.found?.neuron && now_ms - this.asked_ms < EVERY_MS) return;
    this.asked = key;
    this.asked_ms = now_ms;
    if (neuron < 0 || this.network.reconstruct === undefined) {
      this.set(null, neuron < 0 ? 'select a neuron' : 'this recording has no weights');
      return;
    }
    this.busy = true;
    this.network.reconstruct(neuron, t_us, this.signal).then(
      ({ values, inputs }) => this.set({ neuron, values, inputs }, ''),
      (error: unknown) => this.set(null, error instanceof Error ? error.message : String(error)),
    ).finally(() => { this.busy = false; });
  }

  private set(found: Rebuilt['found'], lack: string): void {
    if (this.signal.aborted) return;
    this.found = found;
    this.lack = lack;
    this.measure = found === null ? null : { values: found.values, version: ++this.version, min: -1, max: 1 };
    this.onLoad();
  }
}
