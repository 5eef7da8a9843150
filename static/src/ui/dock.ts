/** The right dock: one tab per module, panels below each other; dragged, split and resized by dockview. */

import { createDockview, type DockviewApi, type IContentRenderer } from 'dockview-core/dist/dockview-core.js';

import type { Columns } from '../net/arrow';
import type { ModuleInfo, ModuleRequest, NeuronRef, PanelAnswer } from '../net/messages.gen';
import type { ApiError } from '../net/rest';
import { PanelFrame } from '../panels/frame';
import type { PanelContext } from '../panels/panel';
import { ModuleFeed } from '../state/module_feed';
import { h, setText } from './dom';
import { paramsForm, type Params } from './params_form';

const STORED = 'synaptarium.dock';

export interface DockParts extends PanelContext {
  readonly recording: string;
  readonly modules: readonly ModuleInfo[];
  /** Names of the projections, for the forms. */
  readonly projections: readonly string[];
  span(): { t_start_us: number; t_stop_us: number };
  revision(): number;
  selection(): NeuronRef[];
}

/** How much of the run the panels show. */
const WINDOWS: readonly [label: string, seconds: number][] = [['whole run', 0], ['60 s', 60], ['10 s', 10], ['1 s', 1]];

export class Dock {
  readonly element: HTMLElement;
  private readonly holder = h('div.dock-holder.dockview-theme-synaptarium');
  private readonly views = new Map<string, ModuleView>();
  private readonly api: DockviewApi;
  private readonly boxes = new Map<string, HTMLInputElement>();
  private window_s = 0;

  constructor(private readonly parts: DockParts, signal: AbortSignal) {
    const choice = h('select.window', {
      'aria-label': 'Window of the panels',
      title: 'How much of the run the panels show',
      onchange: () => {
        this.window_s = Number(choice.value);
        this.ask();
      },
    }, ...WINDOWS.map(([label, seconds]) => h('option', { value: String(seconds) }, label)));
    this.element = h('aside.dock', { 'aria-label': 'Panels' }, h('div.dock-bar', h('span.muted', 'window'), choice, this.picker()), this.holder);
    this.api = createDockview(this.holder, {
      theme: { name: 'synaptarium', className: 'dockview-theme-synaptarium' },
      disableFloatingGroups: true,
      createComponent: ({ name }: { name: string }): IContentRenderer => {
        const view = new ModuleView(name, parts, () => this.ask(), signal);
        this.views.set(name, view);
        this.paintPicker();
        return { element: view.element, init: () => void requestAnimationFrame(() => !signal.aborted && this.ask()), dispose: () => { this.views.delete(name); view.dispose(); this.paintPicker(); } };
      },
    });
    this.restore();
    parts.clock.onTick(() => this.tick(), signal);
    parts.clock.onChange(() => this.ask(), signal);
    parts.view.subscribe(['selection'], () => this.ask(), signal);
    parts.view.subscribe(['theme'], () => { for (const view of this.views.values()) view.repaint(); }, signal);
    const observer = new ResizeObserver(() => this.api.layout(this.holder.clientWidth, this.holder.clientHeight));
    observer.observe(this.holder);
    signal.addEventListener('abort', () => {
      observer.disconnect();
      this.api.dispose();
    }, { once: true });
    this.api.onDidActivePanelChange(() => requestAnimationFrame(() => !signal.aborted && this.ask()));
    this.api.onDidLayoutChange(() => localStorage.setItem(STORED, JSON.stringify(this.api.toJSON())));
  }

  /** Asks every visible module for what the window, the selection and the revision now call for. */
  ask(): void {
    const body: ModuleRequest = { window: this.window(), selection: this.parts.selection() };
    // The content of a tab that is not in front is out of the document.
    for (const view of this.views.values()) if (view.element.isConnected) view.ask(body);
  }

  /** Ids of the panels that are shown. */
  get panelIds(): string[] {
    return [...this.views.values()].flatMap((view) => view.panelIds);
  }

