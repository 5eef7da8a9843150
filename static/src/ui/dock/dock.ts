/** The right dock: one tab per module, panels below each other; dragged, split and resized by dockview. */

import { createDockview, type DockviewApi, type IContentRenderer } from 'dockview-core/dist/dockview-core.js';

import { DOCK_STORED, dockLayouts, type DockLayout, firstModules, leftOpen, linkedLayout, linkedModules } from './dock_layouts';
import { type ModuleParts, ModuleView } from './module_view';
import { PanelSides } from './panel_sides';
import { WindowStrip } from './window_strip';
import { h } from '../dom';
import { iconButton } from '../icons';
import { stimuliSelect, type SubsetParts } from '../stimuli_select';
import type { ModuleInfo } from '../../net/messages.gen';
import type { Span } from '../../panels/panel';
import { TimeCursor } from '../../panels/time_cursor';
import type { Comparison } from '../../state/compared/comparison';
import type { Overview } from '../../state/data/overview';
import { formatDuration } from '../../state/format';
import { kept } from '../../state/kept';
import { Trail } from '../../state/trail';

/** While the playhead moves, modules that follow it are asked at most so often; the feed itself waits longer. */
const FOLLOW_MS = 100;

export interface DockParts extends Omit<ModuleParts, 'cursor' | 'trail' | 'zoom'> {
  readonly modules: readonly ModuleInfo[];
  span(): Span;
  overview(): Overview;
  /** The selected neurons as text. */
  selection(): string;
  readonly comparison: Comparison;
  readonly subsets: SubsetParts;
}

/** How much of the run the panels show; the last one is what the user drew. */
const WINDOWS: readonly [label: string, seconds: number][] = [['whole run', 0], ['60 s', 60], ['10 s', 10], ['1 s', 1], ['0.1 s', 0.1]];
const DRAWN = 'drawn';

export class Dock {
  readonly element: HTMLElement;
  /** Back to before a jump of a panel, and forward. */
  readonly trail: Trail;
  private readonly holder = h('div.dock-holder.dockview-theme-synaptarium');
  private readonly views = new Map<string, ModuleView>();
  private readonly api: DockviewApi;
  private readonly inner: ModuleParts;
  /** Modules outside of the dock: boards in a headset. */
  private readonly loose = new Set<ModuleView>();
  private readonly boxes = new Map<string, HTMLInputElement>();
  private readonly strip: WindowStrip;
  private readonly drawn_option = h('option', { value: DRAWN, hidden: true });
  private readonly choice: HTMLSelectElement;
  private readonly stimuli = h('span.stimuli-choice');
  private readonly sides: PanelSides;
  private window_s = 0;
  private drawn: Span | null = null;
  private followed_ms = 0;

