/** One module's tab: the form of its parameters, and a frame for each of its panels. */

import type { Columns } from '../net/arrow';
import type { ModuleInfo, ModuleRequest, PanelAnswer } from '../net/messages.gen';
import { type ApiError, rest } from '../net/rest';
import { PanelFrame } from '../panels/frame';
import { litBy } from '../panels/links';
import type { PanelContext } from '../panels/panel';
import { ModuleFeed } from '../state/module_feed';
import type { Lit } from '../state/view';
import { h, setText } from './dom';
import { neuronPicker } from './neuron_picker';
import { type Choices, paramsForm, type Params, possible } from './params_form';

const RETRY_MS = 1500;

export interface ModuleParts extends PanelContext {
  readonly recording: string;
  /** Names of the projections and of the recorded variables, for the forms. */
  readonly projections: readonly string[];
  readonly variables: readonly string[];
  revision(): number;
}

export class ModuleView {
  readonly element = h('div.module');
  private readonly feed: ModuleFeed;
  private readonly frames = new Map<string, PanelFrame>();
  private readonly state = h('p.panel-empty', 'Asking for the numbers');
  private last: [PanelAnswer, Columns] | null = null;
  private readonly choices: Choices;
  private form: HTMLElement | null = null;
  private params: Params = {};
  private asked: ModuleRequest = {};

  constructor(readonly info: ModuleInfo, private readonly parts: ModuleParts, private readonly again: () => void, private readonly shown: () => void, signal: AbortSignal) {
    this.choices = { layers: parts.layers.map((layer) => layer.name), projections: parts.projections, variables: parts.variables, classes: parts.classes };
    if (info.picks === true) this.element.append(neuronPicker(parts.view, parts.layers, signal));
    this.element.append(this.state);
    this.setParams({});
    this.feed = new ModuleFeed(parts.recording, info.name, {
      answer: (answer, columns) => this.show(answer, columns),
      failed: (error) => this.fail(error),
    }, signal);
  }

  /** Asks for the panels of a window and a selection; where they depend on the playhead, of that too. */
  ask(body: ModuleRequest): void {
    const { window } = body;
    const at_playhead = this.info.playhead === true && window !== null && window !== undefined;
    this.asked = { ...body, params: this.params, ...(at_playhead ? { window: { ...window, now_us: Math.floor(this.parts.clock.t_us) } } : {}) };
    this.feed.ask(this.asked, this.parts.revision());
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
      this.again();
    });
    if (this.form !== null) this.element.prepend(this.form);
  }

  /** What its panels light in the scene. */
  lit(): Lit[] {
    if (this.last === null) return [];
    const [answer, columns] = this.last;
    return answer.panels.flatMap((panel) => litBy(this.parts, panel, columns));
  }

  get panelIds(): string[] {
    return [...this.frames.keys()];
  }

  playhead(t_us: number): void {
    for (const frame of this.frames.values()) frame.playhead(t_us);
  }

  selection(): void {
    for (const frame of this.frames.values()) frame.selection();
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
        frame = new PanelFrame(this.parts, this.info.name, () => this.parquet(panel.id));
        this.frames.set(panel.id, frame);
      }
      // In the order of the answer: a selection puts panels before those that stay.
      const place = this.element.querySelectorAll(':scope > .panel')[at] ?? null;
      if (place !== frame.element) this.element.insertBefore(frame.element, place);
      frame.update(panel, columns, answer);
    });
    for (const [id, frame] of this.frames) {
      if (seen.has(id)) continue;
      frame.dispose();
      this.frames.delete(id);
    }
    this.shown();
  }

  /** The file of a panel, from the question that its answer came from. */
  private parquet(id: string): Promise<Blob> {
    const at = this.last?.[0].panels.findIndex((panel) => panel.id === id) ?? -1;
    return rest.panelFile(this.parts.recording, this.info.name, this.asked, Math.max(0, at));
  }

  private fail(error: ApiError): void {
    this.state.hidden = false;
    setText(this.state, `${error.message} ${error.hint}`.trim());
    // What was shown stays; the next question may be answered.
    if (error.passes) setTimeout(() => this.feed.ask(this.asked, this.parts.revision()), RETRY_MS);
  }
}
