/** The way into a headset: the button with its panel in the top bar, and what the room in the headset has of the page. */

import '../styles/xr.css';

import * as THREE from 'three';

import type { Dock } from './dock/dock';
import { h } from './dom';
import { choices, Popover } from './popover';
import type { Toasts } from './toasts';
import { XrMenu } from './xr_menu';
import type { ModuleInfo } from '../net/messages.gen';
import { formatSpeed, formatTime } from '../state/format';
import type { Network, SceneHandle } from '../state/frames';
import { neuronRef } from '../state/link/address_bar';
import type { PlaybackClock } from '../state/playback';
import type { Presence, PresenceSource } from '../state/session/presence';
import { type ColourMode, type View, VIEW_DEFAULTS } from '../state/view';
import type { BoardSource } from '../xr/board';
import type { Room, RoomParts } from '../xr/room';
import { loadSettings, saveSettings, type XrSettings } from '../xr/settings';
import { type XrMode, type XrSupport, xrSupport } from '../xr/support';

/** A layer as large as this is not selected whole: more rings than that tell nothing. */
const MOST_SELECTED = 5000;

export interface XrEntryParts {
  readonly presence: PresenceSource;
  readonly network: Network;
  readonly name: string;
  readonly modules: readonly ModuleInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  readonly toasts: Toasts;
  /** Where boards are laid out, out of sight. */
  readonly host: HTMLElement;
  span(): { t_start_us: number; t_stop_us: number; bin_us: number };
  scene(): SceneHandle | null;
  dock(): Dock | null;
  /** Label of the stimulus now; "" = none. */
  stimulus(): string;
  colour(): { readonly title: string; readonly reconstructs: boolean };
  nextColour(): void;
  nextLayout(): void;
  nextSpeed(by: 1 | -1): void;
  readonly sessions: {
    readonly recording: boolean;
    toggleRecording(quiet: boolean): Promise<void>;
    /** null where none is replayed. */
    readonly riding: boolean | null;
    setRide(ride: boolean): void;
    ghost(): Presence | null;
    captions(): string[];
  };
  /** One turn of what else goes on in the page: its own loop stands still in a headset. */
  turn(now_ms: number): void;
}

export class XrEntry {
  readonly element: HTMLElement;
  private readonly popover: Popover;
  private readonly menu: XrMenu;
  private support: XrSupport | null = null;
  private settings: XrSettings = loadSettings();
  private room: Room | null = null;
  private entering = false;
  private colourBefore: ColourMode = 'spikes';
  /** Milliseconds from the press of the button to the first picture. */
  private entered_ms = 0;

  constructor(private readonly parts: XrEntryParts, signal: AbortSignal) {
    this.popover = new Popover('headset', 'Headset', 'See the network in a headset', (panel) => this.fill(panel), signal);
    this.element = this.popover.element;
    this.menu = this.makeMenu();
    void this.ask();
    navigator.xr?.addEventListener('devicechange', () => void this.ask(), { signal });
    signal.addEventListener('abort', () => void this.room?.leave().catch(() => undefined), { once: true });
  }

  /** What browser tests and the console may see. */
  state(): Record<string, unknown> {
    return { support: this.support?.lacks ?? null, inside: this.room !== null, entered_ms: this.entered_ms, settings: this.settings, room: this.room?.debug() ?? null };
  }

  async enter(mode: XrMode): Promise<void> {
    const { xr } = navigator;
    const stage = this.parts.scene()?.stage;
    if (xr === undefined || stage === undefined || this.room !== null || this.entering) return;
    const start = performance.now();
    this.entering = true;
    this.popover.close();
    try {
      const [session, { Room: RoomClass }] = await Promise.all([
        xr.requestSession(mode, { optionalFeatures: ['local-floor', 'hand-tracking', 'layers'] }), import('../xr/room'),
      ]);
      this.parts.sessions.setRide(false); // nobody else moves what stands around a head
      this.room = await RoomClass.enter(this.roomParts(), session, mode === 'immersive-ar', () => this.left());
      this.entered_ms = performance.now() - start;
    } catch (error) {
      this.parts.toasts.show('xr', 'The headset could not be entered.', { hint: (error as Error).message, tone: 'error' });
    } finally {
      this.entering = false;
    }
  }

