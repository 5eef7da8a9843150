/**
 * The B side of a comparison: its recording, its frames and its clock, made from what the view wishes. It has a frame
 * store, a worker and a socket of its own, so that both sides play at full speed; both playheads wait for the slower one.
 */

import { FollowerClock } from './follower_clock';
import { noDifference, twinNeurons, twinSets } from './neuron_twins';
import { DataClient } from '../data/data_client';
import { FrameStore } from '../data/frame_store';
import { loadRecording, Stimuli } from '../data/recording';
import type { ComparisonSource, Network, OtherSide } from '../frames';
import type { PlaybackClock } from '../playback';
import { type ComparisonWish, View, type ViewKey } from '../view';
import { ApiError, rest } from '../../net/rest';

/** What B takes over from the view as it is; neurons are translated, the rest is A's alone. */
const SHARED: readonly ViewKey[] = [
  'colour', 'variable', 'hidden', 'synapses', 'synapse_choice', 'synapse_direction', 'synapse_threshold', 'layout', 'order', 'spread',
  'fan', 'legend', 'decay_frames', 'point_size', 'theme', 'clip', 'bundles', 'bundle_width', 'ghosts', 'ghosts_below', 'ghosts_of',
];

export interface ComparisonParts {
  readonly network: Network;
  /** The recording's name as people know it. */
  readonly name: string;
  readonly store: FrameStore;
  readonly clock: PlaybackClock;
  readonly view: View;
  readonly stimuli: () => Stimuli;
  trouble(code: string, message: string, hint: string): void;
}

interface Other extends OtherSide {
  readonly store: FrameStore;
  readonly clock: FollowerClock;
  readonly stimuli: Stimuli;
  readonly end: AbortController;
}

