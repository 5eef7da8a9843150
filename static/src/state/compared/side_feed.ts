/** The answers of a module for one side of a comparison, or for the only one: the last that came, and why none comes. */

import { ModuleFeed } from '../data/module_feed';
import type { Columns } from '../../net/arrow';
import type { ModuleRequest, PanelAnswer } from '../../net/messages.gen';
import { type ApiError, rest } from '../../net/rest';

const RETRY_MS = 1500;

export interface SideParts {
  readonly recording: string;
  revision(): number;
}

export class SideFeed {
  last: { readonly answer: PanelAnswer; readonly columns: Columns } | null = null;
  private failed = '';
  private readonly feed: ModuleFeed;
  private readonly stop = new AbortController();
  private asked: ModuleRequest = {};

  constructor(private readonly name: string, private readonly parts: SideParts, signal: AbortSignal, changed: () => void) {
    this.feed = new ModuleFeed(parts.recording, name, {
      answer: (answer, columns) => {
        this.last = { answer, columns };
        this.failed = '';
        changed();
      },
      failed: (error: ApiError) => {
        this.failed = `${error.message} ${error.hint}`.trim();
        // What was shown stays; the next question may be answered.
        if (error.passes) setTimeout(() => { if (!this.stop.signal.aborted) this.feed.ask(this.asked, parts.revision()); }, RETRY_MS);
        changed();
      },
    }, AbortSignal.any([signal, this.stop.signal]));
  }

  /** What is said while there is no answer; '' = there is one. */
  get waits(): string {
    return this.failed || (this.last === null ? 'Asking for the numbers' : '');
  }

  ask(body: ModuleRequest): void {
    this.asked = body;
    this.feed.ask(body, this.parts.revision());
  }

  /** The file of a panel, from the question that its answer came from. */
  parquet(id: string): Promise<Blob> {
    const at = this.last?.answer.panels.findIndex((panel) => panel.id === id) ?? -1;
    return rest.panelFile(this.parts.recording, this.name, this.asked, Math.max(0, at));
  }

  end(): void {
    this.stop.abort();
  }
}