  async leave(): Promise<void> {
    await this.room?.leave();
  }

  private left(): void {
    this.room = null;
    this.popover.refill();
  }

  private async ask(): Promise<void> {
    this.support = await xrSupport();
    // The room is fetched beforehand: it is entered within a second.
    if (Object.values(this.support.lacks).some((why) => why === '')) void import('../xr/room').catch(() => undefined);
    this.popover.refill();
  }

  private set(changes: Partial<XrSettings>): void {
    this.settings = { ...this.settings, ...changes };
    if (this.settings.still && this.parts.sessions.riding === true) this.parts.sessions.setRide(false);
    saveSettings(this.settings);
  }

  private fill(panel: HTMLElement): void {
    const lacks = this.support?.lacks;
    const way = (mode: XrMode, title: string, what: string): HTMLElement => {
      const why = lacks === undefined ? 'Looking for a headset' : lacks[mode];
      return h('div.xr-way',
        h('button.primary', { type: 'button', disabled: why !== '' || this.room !== null, title: why || what, onclick: () => void this.enter(mode) }, title),
        h('p.hint', why || what));
    };
    const { settings } = this;
    const box = (label: string, hint: string, checked: boolean, changed: (on: boolean) => void): HTMLElement => {
      const input = h('input', { type: 'checkbox', checked, onchange: () => changed(input.checked) });
      return h('label.xr-box', { title: hint }, input, h('span', label));
    };
    panel.replaceChildren(
      h('h3', 'Headset'),
      ...(this.room === null
        ? [way('immersive-vr', 'Enter VR', 'The network in a dark room around you.'), way('immersive-ar', 'Enter AR', 'The network on your own table.')]
        : [h('button.primary', { type: 'button', onclick: () => void this.leave() }, 'Leave the headset')]),
      choices('Hand', [
        { value: 'right', title: 'Right hand points', summary: 'The menu is at the left wrist' }, { value: 'left', title: 'Left hand points', summary: 'The menu is at the right wrist' },
      ], settings.hand, (hand) => this.set({ hand })),
      choices('Posture', [
        { value: 'standing', title: 'Standing', summary: 'The floor is the floor of your room' }, { value: 'seated', title: 'Seated', summary: 'Your eyes are where you sit down' },
      ], settings.posture, (posture) => this.set({ posture })),
      choices('Frame rate', [
        { value: '', title: 'Usual rate', summary: 'The fastest up to 90 Hz' }, ...['72', '90', '120'].map((rate) => ({ value: rate, title: `${rate} Hz`, summary: 'Where the headset offers it' })),
      ], String(settings.rate_hz ?? ''), (rate) => this.set({ rate_hz: rate === '' ? null : Number(rate) })),
      choices('Resolution', [
        { value: 'usual', title: 'Usual pixels', summary: 'As the headset advises' }, { value: 'full', title: 'All pixels', summary: 'The sharpest small print' },
        { value: 'light', title: 'Fewer pixels', summary: 'For a slow headset' },
      ], settings.resolution, (resolution) => this.set({ resolution })),
      box('Hold the frame rate', 'Fewer neurons and synapses are drawn where frames come late; the legend says so', settings.governed, (governed) => this.set({ governed })),
      box('Keep still', 'No flight and no riding along: nothing moves by itself', settings.still, (still) => this.set({ still })),
    );
  }

