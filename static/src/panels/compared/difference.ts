/**
 * B minus A of two answers to the same question, as a panel that any kind's drawing can show: lines, bars, cells and
 * numbers that both sides have. Pure; says why where there is no difference.
 */

import type { Columns } from '../../net/arrow';
import { formatDuration } from '../../state/format';
import type { AnyPanel, PanelOf, Span } from '../panel';

type List = ArrayLike<number> | string[];

/** One side's panel, its numbers, and the window they are of. */
export interface Side {
  readonly panel: AnyPanel;
  readonly columns: Columns;
  readonly window: Span;
}

export type Difference = { readonly panel: AnyPanel; readonly columns: Columns } | { readonly why: string };

export function difference(a: Side, b: Side): Difference {
  if (a.panel.empty || b.panel.empty) return { why: a.panel.empty ? `A: ${a.panel.empty}` : `B: ${b.panel.empty}` };
  if (a.panel.kind !== b.panel.kind) return { why: 'The two sides show different kinds of panels.' };
  switch (a.panel.kind) {
    case 'series':
      return ofSeries(a as SideOf<'series'>, b as SideOf<'series'>);
    case 'bars':
      return ofNamed(a, b, a.panel, b.panel as PanelOf<'bars'>);
    case 'polar':
    case 'treemap':
      return ofNamed(a, b, asBars(a.panel), asBars(b.panel as PanelOf<'polar'>));
    case 'matrix':
      return ofMatrix(a as SideOf<'matrix'>, b as SideOf<'matrix'>);
    case 'table':
      return ofTable(a as SideOf<'table'>, b as SideOf<'table'>);
    default:
      return { why: 'a panel of this kind has none.' };
  }
}

type SideOf<K extends AnyPanel['kind']> = Side & { readonly panel: PanelOf<K> };

function ofSeries(a: SideOf<'series'>, b: SideOf<'series'>): Difference {
  const unlike = unlikeUnits(a.panel.y_axis.unit, b.panel.y_axis.unit);
  if (unlike) return { why: unlike };
  const time = a.panel.time !== false;
  const from = (side: Side, x: number): number => (time ? x - side.window.t_start_us : x);
  const x = numbers(a, a.panel.x);
  const there = numbers(b, b.panel.x);
  const [step, other] = [stepOf(x), stepOf(there)];
  if (Number.isFinite(step) && Number.isFinite(other) && Math.abs(step - other) > 1e-6 * step) {
    const say = (width: number): string => (time ? formatDuration(width) : `${Number(width.toPrecision(3))} ${a.panel.x_axis.unit ?? ''}`.trim());
    return { why: `A has a value every ${say(step)} and B every ${say(other)}: choose a window that gives both the same.` };
  }
  const twins = Array.from(x, (at) => nearest(there, from(a, at) + (time ? b.window.t_start_us : 0), (Number.isFinite(step) ? step : Infinity) / 2));
  const pairs = paired(a.panel.lines, b.panel.lines, (line) => (line.group ? `group ${line.group}` : line.neuron !== undefined && line.neuron !== null ? `neuron ${line.layer} ${line.neuron}` : `${line.layer ?? ''} ${line.name}`));
  if (pairs.length === 0) return { why: 'No line is on both sides.' };
  const columns = new Map<string, List>([[a.panel.x, x]]);
  let known = false;
  const lines = pairs.map(([one, two], at) => {
    const [mine, its] = [numbers(a, one.y), numbers(b, two.y)];
    const y = `difference.${at}`;
    const values = Float64Array.from(twins, (twin, i) => (twin < 0 ? NaN : its[twin] - mine[i]));
    known ||= values.some(Number.isFinite);
    columns.set(y, values);
    // A difference of means has another spread than either.
    return { ...one, band: null, y, name: one.name === two.name ? one.name : `${two.name} − ${one.name}` };
  });
  if (!known) return { why: 'no value is on both sides at one place.' };
  const left_out = told('lines', lines.length, a.panel.lines.length + b.panel.lines.length - lines.length);
  return made({ ...a.panel, lines }, a, b, columns, left_out);
}