  constructor(private readonly parts: DockParts, private readonly signal: AbortSignal) {
    this.choice = h('select.window', {
      'aria-label': 'Window of the panels',
      title: 'How much of the run the panels show',
      onchange: () => {
        if (this.choice.value === DRAWN) return;
        this.drawn = null;
        this.window_s = Number(this.choice.value);
        this.windowChanged();
      },
    }, ...WINDOWS.map(([label, seconds]) => h('option', { value: String(seconds) }, label)), this.drawn_option);
    this.strip = new WindowStrip({
      span: () => parts.span(), overview: () => parts.overview(), theme: () => parts.view.get('theme'),
      window: () => this.window(), choose: (window) => this.choose(window),
    });
    this.trail = new Trail(parts.clock, parts.view, () => parts.fly());
    const layouts = dockLayouts({ current: () => this.layout(), apply: (layout) => this.apply(layout) });
    this.element = h('aside.dock', { 'aria-label': 'Panels' }, h('div.dock-bar', this.choice, this.steps(), this.picker(), layouts), h('div', this.strip.element, this.stimuli), this.holder);
    this.inner = {
      recording: parts.recording, clock: parts.clock, view: parts.view, layers: parts.layers, classes: parts.classes, classAt: (t_us) => parts.classAt(t_us), projections: parts.projections, variables: parts.variables,
      revision: () => parts.revision(), fly: () => parts.fly(), trail: this.trail, cursor: new TimeCursor(), zoom: (window) => this.choose(window),
    };
    this.sides = new PanelSides({ own: this.inner, view: parts.view, comparison: parts.comparison, span: parts.span, selection: parts.selection });
    this.api = createDockview(this.holder, {
      theme: { name: 'synaptarium', className: 'dockview-theme-synaptarium' },
      disableFloatingGroups: true,
      createComponent: ({ name }: { name: string }): IContentRenderer => {
        const info = parts.modules.find((module) => module.name === name) as ModuleInfo;
        const view = new ModuleView(info, this.inner, () => this.ask(), () => this.light(), signal);
        this.views.set(name, view);
        this.paintPicker();
        return { element: view.element, init: () => void requestAnimationFrame(() => !signal.aborted && this.ask()), dispose: () => { this.views.delete(name); view.dispose(); this.paintPicker(); this.light(); } };
      },
    });
    this.paintStimuli();
    this.restore();
    parts.clock.onTick(() => this.tick(), signal);
    parts.clock.onChange(() => this.ask(), signal);
    parts.view.subscribe(['selection'], () => {
      for (const view of this.everywhere()) view.selection();
      this.ask();
    }, signal);
    parts.comparison.onChange(() => this.ask(), signal);
    parts.view.subscribe(['comparison', 'stimuli'], () => {
      this.paintStimuli();
      this.ask();
    }, signal);
    parts.view.subscribe(['theme'], () => {
      for (const view of this.everywhere()) view.repaint();
      this.strip.paint();
    }, signal);
    const observer = new ResizeObserver(() => this.api.layout(this.holder.clientWidth, this.holder.clientHeight));
    observer.observe(this.holder);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      this.strip.dispose();
      this.api.dispose();
    }, { once: true });
    this.api.onDidActivePanelChange(() => requestAnimationFrame(() => {
      if (signal.aborted) return;
      this.light();
      this.ask();
    }));
    this.api.onDidLayoutChange(() => kept.setItem(DOCK_STORED, JSON.stringify(this.api.toJSON())));
  }

  /** Asks every visible module for what the window, the selection and the revision now call for. */
  ask(): void {
    this.strip.paintRange();
    this.askWhere(() => true);
  }

  /** Names of the modules that have a tab, the one in front first. */
  get shownModules(): string[] {
    const front = this.api.activePanel?.id;
    return [...this.views.keys()].sort((a, b) => Number(b === front) - Number(a === front));
  }

  /** Shows these modules and no others, the first one in front. */
  showModules(names: readonly string[]): void {
    for (const module of this.parts.modules) this.show(module, names.includes(module.name));
    const first = names[0];
    if (first !== undefined && this.api.activePanel?.id !== first) this.api.getPanel(first)?.api.setActive();
  }

  /** A module outside of the dock, asked and told what its tab is; the caller puts the element somewhere. */
  openLoose(name: string): { element: HTMLElement; dispose(): void } {
    const info = this.parts.modules.find((module) => module.name === name) as ModuleInfo;
    const view = new ModuleView(info, this.inner, () => this.ask(), () => undefined, this.signal);
    this.loose.add(view);
    queueMicrotask(() => this.ask());
    return { element: view.element, dispose: () => { this.loose.delete(view); view.dispose(); view.element.remove(); } };
  }

  /** Ids of the panels that are shown. */
  get panelIds(): string[] {
    return [...this.views.values()].flatMap((view) => view.panelIds);
  }

  /** The span or the activity of the run changed. */
  refresh(): void {
    this.strip.paint();
    this.ask();
  }

  /** The scene lights what the panels in front name. */
  private light(): void {
    this.parts.view.set({ lit: [...this.views.values()].flatMap((view) => (view.element.isConnected ? view.lit() : [])) });
  }

  private steps(): HTMLElement {
    const back = iconButton('back', 'Back to before the last jump', 'Backspace', () => this.trail.back());
    const forward = iconButton('forward', 'Forward again', 'Shift Backspace', () => this.trail.forward());
    const paint = (): void => {
      const { steps } = this.trail;
      back.disabled = steps.back === 0;
      forward.disabled = steps.forward === 0;
    };
    this.trail.onChange(paint);
    paint();
    return h('span.dock-steps', back, forward);
  }

  private layout(): DockLayout {
    const params = Object.fromEntries([...this.views].map(([name, view]) => [name, view.chosenParams]).filter(([, chosen]) => Object.keys(chosen).length > 0));
    return { dock: this.api.toJSON(), params, window_s: this.window_s, drawn: this.drawn };
  }

  /** Arranges the panels; modules that are not here are left out. */
  private apply({ dock, params, window_s, drawn }: DockLayout): boolean {
    const known = this.parts.modules.map((module) => module.name);
    const wanted = Object.keys(dock?.panels ?? {});
    if (wanted.length === 0) return false;
    if (wanted.every((name) => known.includes(name))) this.api.fromJSON(dock);
    else this.showModules(wanted.filter((name) => known.includes(name)));
    for (const [name, view] of this.views) view.setParams(params?.[name] ?? {});
    this.window_s = WINDOWS.some(([, seconds]) => seconds === window_s) ? window_s : 0;
    const span = this.parts.span();
    this.drawn = drawn && drawn.t_start_us < span.t_stop_us && drawn.t_stop_us > span.t_start_us ? drawn : null;
    this.windowChanged();
    return true;
  }

  private askWhere(wanted: (view: ModuleView) => boolean): void {
    const { a, b } = this.sides.asked(this.window());
    // The content of a tab that is not in front is out of the document.
    for (const view of this.everywhere()) if (view.element.isConnected && wanted(view)) view.ask(a, b);
  }

  private *everywhere(): Iterable<ModuleView> {
    yield* this.views.values();
    yield* this.loose;
  }

  private tick(): void {
    for (const view of this.everywhere()) view.playhead();
    const now = performance.now();
    if (now - this.followed_ms < FOLLOW_MS) return;
    this.followed_ms = now;
    if (this.window_s > 0 && this.drawn === null && this.parts.clock.playing) this.ask();
    else this.askWhere((view) => view.info.playhead === true);
  }

  private choose(window: Span | null): void {
    const { t_start_us, t_stop_us } = this.parts.span();
    const whole = window !== null && window.t_start_us <= t_start_us && window.t_stop_us >= t_stop_us;
    this.drawn = whole ? null : window;
    if (this.drawn === null) this.window_s = 0;
    this.windowChanged();
  }

  private windowChanged(): void {
    const { drawn } = this;
    this.drawn_option.hidden = drawn === null;
    if (drawn !== null) this.drawn_option.textContent = formatDuration(drawn.t_stop_us - drawn.t_start_us);
    this.choice.value = drawn === null ? String(this.window_s) : DRAWN;
    this.ask();
  }

  private window(): Span {
    const { t_start_us, t_stop_us } = this.parts.span();
    if (this.drawn !== null) return this.drawn;
    const wanted = this.window_s * 1e6;
    if (wanted === 0 || wanted >= t_stop_us - t_start_us) return { t_start_us, t_stop_us };
    // Moves by a tenth of itself, so that playing asks for few different windows.
    const step = wanted / 10;
    const start = Math.floor((this.parts.clock.t_us - wanted * 0.8) / step) * step;
    const from = Math.round(Math.min(Math.max(start, t_start_us), t_stop_us - wanted));
    return { t_start_us: from, t_stop_us: from + wanted };
  }

  /** Which modules have a tab. */
  private picker(): HTMLElement {
    const rows = this.parts.modules.map((module) => {
      const box = h('input', { type: 'checkbox', name: module.name, onchange: () => this.show(module, box.checked) });
      this.boxes.set(module.name, box);
      box.setAttribute('aria-label', `Tab of ${module.title}`);
      box.title = `Whether ${module.title} has a tab`;
      const open = h('button', { type: 'button', title: `Show ${module.title} (${module.source})`, onclick: () => {
        this.show(module, true);
        this.api.getPanel(module.name)?.api.setActive();
        list.open = false;
      } }, module.title);
      return h('div.module-row', box, open);
    });
    const list = h('details.module-picker', h('summary', 'modules'), h('div.module-list', ...rows));
    list.addEventListener('focusout', (event) => {
      if (event.relatedTarget !== null && !list.contains(event.relatedTarget as Node)) list.open = false;
    });
    return list;
  }

  /** Which stimuli the panels count; absent where the recording has none with classes. */
  private paintStimuli(): void {
    const { view, subsets } = this.parts;
    this.stimuli.hidden = subsets.lacksStimuli() !== '';
    this.stimuli.replaceChildren(h('span.muted', 'stimuli'), stimuliSelect(subsets, view.get('stimuli'), 'Stimuli of the panels', (stimuli) => view.set({ stimuli })));
  }

  private paintPicker(): void {
    for (const [name, box] of this.boxes) box.checked = this.views.has(name);
  }

  private show(module: ModuleInfo, shown: boolean): void {
    const panel = this.api.getPanel(module.name);
    if (shown && !panel) this.api.addPanel({ id: module.name, component: module.name, title: module.title });
    else if (!shown && panel) this.api.removePanel(panel);
  }

  private restore(): void {
    const linked = linkedLayout();
    try {
      if (linked && this.apply(linked)) return;
    } catch {
      // A link that was cut off; the layout of this browser will do.
      this.api.clear();
    }
    const asked = linkedModules();
    const left = asked === null ? leftOpen(this.parts.modules.map(({ name }) => name)) : null;
    try {
      if (left) {
        this.api.fromJSON(left);
        return;
      }
    } catch {
      kept.removeItem(DOCK_STORED);
    }
    this.api.clear();
    const names = asked ?? firstModules(this.parts.modules);
    // In the link's order: who wrote it put first what is to be seen first.
    const open = [...new Set(names)].flatMap((name) => this.parts.modules.find((module) => module.name === name) ?? []);
    for (const module of open) this.api.addPanel({ id: module.name, component: module.name, title: module.title, inactive: module !== open[0] });
  }
}
