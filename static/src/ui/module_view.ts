/** One module's tab: the form of its parameters, and a frame for each of its panels. */

import type { Columns } from '../net/arrow';
import type { ModuleInfo, ModuleRequest, PanelAnswer } from '../net/messages.gen';
import type { ApiError } from '../net/rest';
import { PanelFrame } from '../panels/frame';
import type { PanelContext } from '../panels/panel';
import { ModuleFeed } from '../state/module_feed';
import { h, setText } from './dom';
import { paramsForm, type Params } from './params_form';

const RETRY_MS = 1500;

export interface ModuleParts extends PanelContext {
  readonly recording: string;
  /** Names of the projections, for the forms. */
  readonly projections: readonly string[];
  revision(): number;
}

export class ModuleView {
  readonly element = h('div.module');
  private readonly feed: ModuleFeed;
  private readonly frames = new Map<string, PanelFrame>();
  private readonly state = h('p.panel-empty', 'Asking for the numbers');
  private last: [PanelAnswer, Columns] | null = null;
  private params: Params = {};
  private asked: ModuleRequest = {};

  constructor(readonly info: ModuleInfo, private readonly parts: ModuleParts, again: () => void, signal: AbortSignal) {
    const choices = { layers: parts.layers.map((layer) => layer.name), projections: parts.projections, classes: parts.classes };
    const form = paramsForm(info.params, choices, (params) => {
      this.params = params;
      again();
    });
    if (form !== null) this.element.append(form);
    this.element.append(this.state);
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
        frame = new PanelFrame(this.parts, this.info.name);
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
  }

  private fail(error: ApiError): void {
    this.state.hidden = false;
    setText(this.state, `${error.message} ${error.hint}`.trim());
    // What was shown stays; the next question may be answered.
    if (error.passes) setTimeout(() => this.feed.ask(this.asked, this.parts.revision()), RETRY_MS);
  }
}
