/** Rows of text and numbers; numbers stand on the right. */

import type { Columns } from '../net/arrow';
import { formatCount, formatValue } from '../state/format';
import { h } from '../ui/dom';
import type { PanelOf, PanelView } from './panel';

export const kind = 'table';

const MAX_ROWS = 500;

export function create(host: HTMLElement): PanelView<PanelOf<'table'>> {
  return {
    update(panel, columns: Columns) {
      const lists = panel.columns.map((column) => columns.list(column.column));
      const n_rows = Math.max(0, ...lists.map((list) => list.length));
      const headings = panel.columns.map((column) => (column.unit ? `${column.heading} (${column.unit})` : column.heading));
      const rows = Array.from({ length: Math.min(n_rows, MAX_ROWS) }, (_, row) =>
        h('tr', ...lists.map((list) => cell(list[row]))));
      const more = n_rows > MAX_ROWS ? h('p.accounting', `You see ${MAX_ROWS} of ${formatCount(n_rows)} rows.`) : '';
      const head = headings.some((heading) => heading !== '')
        ? h('thead', h('tr', ...headings.map((heading, at) => h('th', { className: typeof lists[at][0] === 'number' ? 'number' : '', scope: 'col' }, heading))))
        : '';
      host.replaceChildren(h('table', head, h('tbody', ...rows)), more);
    },
  };
}

function cell(value: unknown): HTMLElement {
  if (typeof value === 'number') return h('td.number', Number.isInteger(value) ? formatCount(value) : formatValue(value));
  return h('td', value === null || value === undefined ? '' : String(value));
}