  private tick(): void {
    for (const view of this.views.values()) view.playhead(this.parts.clock.t_us);
    if (this.window_s > 0 && this.parts.clock.playing) this.ask();
  }

  private window(): { t_start_us: number; t_stop_us: number } {
    const { t_start_us, t_stop_us } = this.parts.span();
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
      return h('label', { title: module.source }, box, module.title);
    });
    return h('details.module-picker', h('summary', 'modules'), h('div.module-list', ...rows));
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
    const names = this.parts.modules.map((module) => module.name);
    try {
      const stored = JSON.parse(localStorage.getItem(STORED) ?? 'null') as { panels?: Record<string, unknown> } | null;
      // A layout with modules that are gone is of no use.
      if (stored?.panels && Object.keys(stored.panels).every((name) => names.includes(name))) {
        this.api.fromJSON(stored as unknown as Parameters<DockviewApi['fromJSON']>[0]);
        return;
      }
    } catch {
      localStorage.removeItem(STORED);
    }
    this.api.clear();
    for (const module of this.parts.modules) {
      this.api.addPanel({ id: module.name, component: module.name, title: module.title, inactive: module !== this.parts.modules[0] });
    }
  }
}

class ModuleView {
  readonly element = h('div.module');
  readonly feed: ModuleFeed;
  private readonly frames = new Map<string, PanelFrame>();
  private readonly state = h('p.panel-empty', 'Asking for the numbers');
  private last: [PanelAnswer, Columns] | null = null;
  private params: Params = {};
  private asked: ModuleRequest = {};

  constructor(name: string, private readonly parts: DockParts, again: () => void, signal: AbortSignal) {
    const schema = parts.modules.find((module) => module.name === name)?.params ?? {};
    const choices = { layers: parts.layers.map((layer) => layer.name), projections: parts.projections, classes: parts.classes };
    const form = paramsForm(schema, choices, (params) => {
      this.params = params;
      again();
    });
    if (form !== null) this.element.append(form);
    this.element.append(this.state);
    this.feed = new ModuleFeed(parts.recording, name, {
      answer: (answer, columns) => this.show(answer, columns),
      failed: (error) => this.fail(error),
    }, signal);
  }

  ask(body: ModuleRequest): void {
    this.asked = { ...body, params: this.params };
    this.feed.ask(this.asked, this.parts.revision());
  }

  get panelIds(): string[] {
    return [...this.frames.keys()];
  }

  playhead(t_us: number): void {
    for (const frame of this.frames.values()) frame.playhead(t_us);
  }

  repaint(): void {
    if (this.last) this.show(...this.last);
  }

  dispose(): void {
    for (const frame of this.frames.values()) frame.dispose();
    this.frames.clear();
  }

  private show(answer: PanelAnswer, columns: Columns): void {
    this.last = [answer, columns];
    this.state.hidden = true;
    const seen = new Set<string>();
    answer.panels.forEach((panel, at) => {
      seen.add(panel.id);
      let frame = this.frames.get(panel.id);
      if (frame === undefined) {
        frame = new PanelFrame(this.parts);
        this.frames.set(panel.id, frame);
      }
      // In the order of the answer: a selection puts panels before those that stay.
      const place = this.element.querySelectorAll(':scope > .panel')[at] ?? null;
      if (place !== frame.element) this.element.insertBefore(frame.element, place);
      frame.update(panel, columns);
    });
    for (const [id, frame] of this.frames) {
      if (seen.has(id)) continue;
      frame.dispose();
      this.frames.delete(id);
    }
  }

  private fail(error: ApiError): void {
    this.state.hidden = false;
    setText(this.state, `${error.message} ${error.hint}`.trim());
    // What was shown stays; the next question may be answered.
    if (error.passes) setTimeout(() => this.feed.ask(this.asked, this.parts.revision()), 1500);
  }
}
