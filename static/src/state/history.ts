/**
 * Undo and redo of what the user chose about the view. A camera that moves soon after something else belongs to it (the
 * flight that it started), and so do movements in quick succession; the playhead is left out.
 */

import type { View, ViewKey, ViewValues } from './view';

const KEYS: readonly ViewKey[] = [
  'colour', 'variable', 'hidden', 'selection', 'synapses', 'synapse_choice', 'synapse_direction', 'synapse_threshold', 'layout', 'order',
  'spread', 'fan', 'legend', 'decay_frames', 'point_size', 'sets', 'bookmarks', 'path_s', 'clip', 'rule', 'minimap', 'bundles', 'bundle_width',
  'ghosts', 'ghosts_below', 'ghosts_of', 'comparison', 'stimuli', 'camera',
];
const MAX_STEPS = 200;
const TOGETHER_MS = 1500;

type Snapshot = Pick<ViewValues, (typeof KEYS)[number]>;

export class History {
  private readonly past: Snapshot[] = [];
  private readonly future: Snapshot[] = [];
  private now: Snapshot;
  private travelling = false;
  private last_ms = -Infinity;

  constructor(private readonly view: View, signal?: AbortSignal) {
    this.now = snapshot(view);
    view.subscribe(KEYS, (_, changed) => {
      if (this.travelling) return;
      const now_ms = performance.now();
      const together = now_ms - this.last_ms < TOGETHER_MS;
      this.last_ms = now_ms;
      if (together && [...changed].every((key) => key === 'camera' || key === 'hover')) {
        this.now = snapshot(view);
        return;
      }
      this.past.push(this.now);
      if (this.past.length > MAX_STEPS) this.past.shift();
      this.future.length = 0;
      this.now = snapshot(view);
    }, signal);
  }

  undo(): void {
    this.travel(this.past, this.future);
  }

  redo(): void {
    this.travel(this.future, this.past);
  }

  private travel(from: Snapshot[], to: Snapshot[]): void {
    const wanted = from.pop();
    if (wanted === undefined) return;
    to.push(this.now);
    this.now = wanted;
    this.last_ms = performance.now();
    this.travelling = true;
    this.view.set(wanted);
    this.travelling = false;
  }
}

function snapshot(view: View): Snapshot {
  return Object.fromEntries(KEYS.map((key) => [key, view.get(key)])) as unknown as Snapshot;
}
