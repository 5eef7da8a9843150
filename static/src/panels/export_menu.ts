/** A panel as a file: PNG and SVG of the drawing with its title and "x of y", CSV and Parquet of its numbers. */

import type { Columns } from '../net/arrow';
import { h, token } from '../ui/dom';
import { fitted } from './axes';
import type { AnyPanel, PanelKind, PanelView } from './panel';
import { canvasPen, type Pen, SvgPen } from './pen';
import { csvOf } from './sheet';

const WIDTH_PX = 720;
const PAD_PX = 16;
/** A PNG is for slides and papers: twice the pixels. */
const SCALE = 2;

export interface Exported {
  readonly panel: AnyPanel;
  readonly columns: Columns;
  readonly kind: PanelKind;
  readonly view: PanelView;
  readonly module: string;
}

/** The menu; `shown` says what the panel shows, null where it shows nothing; the server writes the Parquet file, where it can (null: not). */
export function exportMenu(shown: () => Exported | null, parquet: (() => Promise<Blob>) | null): HTMLElement {
  const menu = h('details.export-menu');
  const trouble = h('p.export-trouble', { role: 'status' });
  const save = (ending: string, blob: (what: Exported) => Promise<Blob> | Blob | null): HTMLElement => h('button', {
    type: 'button',
    'data-export': ending,
    onclick: async () => {
      menu.open = false;
      const what = shown();
      const made = what === null ? null : await Promise.resolve(blob(what)).catch((error: Error) => {
        // The server may be away; the menu says so until it is opened again.
        trouble.textContent = error.message;
        menu.open = true;
        return null;
      });
      if (what !== null && made !== null) download(made, `${what.module}-${what.panel.id}.${ending}`.replaceAll(/[^\w.-]+/g, '-'));
    },
  }, ending.toUpperCase());
  const drawn = [save('png', pngOf), save('svg', svgOf)];
  const csv = save('csv', (what) => (what.kind.sheet ? new Blob([csvOf(what.panel, what.kind.sheet(what.panel, what.columns))], { type: 'text/csv' }) : null));
  const columns = save('parquet', () => parquet?.() ?? null);
  menu.append(h('summary', { title: 'Save this panel as a file', 'aria-label': 'Save this panel as a file' }, 'save'), h('div.export-list', ...drawn, csv, columns, trouble));
  menu.addEventListener('toggle', () => {
    if (!menu.open) trouble.textContent = '';
    const what = shown();
    for (const button of drawn) button.hidden = what?.view.draw === undefined;
    csv.hidden = what?.kind.sheet === undefined;
    columns.hidden = csv.hidden || parquet === null;
  });
  menu.addEventListener('focusout', (event) => {
    if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
  });
  return menu;
}

function svgOf(what: Exported): Blob {
  const pen = new SvgPen();
  const height = paint(pen, what);
  return new Blob([pen.document(WIDTH_PX, height, what.panel.title)], { type: 'image/svg+xml' });
}

async function pngOf(what: Exported): Promise<Blob> {
  const canvas = h('canvas');
  canvas.width = WIDTH_PX * SCALE;
  canvas.height = Math.ceil(heightOf(what) * SCALE);
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('The browser gives no canvas.');
  context.scale(SCALE, SCALE);
  paint(canvasPen(context), what);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser makes no PNG of this size.'))), 'image/png'));
}

function notesOf(panel: AnyPanel): string[] {
  return (panel.accounting ?? []).map((entry) => `You see ${entry.kept.toLocaleString('en-US')} of ${entry.total.toLocaleString('en-US')} ${entry.what}. ${entry.why}`);
}

function heightOf({ panel, view }: Exported): number {
  return PAD_PX + 40 + (view.height?.(WIDTH_PX - 2 * PAD_PX) ?? 200) + 16 * notesOf(panel).length + PAD_PX;
}

/** Draws the whole panel and returns its height. */
function paint(pen: Pen, what: Exported): number {
  const { panel, view } = what;
  const height = heightOf(what);
  const width = WIDTH_PX - 2 * PAD_PX;
  pen.fillStyle = token('--surface');
  pen.fillRect(0, 0, WIDTH_PX, height);
  pen.textAlign = 'left';
  pen.textBaseline = 'top';
  pen.fillStyle = token('--text');
  pen.font = '600 14px system-ui';
  pen.fillText(fitted(panel.title, width, 14), PAD_PX, PAD_PX);
  pen.fillStyle = token('--muted');
  pen.font = '11px system-ui';
  pen.fillText(fitted(panel.subtitle ?? '', width), PAD_PX, PAD_PX + 20);
  const inner = view.height?.(width) ?? 200;
  notesOf(panel).forEach((note, at) => pen.fillText(fitted(note, width), PAD_PX, PAD_PX + 44 + inner + 16 * at));
  pen.save();
  pen.translate(PAD_PX, PAD_PX + 40);
  view.draw?.(pen, width, inner);
  pen.restore();
  return height;
}

function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = h('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
