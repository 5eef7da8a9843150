/** The frame around every panel: title, subtitle, exports, "you see x of y", and what is said instead of an empty chart. */

import type { Columns } from '../net/arrow';
import { formatCount } from '../state/format';
import { h, setText } from '../ui/dom';
import { exportMenu } from './export_menu';
import type { AnyPanel, PanelContext, PanelKind, PanelView, Span } from './panel';

const KINDS = new Map<string, PanelKind>();
for (const module of Object.values(import.meta.glob<Partial<PanelKind>>(['./*.ts', '!./*.test.ts'], { eager: true }))) {
  if (module.kind !== undefined && module.create !== undefined) KINDS.set(module.kind, module as PanelKind);
}

export class PanelFrame {
  readonly element: HTMLElement;
  private readonly title = h('h3');
  private readonly subtitle = h('p.subtitle');
  private readonly note = h('p.accounting');
  private readonly body = h('div.panel-body');
  private readonly empty = h('p.panel-empty');
  private readonly menu: HTMLElement;
  private view: PanelView | null = null;
  private kind: PanelKind | null = null;
  private shown: { panel: AnyPanel; columns: Columns } | null = null;

  /** `parquet` gives what the panel shows as a Parquet file; null where no server could make it. */
  constructor(readonly context: PanelContext, module: string, parquet: (() => Promise<Blob>) | null) {
    this.menu = exportMenu(() => (this.shown && this.view && this.kind ? { ...this.shown, view: this.view, kind: this.kind, module } : null), parquet);
    this.element = h('article.panel', h('header', h('div.panel-title', this.title, this.menu), this.subtitle), this.body, this.empty, this.note);
  }

  update(panel: AnyPanel, columns: Columns, window: Span): void {
    this.element.dataset['panel'] = panel.id;
    setText(this.title, panel.title);
    setText(this.subtitle, panel.subtitle ?? '');
    const accounting = panel.accounting ?? [];
    setText(this.note, accounting.map((entry) => `You see ${formatCount(entry.kept)} of ${formatCount(entry.total)} ${entry.what}. ${entry.why}`).join(' '));
    this.note.hidden = accounting.length === 0;
    const kind = KINDS.get(panel.kind);
    const why = panel.empty || (kind === undefined ? `This page cannot draw panels of the kind "${panel.kind}" yet; its numbers are there.` : '');
    setText(this.empty, why);
    this.empty.hidden = why === '';
    this.body.hidden = why !== '';
    this.menu.hidden = why !== '' || (kind?.sheet === undefined && this.view?.draw === undefined);
    this.shown = null;
    if (why !== '' || kind === undefined) return;
    if (this.kind !== kind) {
      this.view?.dispose?.();
      this.body.replaceChildren();
      this.body.className = `panel-body ${panel.kind}`;
      this.view = kind.create(this.body, this.context);
      this.kind = kind;
    }
    try {
      this.view?.update(panel, columns, window);
      this.shown = { panel, columns };
    } catch (error) {
      this.empty.hidden = false;
      setText(this.empty, `This panel could not be drawn: ${(error as Error).message}`);
    }
    this.view?.playhead?.(this.context.clock.t_us);
  }

  playhead(): void {
    this.view?.playhead?.(this.context.clock.t_us);
  }

  selection(): void {
    this.view?.selection?.();
  }

  resize(): void {
    this.view?.resize?.();
  }

  dispose(): void {
    this.view?.dispose?.();
    this.element.remove();
  }
}
