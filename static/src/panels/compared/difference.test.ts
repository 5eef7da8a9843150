import { describe, expect, it } from 'vitest';

import { columnsOf, difference, type Side } from './difference';
import type { AnyPanel } from '../panel';

const NOW = { t_start_us: 1000, t_stop_us: 5000 };
const LATER = { t_start_us: 101_000, t_stop_us: 105_000 };

function side(panel: object, columns: Record<string, number[] | string[]>, window = NOW): Side {
  return { panel: { id: 'p', title: 'P', ...panel } as unknown as AnyPanel, columns: columnsOf(new Map(Object.entries(columns))), window };
}

function shown(a: Side, b: Side): { panel: AnyPanel; list: (name: string) => unknown[] } {
  const found = difference(a, b);
  if ('why' in found) throw new Error(found.why);
  return { panel: found.panel, list: (name) => Array.from(found.columns.list(name) as ArrayLike<unknown>) };
}

function why(a: Side, b: Side): string {
  const found = difference(a, b);
  return 'why' in found ? found.why : '';
}

const series = (lines: object[], more: object = {}): object => ({
  kind: 'series', x: 'x', x_axis: { label: 'Time', unit: 'us' }, y_axis: { label: 'Rate', unit: 'Hz' }, lines, subtitle: 's', ...more,
});

describe('series', () => {
  const line = { name: 'in', y: 'y', layer: 'in' };

  it('are laid over each other from the starts of their windows', () => {
    const a = side(series([line]), { x: [1000, 2000, 3000], y: [1, 2, 3] });
    const b = side(series([line], { subtitle: 'other' }), { x: [101_000, 102_000], y: [5, 7] }, LATER);
    const { panel, list } = shown(a, b);
    expect(list('difference.0')).toEqual([4, 5, NaN]);
    expect(panel.subtitle).toBe('A: s; B: other');
  });

  it('have no difference where their intervals differ', () => {
    const a = side(series([line]), { x: [1000, 2000, 3000], y: [1, 2, 3] });
    expect(why(a, side(series([line]), { x: [1000, 1500, 2000], y: [1, 2, 3] }))).toContain('every 1 ms and B every 500 us');
  });

  it('pair lines by class, count those on one side, and pair one class with another', () => {
    const a = side(series([{ name: '3 (9)', y: 'y', group: '3' }, { name: '4 (2)', y: 'z', group: '4' }], { time: false }), { x: [0, 1], y: [1, 1], z: [0, 0] });
    const same = shown(a, side(series([{ name: '3 (7)', y: 'y', group: '3' }], { time: false }), { x: [0, 1], y: [4, 2] }));
    expect(same.list('difference.0')).toEqual([3, 1]);
    expect(same.panel.accounting).toEqual([{ what: 'lines', kept: 1, total: 2, why: 'The others are shown on one side only.' }]);
    const three = side(series([{ name: '3', y: 'y', group: '3' }], { time: false }), { x: [0], y: [1] });
    const seven = side(series([{ name: '7', y: 'y', group: '7' }], { time: false }), { x: [0], y: [5] });
    expect(shown(three, seven).panel).toMatchObject({ lines: [{ name: '7 − 3' }] });
  });

  it('have no difference where the sides know other places', () => {
    const a = side(series([line]), { x: [1000, 2000], y: [1, NaN] });
    expect(why(a, side(series([line]), { x: [1000, 2000], y: [NaN, 1] }))).toBe('no value is on both sides at one place.');
  });

  it('need one unit', () => {
    const b = side(series([line], { y_axis: { label: 'Rate', unit: '1/s' } }), { x: [1000], y: [1] });
    expect(why(side(series([line]), { x: [1000], y: [1] }), b)).toBe('A is in Hz, B in 1/s.');
  });
});

describe('bars, polar, treemap', () => {
  const bars = { kind: 'bars', categories: 'c', values: 'v', x_axis: { label: 'Neuron' }, y_axis: { label: 'Spikes', unit: '1' }, links: { neuron: 'id', layer: 'in' } };

  it('subtract what has the same name, and lead where A\'s led', () => {
    const { panel, list } = shown(side(bars, { c: ['5', '9', '1'], v: [10, 4, 1], id: [5, 9, 1] }), side(bars, { c: ['1', '5'], v: [4, 2], id: [1, 5] }));
    expect([list('c'), list('v'), list('id')]).toEqual([['5', '1'], [-8, 3], [5, 1]]);
    expect(panel.accounting?.[0]).toMatchObject({ kept: 2, total: 3 });
  });

  it('say where nothing is common', () => {
    expect(why(side(bars, { c: ['5'], v: [1], id: [5] }), side(bars, { c: ['6'], v: [1], id: [6] }))).toBe('No neuron is shown on both sides.');
  });

  it('make bars of a polar line', () => {
    const polar = { kind: 'polar', names: 'n', values: 'v', unit: 'Hz' };
    const { panel, list } = shown(side(polar, { n: ['a', 'b'], v: [1, 2] }), side(polar, { n: ['a', 'b'], v: [0, 5] }));
    expect(panel.kind).toBe('bars');
    expect(list('v')).toEqual([-1, 3]);
  });
});

describe('matrix', () => {
  const matrix = { kind: 'matrix', values: 'v', rows: 2, columns: 2, x_axis: { label: 'x' }, y_axis: { label: 'y' }, row_names: 'r' };

  it('matches rows by name and is symmetric around zero', () => {
    const { panel, list } = shown(
      side(matrix, { v: [1, 2, 3, 4], r: ['a', 'b'] }), side(matrix, { v: [13, 14, 1, 3], r: ['b', 'a'] }),
    );
    expect(list('v')).toEqual([0, 1, 10, 10]);
    expect(panel).toMatchObject({ scale: 'diverging', low: -10, high: 10 });
  });

  it('has none of classes, nor of other sizes', () => {
    const plain = { ...matrix, row_names: '' };
    expect(why(side({ ...matrix, scale: 'classes' }, { v: [], r: [] }), side({ ...matrix, scale: 'classes' }, { v: [], r: [] }))).toBe('Classes have no difference.');
    expect(why(side(plain, { v: [1, 2, 3, 4] }), side({ ...plain, rows: 1 }, { v: [1, 2] }))).toBe('A has 2 x 2 cells and B 1 x 2.');
  });
});

describe('table', () => {
  const table = { kind: 'table', columns: [{ heading: 'Neuron', column: 'id' }, { heading: 'Rate', column: 'hz', unit: 'Hz' }], links: { neuron: 'id', layer: 'in' } };

  it('subtracts numbers of the same neuron, never the neuron', () => {
    const { list } = shown(side(table, { id: [4, 2], hz: [1, 2] }), side(table, { id: [2, 7], hz: [5, 9] }));
    expect([list('id'), list('hz')]).toEqual([[2], [3]]);
  });

  it('needs numbers', () => {
    const words = { kind: 'table', columns: [{ heading: '', column: 'k' }] };
    expect(why(side(words, { k: ['a'] }), side(words, { k: ['a'] }))).toBe('There are no numbers in this table.');
  });
});

it('says which side is empty, and which kinds have no difference', () => {
  expect(why(side({ kind: 'text', text: '' }, {}), side({ kind: 'text', text: '', empty: 'Nothing.' }, {}))).toBe('B: Nothing.');
  expect(why(side({ kind: 'text', text: '' }, {}), side({ kind: 'text', text: '' }, {}))).toBe('a panel of this kind has none.');
});
