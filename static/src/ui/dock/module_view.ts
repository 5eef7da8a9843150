/** One module's tab: the form of its parameters, and a frame for each of its panels; of two sides where they are compared. */

import { neuronPicker } from './neuron_picker';
import { type Choices, paramsForm, type Params, possible } from './params_form';
import { h, setText } from '../dom';
import type { ModuleInfo, ModuleRequest, Prunes } from '../../net/messages.gen';
import { arranged } from '../../panels/compared/arranged';
import { PanelFrame } from '../../panels/frame';
import { litBy } from '../../panels/links';
import type { PanelContext } from '../../panels/panel';
import { SideFeed, type SideParts } from '../../state/compared/side_feed';
import type { Lit } from '../../state/view';

export interface ModuleParts extends PanelContext, SideParts {
  /** Names of the projections and of the recorded variables, for the forms. */
  readonly projections: readonly string[];
  readonly variables: readonly string[];
}

/** The B side of a comparison: whose panels, how they are shown, and what is said of both sides. */
export interface OtherPanels {
  readonly side: PanelContext & SideParts;
  readonly request: ModuleRequest;
  readonly mode: 'side' | 'difference';
  /** Both windows, recordings and stimuli. */
  readonly words: string;
}

export class ModuleView {
  readonly element = h('div.module');
  private readonly state = h('p.panel-empty', 'Asking for the numbers');
  private readonly sides = h('p.sides.hint', { hidden: true });
  private readonly own: SideFeed;
  private other: { readonly side: OtherPanels['side']; readonly feed: SideFeed } | null = null;
  private readonly frames = new Map<string, PanelFrame>();
  private readonly choices: Choices;
  private form: HTMLElement | null = null;
  private params: Params = {};
  /** The pruning before the user changed the parameters; null when nothing waits. */
  private tried: Prunes | null = null;
  private mode: OtherPanels['mode'] = 'side';

  constructor(
    readonly info: ModuleInfo, private readonly parts: ModuleParts, private readonly again: () => void, private readonly shown: () => void,
    private readonly signal: AbortSignal,
  ) {
    this.choices = { layers: parts.layers.map((layer) => layer.name), projections: parts.projections, variables: parts.variables, classes: parts.classes };
    if (info.picks === true) this.element.append(neuronPicker(parts.view, parts.layers, signal));
    this.element.append(this.sides, this.state);
    this.setParams({});
    this.own = new SideFeed(info.name, parts, signal, () => this.paint());
  }

  /** Asks for the panels of a window and a selection, and for B's where it is compared; where they depend on the playhead, of that too. */
  ask(body: ModuleRequest, b: OtherPanels | null): void {
    const before = `${this.other === null} ${this.mode}`;
    if (b === null || b.side !== this.other?.side) {
      this.other?.feed.end();
      this.other = b === null ? null : { side: b.side, feed: new SideFeed(this.info.name, b.side, this.signal, () => this.paint()) };
    }
    this.mode = b?.mode ?? 'side';
    const deaf = this.info.stimuli !== true && Boolean(body.window?.stimuli || b?.request.window?.stimuli);
    setText(this.sides, [b?.words, deaf ? 'This module counts all stimuli.' : ''].filter(Boolean).join(' '));
    this.sides.hidden = this.sides.textContent === '';
    this.own.ask(this.complete(body, this.parts));
    if (b !== null) this.other?.feed.ask(this.complete(b.request, b.side));
    if (`${this.other === null} ${this.mode}` !== before) this.paint();
  }

  /** The parameters that differ from their defaults. */
  get chosenParams(): Params {
    return this.params;
  }

  /** Fills the form anew; what this recording does not have is left out. */
  setParams(params: Params): void {
    this.params = possible(this.info.params, this.choices, params);
    this.form?.remove();
    this.form = paramsForm(this.info.params, this.choices, this.params, (changed) => {
      this.params = changed;
      this.tried = this.prunes();
      this.again();
    });
    if (this.form !== null) this.element.prepend(this.form);
  }

  /** What its panels count as pruned. */
  private prunes(): Prunes | null {
    return this.own.last?.answer.panels.find(({ prunes }) => prunes)?.prunes ?? null;
  }

  /** Shows a pruning in the scene once the user has tried another bound; another projection's, where one is shown. */
  private showPruned(): void {
    const { tried } = this;
    const { view } = this.parts;
    const now = this.prunes();
    if (tried === null || now === null || (now.projection === tried.projection && now.below === tried.below)) return;
    this.tried = null;
    if (now.projection !== tried.projection && view.get('ghosts_of') !== tried.projection) return;
    view.set({ ghosts: true, ghosts_of: now.projection, ghosts_below: now.below });
  }

  /** What its panels light in the scene. */
  lit(): Lit[] {
    const { last } = this.own;
    return last === null ? [] : last.answer.panels.flatMap((panel) => litBy(this.parts, panel, last.columns));
  }

  get panelIds(): string[] {
    return [...this.frames.values()].map((frame) => frame.element.dataset['panel'] ?? '');
  }

  playhead(): void {
    for (const frame of this.frames.values()) frame.playhead();
  }

  selection(): void {
    for (const frame of this.frames.values()) frame.selection();
  }

  repaint(): void {
    this.paint();
  }

  dispose(): void {
    this.other?.feed.end();
    for (const frame of this.frames.values()) frame.dispose();
    this.frames.clear();
  }

  private complete(body: ModuleRequest, { clock }: PanelContext): ModuleRequest {
    const { window } = body;
    const at_playhead = this.info.playhead === true && window !== null && window !== undefined;
    return { ...body, params: this.params, ...(at_playhead ? { window: { ...window, now_us: Math.floor(clock.t_us) } } : {}) };
  }

  private paint(): void {
    const { own, other } = this;
    const waits = own.waits || (other !== null && other.feed.waits !== '' ? `B: ${other.feed.waits}` : '');
    this.state.hidden = waits === '';
    setText(this.state, waits);
    if (own.last === null) return;
    this.showPruned();
    const shown = arranged(own.last, other?.feed.last ?? null, this.mode);
    const keys = new Set(shown.map(({ key }) => key));
    for (const [key, frame] of this.frames) {
      if (keys.has(key) && !(key.startsWith('b/') && frame.context !== other?.side)) continue;
      frame.dispose();
      this.frames.delete(key);
    }
    shown.forEach(({ key, side, panel, columns, window }, at) => {
      let frame = this.frames.get(key);
      if (frame === undefined) {
        const [context, feed] = side === 'b' && other !== null ? [other.side, other.feed] : [this.parts, own];
        frame = new PanelFrame(context, this.info.name, side === 'difference' ? null : () => feed.parquet(panel.id));
        this.frames.set(key, frame);
      }
      // In the order of the answer: a selection puts panels before those that stay.
      const place = this.element.querySelectorAll(':scope > .panel')[at] ?? null;
      if (place !== frame.element) this.element.insertBefore(frame.element, place);
      frame.update(panel, columns, window);
      frame.element.dataset['side'] = side;
    });
    this.shown();
  }
}
