/** Rows of text and numbers, numbers on the right; a row that leads somewhere is a link. */

import type { Columns } from '../net/arrow';
import { formatCount, formatTime, formatValue } from '../state/format';
import { h, token } from '../ui/dom';
import { fitted, FONT } from './axes';
import { follow, isSelected, leads, type Target, targetOf } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import { heading, type Sheet } from './sheet';

export const kind = 'table';

const MAX_ROWS = 500;
const ROW_PX = 20;

export function sheet(panel: PanelOf<'table'>, columns: Columns): Sheet {
  return {
    headings: panel.columns.map((column) => heading(column.heading || column.column.split('.').pop() || '', column.unit)),
    columns: panel.columns.map((column) => columns.list(column.column)),
  };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'table'>> {
  let headings: string[] = [];
  let cells: string[][] = [];
  let numeric: boolean[] = [];
  let targets: Target[] = [];
  let rows: HTMLElement[] = [];
  const mark = (): void => rows.forEach((row, at) => row.classList.toggle('selected', isSelected(context, targets[at])));
  return {
    update(panel, columns: Columns) {
      const lists = panel.columns.map((column) => columns.list(column.column));
      const n_rows = Math.max(0, ...lists.map((list) => list.length));
      // Times are told as times, whatever their heading's unit.
      const units = panel.columns.map((column) => column.unit ?? '');
      headings = panel.columns.map((column, at) => (units[at] === 'us' ? column.heading : heading(column.heading, units[at])));
      numeric = lists.map((list) => typeof list[0] === 'number');
      const n_shown = Math.min(n_rows, MAX_ROWS);
      cells = Array.from({ length: n_shown }, (_, row) => lists.map((list, at) => text(list[row], units[at])));
      targets = cells.map((_, row) => targetOf(context, panel.links, columns, row));
      rows = cells.map((row, at) => {
        const link = leads(targets[at]);
        const go = (event: MouseEvent | KeyboardEvent): void => follow(context, targets[at], event.shiftKey);
        return h(
          'tr', link ? { className: 'link', tabIndex: 0, title: told(targets[at]), onclick: go, onkeydown: (event: KeyboardEvent) => { if (event.key === 'Enter') { event.stopPropagation(); go(event); } } } : {},
          ...row.map((value, column) => h(numeric[column] ? 'td.number' : 'td', value)),
        );
      });
      const more = n_rows > MAX_ROWS ? h('p.accounting', `You see ${MAX_ROWS} of ${formatCount(n_rows)} rows; the CSV holds all.`) : '';
      const head = headings.some((found) => found !== '')
        ? h('thead', h('tr', ...headings.map((found, at) => h('th', { className: numeric[at] ? 'number' : '', scope: 'col' }, found))))
        : '';
      host.replaceChildren(h('div.table-scroll', h('table', head, h('tbody', ...rows))), more);
      mark();
    },
    selection: mark,
    height: () => (cells.length + 1) * ROW_PX,
    draw(pen, width) {
      pen.font = FONT;
      pen.textBaseline = 'middle';
      const column = width / Math.max(1, headings.length);
      const put = (row: readonly string[], y: number): void => row.forEach((value, at) => {
        pen.textAlign = numeric[at] ? 'right' : 'left';
        pen.fillText(fitted(value, column - 8), numeric[at] ? (at + 1) * column - 8 : at * column, y);
      });
      pen.fillStyle = token('--muted');
      put(headings, ROW_PX / 2);
      pen.fillStyle = token('--text');
      cells.forEach((row, at) => put(row, (at + 1.5) * ROW_PX));
    },
  };
}

function text(value: unknown, unit: string): string {
  if (typeof value !== 'number') return value === null || value === undefined ? '' : String(value);
  if (Number.isNaN(value)) return '-';
  if (unit === 'us') return formatTime(value);
  return Number.isInteger(value) ? formatCount(value) : formatValue(value);
}

function told({ t_us, neuron }: Target): string {
  if (t_us === null) return 'Select this neuron in the scene';
  return neuron === null ? `Go to ${formatTime(t_us)}` : `Go to ${formatTime(t_us)} and select this neuron`;
}
