/** The page of one recording: loads it, wires clock, data, scene and panels, and lays out the shell around them. */

import { copied } from './clipboard';
import { Dock } from './dock/dock';
import { moduleFaults } from './dock/dock_layouts';
import { append, h } from './dom';
import { EmbedBar } from './embed_bar';
import { firstSpeed, firstWords } from './first_look';
import { CompareMenu } from './menus/compare_menu';
import { loadPatiently } from './opening';
import { type Hooks, pageHooks } from './page_hooks';
import { pageKeys, showPageKeys } from './page_keys';
import { type Pane, restorePanes, togglePane } from './panes';
import { startScene } from './scene_start';
import { SessionDesk } from './sessions/session_desk';
import { ShareDesk } from './sessions/share_desk';
import { listenForKeys, type Shortcut } from './shortcuts';
import { SidePanel } from './side_panel';
import { splitter } from './splitter';
import { stimulusCard } from './stimulus_card';
import { applyTheme, storedTheme } from './theme';
import { Toasts } from './toasts';
import { TopBar } from './top_bar';
import { isFirstVisit, startTour } from './tour';
import { Transport } from './transport/transport';
import { Troubles } from './troubles';
import { XrEntry } from './xr_entry';
import type { Archive } from '../net/archive';
import type { ModuleInfo } from '../net/messages.gen';
import { ApiError, rest } from '../net/rest';
import { Comparison } from '../state/compared/comparison';
import { DataClient } from '../state/data/data_client';
import { FrameStore } from '../state/data/frame_store';
import { loadOverview } from '../state/data/overview';
import { type Loaded, loadStimuli, type Stimuli } from '../state/data/recording';
import { formatTime, plural } from '../state/format';
import type { SceneHandle } from '../state/frames';
import { History } from '../state/history';
import { AddressBar, linkedValues, type LinkedView, linkOf, linkParts } from '../state/link/address_bar';
import { faultText, linkFaults } from '../state/link/link_faults';
import { neuronsToText } from '../state/link/neuron_ranges';
import { PlaybackClock } from '../state/playback';
import { saturatedHz, search } from '../state/search';
import { PresenceSource } from '../state/session/presence';
import { View } from '../state/view';

/** Where the viewer stands: a page of its own, a frame inside another page, or a file that carries its recording. */
export interface Place {
  readonly embedded: boolean;
  readonly archive: Archive | null;
}

const OWN_PAGE: Place = { embedded: false, archive: null };

export async function showViewer(root: HTMLElement, link: LinkedView, signal: AbortSignal, place = OWN_PAGE): Promise<Hooks> {
  document.title = `${link.recording} - Synaptarium`;
  const loaded = await loadPatiently(root, link, signal);
  const alone = place.embedded || place.archive !== null;
  const modules = alone ? [] : await rest.modules(signal).catch((): ModuleInfo[] => []);
  return new Viewer(root, link, loaded, modules, place, signal).hooks;
}

class Viewer {
  readonly hooks: Hooks;
  private readonly view: View;
  private readonly clock: PlaybackClock;
  private readonly store: FrameStore;
  private readonly data: DataClient;
  private readonly comparison: Comparison;
  private readonly toasts = new Toasts();
  private readonly sceneHost = h('div.scene-host');
  private readonly shell = h('div.shell');
  private readonly side: SidePanel;
  private readonly dock: Dock | null;
  private readonly top: TopBar;
  private readonly transport: Transport;
  private readonly address: AddressBar;
  private readonly sessions: SessionDesk;
  private readonly sharing: ShareDesk;
  private readonly xr: XrEntry;
  private readonly history: History;
  private readonly shortcuts: Shortcut[];
  private readonly troubles: Troubles;
  private stimuli: Stimuli;
  private scene: SceneHandle | null = null;
  private refreshing = false;

