/** Undo and redo of what the user chose about the view. The camera and the playhead move all the time and are left out. */

import type { View, ViewKey, ViewValues } from './view';

const KEYS: readonly ViewKey[] = [
  'colour', 'variable', 'hidden', 'selection', 'synapses', 'synapse_choice', 'synapse_direction', 'synapse_threshold', 'layout', 'order',
  'spread', 'fan', 'legend', 'decay_frames', 'point_size', 'sets', 'bookmarks',
];
const MAX_STEPS = 200;

type Snapshot = Pick<ViewValues, (typeof KEYS)[number]>;

export class History {
  private readonly past: Snapshot[] = [];
  private readonly future: Snapshot[] = [];
  private now: Snapshot;
  private travelling = false;

  constructor(private readonly view: View, signal?: AbortSignal) {
    this.now = snapshot(view);
    view.subscribe(KEYS, () => {
      if (this.travelling) return;
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
    this.travelling = true;
    this.view.set(wanted);
    this.travelling = false;
  }
}

function snapshot(view: View): Snapshot {
  return Object.fromEntries(KEYS.map((key) => [key, view.get(key)])) as unknown as Snapshot;
}