export class Comparison implements ComparisonSource {
  other: Other | null = null;
  /** Why B is not here: it cannot be had, or it is on its way; '' = it is here, or nothing is compared. */
  lack = '';
  private recording: string | null = null;
  private offset_us = 0;
  private changes = 0;
  private asked: AbortController | null = null;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly parts: ComparisonParts, signal: AbortSignal) {
    parts.view.subscribe(['comparison'], () => this.follow(), signal);
    signal.addEventListener('abort', () => this.drop(), { once: true });
  }

  /** What the view wishes; called once at the start. */
  follow(): void {
    const wish = this.parts.view.get('comparison');
    const recording = wish === null || !elsewhere(wish) ? null : wish.recording || this.parts.network.recording;
    const moved = wish !== null && wish.offset_us !== this.offset_us;
    this.offset_us = wish?.offset_us ?? 0;
    if (recording !== this.recording) {
      this.drop();
      this.recording = recording;
      if (recording !== null) void this.load(recording);
    } else if (moved) this.other?.clock.jumpAlong();
    this.tell();
  }

  /** Another one whenever `loadedUntil` may answer differently. */
  get version(): number {
    return (this.other?.store.version ?? 0) + 1e7 * this.changes;
  }

  /** Why there is no difference in the scene; '' = there is, or none is wished for. */
  get noDifference(): string {
    return this.other === null ? '' : noDifference(this.parts.network.layers, this.other.network.layers);
  }

  /** How far A may play so that B need not wait; A's own reach where B lies outside its run. */
  loadedUntil(t_us: number, direction: 1 | -1, limit_us: number, reach_us: number): number {
    if (this.other === null) return reach_us;
    const { store, clock } = this.other;
    const at_us = t_us + this.shift_us();
    if (at_us < store.t_start_us || at_us >= store.t_stop_us) return reach_us;
    const until_us = store.loadedUntil(at_us, direction, clock.level, limit_us);
    if (direction > 0 ? until_us >= store.t_stop_us : until_us <= store.t_start_us) return reach_us;
    const shifted = until_us - this.shift_us();
    return direction > 0 ? Math.min(reach_us, shifted) : Math.max(reach_us, shifted);
  }

  onChange(tell: () => void, signal?: AbortSignal): void {
    this.listeners.add(tell);
    signal?.addEventListener('abort', () => this.listeners.delete(tell), { once: true });
  }

  /** What has to be added to A's time: the offset, and how much later B's run starts. */
  shift_us(): number {
    const start_us = this.other?.store.t_start_us ?? this.parts.store.t_start_us;
    return this.offset_us + start_us - this.parts.store.t_start_us;
  }

  /** For tests: where B stands, and whether its frame is here. */
  state(): Record<string, unknown> | null {
    if (this.other === null) return this.lack === '' ? null : { lack: this.lack };
    const { store, clock, network, view } = this.other;
    const frame = store.frameAt(clock.t_us, clock.level);
    return {
      recording: network.recording, t_us: clock.t_us, level: clock.level, frameLoaded: store.isLoaded(frame, frame + 1, clock.level),
      selection: view.get('selection'), lack: this.lack, noDifference: this.noDifference,
    };
  }

  private tell(): void {
    this.changes += 1;
    for (const tell of [...this.listeners]) tell();
  }

  private drop(): void {
    this.asked?.abort();
    this.asked = null;
    this.other?.end.abort();
    this.other = null;
    this.lack = '';
  }

  private async load(recording: string): Promise<void> {
    const { network, view, store, name, stimuli } = this.parts;
    const asked = new AbortController();
    this.asked = asked;
    this.lack = 'B is being opened.';
    try {
      if (recording === network.recording) this.other = this.make(network, name, new FrameStore(store.index.manifest, names(network)), stimuli());
      else {
        const found = await loadRecording(recording, view.get('layout'), view.get('order'), asked.signal);
        if (asked.signal.aborted) return;
        this.other = this.make(found.network, found.header.name, new FrameStore(found.manifest, names(found.network)), found.stimuli);
      }
      this.lack = '';
    } catch (error) {
      if (asked.signal.aborted) return;
      const { message, hint } = error instanceof ApiError ? error : { message: (error as Error).message, hint: '' };
      this.lack = `B cannot be opened: ${message}`;
      this.parts.trouble('comparison', this.lack, hint || 'Choose another recording to compare with.');
    }
    this.tell();
  }

  private make(network: Network, name: string, store: FrameStore, stimuli: Stimuli): Other {
    const { clock: leader, trouble } = this.parts;
    const end = new AbortController();
    const shift_us = (): number => this.offset_us + store.t_start_us - this.parts.store.t_start_us;
    const clock = new FollowerClock({
      get t_start_us() { return store.t_start_us; },
      get t_stop_us() { return store.t_stop_us; },
      get open() { return store.index.manifest.open; },
      get version() { return store.version; },
      loadedUntil: (t, direction, level, limit) => store.loadedUntil(t, direction, level, limit),
      levelFor: (speed) => store.levelFor(speed),
      frame_us: (level) => store.index.frame_us(level),
    }, leader, shift_us, end.signal);
    const data: DataClient = new DataClient(store, clock, {
      manifestChanged: () => void rest.manifest(network.recording, end.signal).then((manifest) => data.useManifest(manifest)).catch(() => undefined),
      trouble: (code, message, hint) => { if (!QUIET.includes(code)) trouble(code, `B: ${message}`, hint); },
      connection: () => undefined,
    }, end.signal);
    return { network, name, frames: store, playback: clock, view: this.mirror(network, end.signal), signal: end.signal, store, clock, stimuli, end };
  }

  /** The view as B needs it; what is selected in B is selected in A, and the reverse. */
  private mirror(network: Network, signal: AbortSignal): View {
    const { view: source, network: own } = this.parts;
    const [a, b] = [own.layers, network.layers];
    const shared = (): object => Object.fromEntries(SHARED.map((key) => [key, source.get(key)]));
    const chosen = (from: View, there: typeof a, here: typeof a): object => ({
      selection: twinNeurons(from.get('selection'), there, here), hover: twinNeurons([from.get('hover')], there, here)[0] ?? -1,
    });
    const sets = (): object => ({ sets: twinSets(source.get('sets'), a, b) });
    const mirrored = new View({ ...shared(), ...chosen(source, a, b), ...sets() });
    let busy = false;
    const once = (run: () => void): void => {
      if (busy) return;
      busy = true;
      run();
      busy = false;
    };
    source.subscribe(SHARED, () => mirrored.set(shared()), signal);
    source.subscribe(['sets'], () => mirrored.set(sets()), signal);
    source.subscribe(['selection', 'hover'], () => once(() => mirrored.set(chosen(source, a, b))), signal);
    mirrored.subscribe(['selection', 'hover'], () => once(() => source.set(chosen(mirrored, b, a))), signal);
    return mirrored;
  }
}

/** Told for A already, or of no use here. */
const QUIET = ['store_unavailable', 'unreachable', 'chunk_not_found', 'build_not_found'];

/** True where B is at another moment or in another recording: else only its stimuli differ, and the scene has no B. */
export function elsewhere(wish: ComparisonWish): boolean {
  return wish.recording !== '' || wish.offset_us !== 0;
}

function names(network: Network): string[] {
  return network.layers.map((layer) => layer.name);
}
