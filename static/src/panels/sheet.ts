/** What a panel shows, as a table: the content of its CSV. */

import type { Columns } from '../net/arrow';
import type { AnyPanel } from './panel';

export interface Sheet {
  readonly headings: readonly string[];
  readonly columns: readonly ArrayLike<unknown>[];
}

/** "Rate" in "Hz" is "Rate (Hz)"; nothing is said of what has no unit. */
export function heading(label: string, unit?: string): string {
  return unit && unit !== '1' ? `${label} (${unit})` : label;
}

/** RFC 4180, with what the panel says of itself in lines that begin with "#". */
export function csvOf(panel: AnyPanel, sheet: Sheet): string {
  const notes = [panel.title, panel.subtitle ?? '', ...(panel.accounting ?? []).map((entry) => `${entry.kept} of ${entry.total} ${entry.what}: ${entry.why}`)];
  const lines = notes.filter(Boolean).map((note) => `# ${note.replaceAll('\n', ' ')}`);
  lines.push(sheet.headings.map(field).join(','));
  const n_rows = Math.max(0, ...sheet.columns.map((column) => column.length));
  for (let row = 0; row < n_rows; row++) lines.push(sheet.columns.map((column) => field(column[row])).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** All values of columns, as they came. */
export function listed(columns: Columns, ...names: string[]): ArrayLike<unknown>[] {
  return names.map((name) => columns.list(name));
}

function field(value: unknown): string {
  if (value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value))) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