/** Bars, and what else gives each name a number. */
function ofNamed(a: Side, b: Side, one: PanelOf<'bars'>, two: PanelOf<'bars'>): Difference {
  const unlike = unlikeUnits(one.y_axis.unit, two.y_axis.unit);
  if (unlike) return { why: unlike };
  const [names, its] = [texts(a, one.categories), texts(b, two.categories)];
  const place = new Map(its.map((name, at) => [name, at]));
  const both = names.map((name, at) => [at, place.get(name) ?? -1] as const).filter(([, twin]) => twin >= 0);
  if (both.length === 0) return { why: `No ${(one.x_axis.label || 'name').toLowerCase()} is shown on both sides.` };
  const [mine, other] = [numbers(a, one.values), numbers(b, two.values)];
  const kept = both.map(([at]) => at);
  const columns = rowsOf(a, one.links, kept);
  columns.set(one.categories, kept.map((at) => names[at]));
  columns.set(one.values, Float64Array.from(both, ([at, twin]) => other[twin] - mine[at]));
  return made(one, a, b, columns, told('bars', both.length, names.length + its.length - both.length));
}

function ofMatrix(a: SideOf<'matrix'>, b: SideOf<'matrix'>): Difference {
  const [one, two] = [a.panel, b.panel];
  if (one.scale === 'classes') return { why: 'Classes have no difference.' };
  const unlike = unlikeUnits(one.unit, two.unit);
  if (unlike) return { why: unlike };
  const twinsOf = (count: number, others: number, name: string | undefined, other: string | undefined): number[] | null => {
    if (name && other) {
      const place = new Map(texts(b, other).map((text, at) => [text, at]));
      return texts(a, name).map((text) => place.get(text) ?? -1);
    }
    return count === others ? Array.from({ length: count }, (_, at) => at) : null;
  };
  const rows = twinsOf(one.rows, two.rows, one.row_names, two.row_names);
  const across = twinsOf(one.columns, two.columns, one.column_names, two.column_names);
  if (rows === null || across === null) return { why: `A has ${one.rows} x ${one.columns} cells and B ${two.rows} x ${two.columns}.` };
  if (String(one.column_edges) !== String(two.column_edges) || String(one.row_edges) !== String(two.row_edges)) return { why: 'The two sides have other bins.' };
  const [mine, its] = [numbers(a, one.values), numbers(b, two.values)];
  const values = new Float64Array(one.rows * one.columns).fill(NaN);
  let end = 0;
  rows.forEach((row, r) => across.forEach((column, c) => {
    if (row < 0 || column < 0) return;
    const found = its[row * two.columns + column] - mine[r * one.columns + c];
    values[r * one.columns + c] = found;
    if (Math.abs(found) > end) end = Math.abs(found);
  }));
  const columns = new Map<string, List>();
  for (const name of [one.row_names, one.column_names, one.times_us, one.fields?.neuron, ...linked(one.links), ...linked(one.column_links)]) {
    if (name) columns.set(name, a.columns.list(name));
  }
  columns.set(one.values, values);
  return made({ ...one, scale: 'diverging', low: -(end || 1), high: end || 1 }, a, b, columns, null);
}

function ofTable(a: SideOf<'table'>, b: SideOf<'table'>): Difference {
  const [one, two] = [a.panel, b.panel];
  const names = new Set(linked(one.links));
  const is_number = one.columns.map(({ column }) => typeof a.columns.list(column)[0] === 'number' && !names.has(column));
  if (!is_number.some(Boolean)) return { why: 'There are no numbers in this table.' };
  if (one.columns.length !== two.columns.length || one.columns.some(({ heading }, at) => heading !== two.columns[at].heading)) return { why: 'The two sides have other columns.' };
  const keysOf = (side: SideOf<'table'>): string[] => {
    const by = side.panel.columns.filter((_, at) => !is_number[at]).map(({ column }) => side.columns.list(column));
    const length = Math.max(0, ...side.panel.columns.map(({ column }) => side.columns.list(column).length));
    return Array.from({ length }, (_, row) => (by.length === 0 ? String(row) : by.map((list) => String(list[row])).join('\u0000')));
  };
  const [mine, its] = [keysOf(a), keysOf(b)];
  const place = new Map(its.map((key, at) => [key, at]));
  const both = mine.map((key, at) => [at, place.get(key) ?? -1] as const).filter(([, twin]) => twin >= 0);
  if (both.length === 0) return { why: 'No row is on both sides.' };
  const kept = both.map(([at]) => at);
  const columns = rowsOf(a, one.links, kept);
  one.columns.forEach(({ column }, at) => {
    const list = a.columns.list(column);
    const other = b.columns.list(two.columns[at].column);
    columns.set(column, is_number[at]
      ? Float64Array.from(both, ([row, twin]) => Number(other[twin]) - Number(list[row]))
      : kept.map((row) => (list as ArrayLike<unknown>)[row]) as string[]);
  });
  return made(one, a, b, columns, told('rows', both.length, mine.length + its.length - both.length));
}

