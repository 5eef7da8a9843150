/**
 * Asks one module for its panels: at a pause, and at most four times a second while playing. One question is under
 * way at a time, and of those that come meanwhile the newest is asked next: a slow answer is shown late, but the panels
 * never starve. The same question is not asked twice.
 */

import type { Columns } from '../../net/arrow';
import type { ModuleRequest, PanelAnswer } from '../../net/messages.gen';
import { ApiError, rest } from '../../net/rest';

const EVERY_MS = 250;

export interface FeedEvents {
  answer(answer: PanelAnswer, columns: Columns): void;
  failed(error: ApiError): void;
}

export class ModuleFeed {
  private asked = '';
  private asked_ms = -Infinity;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private flying: AbortController | null = null;
  private next: { body: ModuleRequest; key: string } | null = null;

  constructor(
    private readonly recording: string, readonly name: string, private readonly events: FeedEvents, signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => {
      if (this.timer !== null) clearTimeout(this.timer);
      this.flying?.abort();
    }, { once: true });
  }

  /** Asks for the panels of a request at a revision of the recording. */
  ask(body: ModuleRequest, revision: number): void {
    const key = JSON.stringify([body, revision]);
    if (key === this.asked || key === this.next?.key) return;
    this.next = { body, key };
    this.schedule();
  }

  private schedule(): void {
    if (this.flying !== null || this.next === null) return;
    const wait_ms = Math.max(0, this.asked_ms + EVERY_MS - performance.now());
    this.timer ??= setTimeout(() => {
      this.timer = null;
      void this.send();
    }, wait_ms);
  }

  private async send(): Promise<void> {
    const next = this.next;
    if (next === null) return;
    this.next = null;
    const controller = new AbortController();
    this.flying = controller;
    this.asked = next.key;
    this.asked_ms = performance.now();
    try {
      const columns = await rest.module(this.recording, this.name, next.body, controller.signal);
      if (controller.signal.aborted) return;
      const text = columns.metadata.get('panels');
      if (text === undefined) throw new ApiError('corrupt_data', 'The module\'s answer carries no panels.', '', 500);
      this.events.answer(JSON.parse(text) as PanelAnswer, columns);
    } catch (error) {
      if (controller.signal.aborted) return;
      this.asked = '';
      this.events.failed(error instanceof ApiError ? error : new ApiError('internal', (error as Error).message, '', 0));
    } finally {
      this.flying = null;
    }
    this.schedule();
  }
}