  private makeMenu(): XrMenu {
    const { parts } = this;
    const { clock, view, sessions } = parts;
    const scrub = (on: boolean): void => (on ? clock.startScrub() : clock.stopScrub());
    return new XrMenu({
      modules: parts.modules,
      settings: () => this.settings, set: (changes) => this.set(changes),
      playing: () => clock.playing, togglePlay: () => clock.toggle(),
      time: () => {
        const { t_start_us, t_stop_us, bin_us } = parts.span();
        return { part: (clock.t_us - t_start_us) / Math.max(1, t_stop_us - t_start_us), words: `${formatTime(clock.t_us, bin_us)} / ${formatTime(t_stop_us)}` };
      },
      scrub,
      scrubTo: (part) => {
        const { t_start_us, t_stop_us } = parts.span();
        clock.seek(t_start_us + part * (t_stop_us - t_start_us));
      },
      toEdge: (edge) => clock.seek(edge === 'start' ? parts.span().t_start_us : parts.span().t_stop_us),
      speed: () => formatSpeed(clock.speed), nextSpeed: (by) => parts.nextSpeed(by),
      colour: () => parts.colour().title, nextColour: () => parts.nextColour(),
      layout: () => view.get('layout'), nextLayout: () => parts.nextLayout(),
      fields: () => (parts.colour().reconstructs ? view.get('colour') === 'reconstruction' : null),
      toggleFields: () => {
        const shown = view.get('colour') === 'reconstruction';
        if (!shown) this.colourBefore = view.get('colour');
        view.set({ colour: shown ? this.colourBefore : 'reconstruction' });
      },
      synapses: () => view.get('synapses') > 0, toggleSynapses: () => view.set({ synapses: view.get('synapses') > 0 ? 0 : VIEW_DEFAULTS.synapses }),
      toggleBoard: (name) => this.room?.boards.toggle(name, () => this.board(name)),
      recording: () => sessions.recording, toggleRecording: () => void sessions.toggleRecording(true),
      riding: () => sessions.riding, toggleRiding: () => sessions.setRide(sessions.riding === false),
    });
  }

  private roomParts(): RoomParts {
    const { parts } = this;
    const { clock, view, network } = parts;
    const stage = parts.scene()?.stage;
    if (stage === undefined) throw new Error('There is no scene to enter.');
    const { home } = network;
    return {
      stage, view, presence: parts.presence,
      front: home ? new THREE.Vector3(...home.position).sub(new THREE.Vector3(...home.target)) : new THREE.Vector3(-0.66, 0.34, 0.67),
      settings: () => this.settings,
      facts: () => ({
        name: parts.name, ...parts.span(), t_us: clock.t_us, playing: clock.playing, status: clock.status, speed: clock.speed,
        stimulus: parts.stimulus(), captions: parts.sessions.captions(),
      }),
      seek: (t_us) => clock.seek(t_us),
      scrub: (on) => (on ? clock.startScrub() : clock.stopScrub()),
      togglePlay: () => clock.toggle(),
      menu: (room) => this.menu.rows(room),
      neuronName: (neuron) => {
        const ref = neuronRef(neuron, network.layers);
        return `${ref.layer} ${ref.neuron}`;
      },
      selectLayer: (name) => {
        const layer = network.layers.find((candidate) => candidate.name === name);
        if (layer === undefined) return;
        const n = Math.min(MOST_SELECTED, layer.n_neurons);
        view.set({ selection: Array.from({ length: n }, (_, id) => layer.offset + Math.floor((id * layer.n_neurons) / n)) });
      },
      ghost: () => parts.sessions.ghost(),
      turn: (now_ms) => parts.turn(now_ms),
    };
  }

  /** A module's panels, laid out by the page and out of its sight. */
  private board(name: string): BoardSource {
    const loose = this.parts.dock()?.openLoose(name);
    const title = this.parts.modules.find((module) => module.name === name)?.title ?? name;
    const element = h('div.xr-board', { 'aria-hidden': 'true' }, loose?.element);
    this.parts.host.append(element);
    return { name, title, element, dispose: () => { loose?.dispose(); element.remove(); } };
  }
}