function made(panel: AnyPanel, a: Side, b: Side, columns: Map<string, List>, left_out: Told | null): Difference {
  const [one, two] = [a.panel.subtitle ?? '', b.panel.subtitle ?? ''];
  const marked = (side: Side, letter: string): Told[] => (side.panel.accounting ?? []).map((entry) => ({ ...entry, what: `${entry.what} (${letter})` }));
  return {
    panel: {
      ...panel, subtitle: one === two ? one : `A: ${one}; B: ${two}`,
      accounting: [...(left_out === null ? [] : [left_out]), ...marked(a, 'A'), ...marked(b, 'B')],
    },
    columns: columnsOf(columns),
  };
}

type Told = NonNullable<AnyPanel['accounting']>[number];

function told(what: string, kept: number, total: number): Told | null {
  return kept === total ? null : { what, kept, total, why: 'The others are shown on one side only.' };
}

function asBars(panel: PanelOf<'polar'> | PanelOf<'treemap'>): PanelOf<'bars'> {
  const { names, values, unit, kind: _, ...rest } = panel;
  return { ...rest, kind: 'bars', categories: names, values, x_axis: { label: 'Class' }, y_axis: { label: 'Difference', unit: unit ?? '1' } };
}

/** Items of both sides by what they are of; where nothing is common but both have as many, in their order. */
function paired<T>(mine: readonly T[], its: readonly T[], key: (item: T) => string): [T, T][] {
  const known = new Map(its.map((item) => [key(item), item]));
  const found = mine.flatMap((item): [T, T][] => {
    const twin = known.get(key(item));
    return twin === undefined ? [] : [[item, twin]];
  });
  return found.length > 0 || mine.length !== its.length ? found : mine.map((item, at) => [item, its[at]]);
}

function unlikeUnits(a: string | undefined, b: string | undefined): string {
  return (a ?? '1') === (b ?? '1') ? '' : `A is in ${a}, B in ${b}.`;
}

function linked(links: AnyPanel['links']): string[] {
  return [links?.time_us, links?.neuron, links?.layers].filter((name): name is string => Boolean(name));
}

/** The columns that lead somewhere, for the rows that are kept. */
function rowsOf(side: Side, links: AnyPanel['links'], kept: readonly number[]): Map<string, List> {
  return new Map(linked(links).map((name) => {
    const list = side.columns.list(name) as ArrayLike<unknown>;
    return [name, kept.map((at) => list[at]) as string[]];
  }));
}

function numbers(side: Side, name: string): ArrayLike<number> {
  return side.columns.list(name) as ArrayLike<number>;
}

function texts(side: Side, name: string): string[] {
  return Array.from(side.columns.list(name) as ArrayLike<unknown>, String);
}

/** The usual distance of neighbours; NaN where there are none. */
function stepOf(x: ArrayLike<number>): number {
  if (x.length < 2) return NaN;
  const steps = Array.from({ length: x.length - 1 }, (_, i) => x[i + 1] - x[i]).sort((a, b) => a - b);
  return steps[steps.length >> 1];
}

/** Index of the value next to a wanted one in an ascending list, -1 where none is within reach. */
function nearest(list: ArrayLike<number>, wanted: number, reach: number): number {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (list[middle] <= wanted) low = middle;
    else high = middle - 1;
  }
  const next = low + 1 < list.length && Math.abs(list[low + 1] - wanted) < Math.abs(list[low] - wanted) ? low + 1 : low;
  return list.length > 0 && Math.abs(list[next] - wanted) <= reach ? next : -1;
}

/** Columns of a panel that no server sent. */
export function columnsOf(lists: ReadonlyMap<string, List>): Columns {
  const list = (name: string): List => {
    const found = lists.get(name);
    if (found === undefined) throw new Error(`The difference lacks the column "${name}".`);
    return found;
  };
  return {
    n_rows: 1, metadata: new Map(), names: [...lists.keys()], has: (name) => lists.has(name), list,
    numbers: (name) => Float64Array.from(list(name) as ArrayLike<number>),
    texts: (name) => Array.from(list(name) as ArrayLike<unknown>, String),
    optionalNumbers: (name) => Array.from(list(name) as ArrayLike<number>),
  };
}
