/** The top bar: where one is, how the network is coloured, and the page's own buttons. */

import type { Archive } from '../net/archive';
import type { RecordingSummary } from '../net/messages.gen';
import { rest } from '../net/rest';
import { formatTime } from '../state/format';
import type { Network, SceneHandle } from '../state/frames';
import type { View } from '../state/view';
import { ColourMenu } from './menus/colour_menu';
import type { CompareMenu } from './menus/compare_menu';
import { ExportMenu } from './menus/export_menu';
import { SynapseMenu } from './menus/synapse_menu';
import { h } from './dom';
import { brandMark } from './home';
import { iconButton, setIcon } from './icons';
import { LayoutMenu } from './menus/layout_menu';
import { LookingMenu } from './menus/looking_menu';
import { type SearchAnswer, SearchField } from './search_field';

export interface TopBarParts {
  readonly network: Network;
  readonly name: string;
  readonly view: View;
  readonly t_us: () => number;
  readonly scene: () => SceneHandle | null;
  search(text: string): Promise<SearchAnswer>;
  toggleSide(): void;
  toggleDock(): void;
  toggleTheme(): void;
  toggleFullscreen(): void;
  showKeys(): void;
  home(): void;
  share(): void;
  readonly compare: CompareMenu;
  film(): void;
  /** Further buttons, before the page's own. */
  readonly extras: readonly HTMLElement[];
  /** What the page carries, where no server stands behind it: what needs one is left out. */
  readonly archive: Archive | null;
  /** The run, or the part of it that is to be had. */
  span(): { t_start_us: number; t_stop_us: number };
  /** The address of the view as it is. */
  link(): string;
}

export class TopBar {
  readonly element: HTMLElement;
  readonly searchField: SearchField;
  private readonly live = h('span.badge.live', { hidden: true, title: 'The run still goes on' }, 'live');
  readonly colour: ColourMenu;
  private readonly theme: HTMLButtonElement;
  private readonly layout: LayoutMenu;
  private readonly looking: LookingMenu;

  constructor(private readonly parts: TopBarParts, signal: AbortSignal) {
    const { view, network, archive } = parts;
    const recordings = h('select.recording-name', {
      'aria-label': 'Recording', title: 'Recording',
      onchange: () => { location.href = `/view/${encodeURIComponent(recordings.value)}`; },
    }, h('option', { value: network.recording }, parts.name));
    recordings.value = network.recording;
    if (archive === null) {
      recordings.addEventListener('pointerdown', () => void this.fill(recordings), { once: true });
      recordings.addEventListener('focus', () => void this.fill(recordings), { once: true });
    }
    this.searchField = new SearchField((text) => parts.search(text), view, signal);
    this.colour = new ColourMenu(network, view, signal);
    this.layout = new LayoutMenu(network, view, signal);
    this.looking = new LookingMenu(view, parts.scene, signal);
    this.theme = iconButton('sun', 'Light or dark', 'T', parts.toggleTheme);
    this.element = h(
      'header.top',
      archive === null
        ? h('a.brand', { href: '/', title: 'All recordings', 'aria-label': 'Synaptarium: all recordings' }, brandMark(), h('span', 'Synaptarium'))
        : h('span.brand', brandMark(), h('span', 'Synaptarium')),
      archive === null ? recordings : h('strong.recording-name', parts.name),
      archive && savedBadge(archive),
      this.live,
      this.layout.element,
      this.colour.element,
      new SynapseMenu(network, view, signal).element,
      this.looking.element,
      archive === null && parts.compare.element,
      new ExportMenu({ network, view, t_us: parts.t_us, scene: parts.scene, film: parts.film, span: parts.span, link: parts.link, saved: archive !== null }, signal).element,
      this.searchField.element,
      h('div.spacer'),
      ...parts.extras,
      iconButton('home', 'The whole network', 'H', parts.home),
      archive === null && iconButton('link', 'Copy a link to this view', '', parts.share),
      this.theme,
      iconButton('panelLeft', 'Layers panel', 'B', parts.toggleSide),
      archive === null && iconButton('panelRight', 'Panels', 'P', parts.toggleDock),
      iconButton('fullscreen', 'Full screen', 'Enter', parts.toggleFullscreen),
      iconButton('help', 'All keys', '?', parts.showKeys),
    );
    view.subscribe(['theme'], () => this.paint(), signal);
    this.paint();
  }

  nextColour(): void {
    this.colour.next();
  }

  nextLayout(): void {
    this.layout.next();
  }

  toggleCompare(): void {
    this.parts.compare.toggle();
  }

  nextMinimap(): void {
    this.looking.nextMinimap();
  }

  setLive(live: boolean): void {
    this.live.hidden = !live;
  }

  private paint(): void {
    setIcon(this.theme, this.parts.view.get('theme') === 'dark' ? 'sun' : 'moon');
  }

  private async fill(select: HTMLSelectElement): Promise<void> {
    const found: RecordingSummary[] = await rest.recordings().catch(() => []);
    const here = select.value;
    const ready = found.filter((recording) => recording.build !== null || recording.id === here);
    if (ready.length === 0) return;
    select.replaceChildren(...ready.map((recording) => h('option', { value: recording.id }, recording.name)));
    select.value = here;
  }
}

/** Says that the page is a file, what of the run is inside, and what it lacks. */
function savedBadge({ span }: Archive): HTMLElement {
  const part = `${formatTime(span.t_start_us, 1e6)} to ${formatTime(span.t_stop_us, 1e6)}`;
  return h('span.badge.saved', { title: `This file holds ${part} of the recording. Analyses, sessions, reconstructions, 3D models and other orders of the layers need Synaptarium itself.` }, `saved file, ${part}`);
}