  constructor(
    private readonly root: HTMLElement, asked: LinkedView, private readonly loaded: Loaded,
    modules: readonly ModuleInfo[], private readonly place: Place, private readonly signal: AbortSignal,
  ) {
    const { network, manifest } = loaded;
    const { archive, embedded } = place;
    const { link, faults } = linkFaults(asked, { network, ...(archive?.span ?? manifest), classes: loaded.stimuli.classes, layout_refused: loaded.layout_refused });
    const wantsTour = new URL(location.href).searchParams.has('tour'); // before the address is written anew
    document.title = `${loaded.header.name} - Synaptarium`;
    this.stimuli = loaded.stimuli;
    const theme = link.theme ?? storedTheme();
    applyTheme(theme);
    this.view = new View({
      hidden: network.layers.filter((layer) => layer.hidden !== '').map((layer) => layer.name),
      ...linkedValues(link, network.layers),
      ...(link.colour === 'potential' && !link.variable ? { variable: network.potentials[0]?.variable ?? '' } : {}),
      theme,
    });
    // In a frame and in a file nothing is recorded, shared or worn.
    const alone = embedded || archive !== null;
    const store = new FrameStore(manifest, network.layers.map((layer) => layer.name), archive?.span ?? null);
    this.store = store;
    const compared = (): Comparison | undefined => this.comparison;
    this.clock = new PlaybackClock({
      get t_start_us() { return store.t_start_us; },
      get t_stop_us() { return store.t_stop_us; },
      get open() { return store.index.manifest.open; },
      get version() { return store.version + (compared()?.version ?? 0); },
      loadedUntil: (t, direction, level, limit) => {
        const reach = store.loadedUntil(t, direction, level, limit);
        return compared()?.loadedUntil(t, direction, limit, reach) ?? reach;
      },
      levelFor: (speed) => store.levelFor(speed),
      frame_us: (level) => store.index.frame_us(level),
    });
    this.clock.setSpeed(link.speed ?? firstSpeed(store.bin_us));
    if (link.loop) this.clock.setLoop({ t_start_us: link.loop[0], t_stop_us: link.loop[1] });
    if (link.t_us !== undefined) this.clock.seek(link.t_us);
    this.troubles = new Troubles({
      shell: this.shell, clock: this.clock, toasts: this.toasts, signal,
      connected: () => this.data.connected, back: () => void this.refreshManifest(),
    });
    this.data = new DataClient(store, this.clock, {
      manifestChanged: () => void this.refreshManifest(),
      trouble: (code, message, hint) => this.troubles.report(code, message, hint),
      connection: (connected) => this.troubles.connection(connected),
    }, signal, archive?.chunks() ?? null);

    this.comparison = new Comparison({
      network, name: loaded.header.name, store, clock: this.clock, view: this.view, stimuli: () => this.stimuli,
      trouble: (code, message, hint) => this.toasts.show(code, message, { hint, tone: 'error' }),
    }, signal);
    this.comparison.follow();

    const parts = {
      recording: network.recording, clock: this.clock, store, layers: network.layers, view: this.view,
      overview: () => this.loaded.overview, stimuli: () => this.stimuli,
    };
    this.transport = new Transport(parts, signal);
    this.side = new SidePanel({ network, frames: store, clock: this.clock, view: this.view, scene: () => this.scene }, signal);
    const presence = new PresenceSource(() => this.scene?.pose() ?? null);
    this.sharing = new ShareDesk({
      recording: network.recording, layers: network.layers, view: this.view, clock: this.clock, toasts: this.toasts, sceneHost: this.sceneHost,
      presence,
      scene: () => this.scene,
      modules: () => this.dock?.shownModules ?? null, showModules: (names) => this.dock?.showModules(names),
      copyView: () => void this.share(), moved: () => this.address.touch(), noted: (note) => this.sessions.noted(note),
    }, signal);
    this.sessions = new SessionDesk({
      live: this.sharing,
      recording: network.recording, layers: network.layers, view: this.view, clock: this.clock, toasts: this.toasts, sceneHost: this.sceneHost,
      scene: () => this.scene, worn: () => presence.headset,
      modules: () => this.dock?.shownModules ?? null, showModules: (names) => this.dock?.showModules(names),
      moved: () => this.address.touch(),
    }, signal);
    const subsets = {
      classes: this.stimuli.classes, lacksStimuli: () => this.stimuli.lacks, lacksPredictions: () => this.stimuli.lacksPredictions,
    };
    const compare = new CompareMenu({
      recording: network.recording, view: this.view, clock: this.clock, comparison: this.comparison,
      ...subsets, span: () => ({ t_start_us: store.t_start_us, t_stop_us: store.t_stop_us }),
    }, signal);
    this.xr = new XrEntry({
      presence,
      network, name: loaded.header.name, modules, view: this.view, clock: this.clock, toasts: this.toasts, host: this.shell, sessions: this.sessions,
      span: () => ({ t_start_us: store.t_start_us, t_stop_us: store.t_stop_us, bin_us: store.bin_us }),
      scene: () => this.scene, dock: () => this.dock, stimulus: () => this.stimuli.labels[this.stimuli.at(this.clock.t_us)] ?? '',
      colour: () => this.top.colour, nextColour: () => this.top.nextColour(), nextLayout: () => this.top.nextLayout(),
      nextSpeed: (by) => this.transport.nextSpeed(by),
      turn: (now_ms) => {
        this.sessions.turn(now_ms);
        this.sharing.turn(now_ms);
      },
    }, signal);
    this.top = new TopBar({
      compare,
      network, name: loaded.header.name, view: this.view, t_us: () => this.clock.t_us, scene: () => this.scene,
      search: (text) => this.search(text),
      toggleSide: () => this.toggle('side'), toggleDock: () => this.toggle('dock'),
      toggleTheme: () => this.toggleTheme(), toggleFullscreen: () => this.toggleFullscreen(),
      showKeys: () => showPageKeys(this.shortcuts, signal), home: () => this.scene?.home(), share: () => void this.share(), film: () => void this.film(),
      extras: alone ? [] : [this.xr.element, ...this.sharing.buttons, ...this.sessions.buttons], archive,
      span: () => ({ t_start_us: store.t_start_us, t_stop_us: store.t_stop_us }), link: () => this.link(),
    }, signal);
    this.dock = modules.length === 0 ? null : new Dock({
      recording: network.recording, modules, clock: this.clock, view: this.view, layers: network.layers, classes: this.stimuli.classes,
      classAt: (t_us) => this.stimuli.labels[this.stimuli.at(t_us)] ?? '',
      projections: network.projections.map((projection) => projection.name), variables: [...new Set(network.potentials.map(({ variable }) => variable))],
      span: () => ({ t_start_us: store.t_start_us, t_stop_us: store.t_stop_us }),
      revision: () => store.index.manifest.revision,
      selection: () => neuronsToText(this.view.get('selection'), network.layers),
      overview: () => this.loaded.overview,
      fly: () => this.scene?.fitSelection(), comparison: this.comparison, subsets,
    }, signal);
    this.history = new History(this.view, signal);
    this.address = new AddressBar(() => addressIn(place, this.link()), signal);
    this.shortcuts = pageKeys({
      clock: this.clock, store, view: this.view, layers: network.layers, transport: this.transport, top: this.top,
      sessions: alone ? null : this.sessions, history: this.history, trail: this.dock?.trail ?? null, path: this.side.path, scene: () => this.scene,
      toggle: (pane) => this.toggle(pane), toggleTheme: () => this.toggleTheme(), toggleFullscreen: () => this.toggleFullscreen(),
    }, signal);
    this.layOut();
    this.tellFaults(archive === null && !embedded ? [...faults, ...moduleFaults(modules)] : faults);
    listenForKeys(embedded ? this.shortcuts.filter(({ group }) => group === 'Time' || group === 'View') : this.shortcuts, signal);
    this.view.subscribe(null, () => this.address.touch(), signal);
    this.clock.onChange((change) => {
      if (change !== 'status') this.address.touch();
      this.troubles.paintStatus();
    }, signal);
    this.top.setLive(manifest.open);

    let markReady: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => { markReady = resolve; });
    this.hooks = pageHooks({
      ready, network, clock: this.clock, store, data: this.data, view: this.view, sessions: this.sessions,
      comparison: this.comparison, scene: () => this.scene, xr: () => this.xr.state(), stimuli: () => this.stimuli, panels: () => this.dock?.panelIds ?? [], signal,
    });
    void this.draw().then(() => {
      const quiet = matchMedia('(prefers-reduced-motion: reduce)').matches;
      const led = !alone && (this.sharing.start() || this.sessions.start());
      if (!led && link.t_us === undefined && !quiet) this.clock.play();
      if (alone) return markReady();
      if (wantsTour || isFirstVisit()) startTour(signal);
      if (wantsTour) this.address.touch(); // a reload shows the network, not the tour
      markReady();
    });
  }

  /** What the link asks for and is not to be had, and what is shown instead. */
  private tellFaults(faults: readonly string[]): void {
    if (faults.length > 0) this.toasts.show('link', 'Not all that this link asks for is here.', { hint: faultText(faults), tone: 'error', stays: true });
  }

  private layOut(): void {
    const { network } = this.loaded;
    if (this.place.embedded) {
      this.shell.classList.add('embedded');
      append(this.shell, [
        h('section.stage', { 'aria-label': 'Scene' }, this.sceneHost, this.toasts.element),
        new EmbedBar({ clock: this.clock, store: this.store, link: () => this.link(), name: this.loaded.header.name }, this.signal).element,
      ]);
      this.root.replaceChildren(this.shell);
      return;
    }
    restorePanes(this.shell);
    const hint = h('p.first-words', firstWords(this.loaded));
    setTimeout(() => hint.classList.add('faded'), 9000);
    const stage = h(
      'section.stage', { 'aria-label': 'Scene' }, this.sceneHost,
      stimulusCard(network.recording, this.clock, () => this.stimuli, this.signal), hint, ...(this.place.archive ? [] : [...this.sessions.overlays, ...this.sharing.overlays]), this.toasts.element,
    );
    append(this.shell, [
      this.top.element,
      this.side.element,
      splitter('Width of the layers panel', 'left', '--side', [160, 420], this.shell),
      stage,
      this.dock && splitter('Width of the panels', 'right', '--dock', [240, 900], this.shell),
      this.dock?.element ?? null,
      this.transport.element,
    ]);
    if (this.dock === null) this.shell.classList.add('no-dock');
    this.root.replaceChildren(this.shell);
  }

  private async draw(): Promise<void> {
    this.scene = await startScene({
      host: this.sceneHost, network: this.loaded.network, frames: this.store, playback: this.clock, view: this.view,
      comparison: this.comparison, signal: this.signal,
    });
    // The scene ticks the clock in its own loop; where it cannot, or does not draw, the page does.
    const tick = (now: number): void => {
      if (this.signal.aborted) return;
      this.clock.tick(now);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** An open recording grew, or there is a newer build: read the manifest, the curve and the stimuli again. */
  private async refreshManifest(): Promise<void> {
    if (this.refreshing || this.troubles.gone) return;
    this.refreshing = true;
    const { network } = this.loaded;
    try {
      const manifest = await rest.manifest(network.recording, this.signal);
      const before = this.store.index.manifest;
      if (manifest.build !== before.build || manifest.revision !== before.revision || manifest.open !== before.open) {
        this.data.useManifest(manifest);
        this.top.setLive(manifest.open);
        this.dock?.ask();
        [this.loaded.overview, this.stimuli] = await Promise.all([
          loadOverview(network.recording, network.layers.length, null, this.signal), loadStimuli(network, this.signal),
        ]);
        this.dock?.refresh();
        this.transport.scrub.repaint();
        this.transport.paint();
      }
    } catch (error) {
      if (error instanceof ApiError) this.troubles.report(error.code, error.message, error.hint);
    }
    // Growth is told many times a second; the page reads it at most four times.
    setTimeout(() => { this.refreshing = false; }, 250);
  }

  /** Finds a layer or neurons (see state/search.ts) and shows them; returns what is wrong, or what was found. */
  private async search(text: string): Promise<{ wrong: boolean; note: string }> {
    const { network } = this.loaded;
    const found = await search(text, {
      layers: network.layers, sets: this.view.get('sets'), duration_s: (this.store.t_stop_us - this.store.t_start_us) / 1e6,
      saturated_hz: saturatedHz(this.store.bin_us),
      silent: () => this.scene?.silent?.() ?? [],
      facts: () => network.facts?.() ?? Promise.reject(new Error('Facts of the neurons are not known.')),
    }).catch((error: unknown) => ({ kind: 'wrong', message: (error as Error).message }) as const);
    if (found.kind === 'wrong') return { wrong: true, note: found.message };
    if (found.kind === 'layer') {
      this.scene?.fitLayer(found.layer.index);
      return { wrong: false, note: '' };
    }
    if (found.neurons.length === 0) return { wrong: false, note: '' };
    this.view.set({ selection: found.neurons });
    this.scene?.fitSelection();
    return { wrong: false, note: plural(found.neurons.length, 'neuron') };
  }

  private toggle(pane: Pane): void {
    if (pane === 'side' || this.dock !== null) togglePane(this.shell, pane);
  }

  private toggleTheme(): void {
    const theme = this.view.get('theme') === 'dark' ? 'light' : 'dark';
    applyTheme(theme);
    this.view.set({ theme });
  }

  private toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void document.documentElement.requestFullscreen().catch(() => undefined);
  }

  private async share(): Promise<void> {
    const { link, left_out } = linkParts(
      this.loaded.network.recording, this.clock.t_us, this.clock.speed, this.clock.loop, this.view.all(), this.loaded.network.layers,
    );
    const url = new URL(link, location.href).href;
    const hint = left_out.length > 0 ? `Too long for an address, and left out: ${left_out.join(' and ')}.` : undefined;
    if (await copied(url)) this.toasts.show('share', `The link to ${formatTime(this.clock.t_us, this.store.bin_us)} is copied.`, { hint });
    else this.toasts.show('share', 'The browser does not let the page copy.', { hint: 'The address bar holds the same link.' });
  }

  private async film(): Promise<void> {
    const { scene } = this;
    if (scene === null) return;
    const { openFilm } = await import('./film_dialog');
    const { network } = this.loaded;
    openFilm({
      recording: network.recording, layers: network.layers, clock: this.clock, store: this.store, view: this.view, scene,
      session: this.sessions.replayed, hold: () => this.sessions.pause(),
    });
  }

  private link(): string {
    const { network } = this.loaded;
    return this.sharing.link(this.sessions.link() ?? linkOf(network.recording, this.clock.t_us, this.clock.speed, this.clock.loop, this.view.all(), network.layers));
  }
}

/** What the address bar shows of a view's link: a frame keeps its own page, a file has nothing but its fragment. */
function addressIn({ embedded, archive }: Place, link: string): string {
  if (archive !== null) return `#${link.split('?', 2)[1] ?? ''}`;
  return embedded ? link.replace(/^\/view\//, '/embed/') : link;
}
