import { describe, expect, it } from 'vitest';

import type { Columns } from '../net/arrow';
import { fitted, ticks, timeTicks } from './axes';
import { LINE_COLOURS_LIGHT } from '../state/palette';
import { cellMap, tableOf } from './cell_colours';
import { trace } from './line_shape';
import { SvgPen } from './pen';
import { csvOf } from './sheet';
import { sheet as matrixSheet } from './matrix';

const columns = (lists: Record<string, number[] | string[]>): Columns => ({ list: (name: string) => lists[name] }) as unknown as Columns;

describe('csvOf', () => {
  it('quotes what needs it, leaves gaps empty, and tells what the panel tells', () => {
    const panel = { kind: 'table', id: 'a', title: 'A title', subtitle: 'a window', columns: [], accounting: [{ what: 'rows', kept: 1, total: 2, why: 'Room.' }] } as const;
    const text = csvOf(panel as never, { headings: ['name', 'value (ms)'], columns: [['a,b', 'say "x"'], [1.5, NaN]] });
    expect(text.split('\r\n')).toEqual(['# A title', '# a window', '# 1 of 2 rows: Room.', 'name,value (ms)', '"a,b",1.5', '"say ""x""",', '']);
  });

  it('lists a matrix cell by cell, by the names of rows and the times of columns', () => {
    const panel = { kind: 'matrix', id: 'm', title: 'm', values: 'v', rows: 2, columns: 2, row_names: 'r', times_us: 't', x_axis: { label: 'Time' }, y_axis: { label: 'Class' }, unit: 'Hz' } as const;
    const found = matrixSheet(panel as never, columns({ v: [1, 2, 3, 4], r: ['x', 'y'], t: [0, 10] }));
    expect(found.headings).toEqual(['Class', 'time_us', 'value (Hz)']);
    expect(found.columns.map((column) => Array.from(column))).toEqual([['x', 'x', 'y', 'y'], [0, 10, 0, 10], [1, 2, 3, 4]]);
  });
});

describe('trace', () => {
  const path = (shape: Parameters<typeof trace>[3]): string => {
    const parts: string[] = [];
    trace({ moveTo: (x, y) => parts.push(`M${x},${y}`), lineTo: (x, y) => parts.push(`L${x},${y}`), bezierCurveTo: (_a, _b, _c, _d, x, y) => parts.push(`C${x},${y}`) }, [0, 2, 4], [0, 4, 4], shape);
    return parts.join(' ');
  };

  it('steps as told', () => {
    expect(path('linear')).toBe('M0,0 L2,4 L4,4');
    expect(path('hv')).toBe('M0,0 L2,0 L2,4 L4,4 L4,4');
    expect(path('vh')).toBe('M0,0 L0,4 L2,4 L2,4 L4,4');
    expect(path('hvh')).toBe('M0,0 L1,0 L1,4 L2,4 L3,4 L3,4 L4,4');
    expect(path('vhv')).toBe('M0,0 L0,2 L2,2 L2,4 L2,4 L4,4 L4,4');
  });

  it('bends smoothly, never beyond the values', () => {
    const highest: number[] = [];
    trace({ moveTo: () => undefined, lineTo: () => undefined, bezierCurveTo: (_a, b, _c, d) => highest.push(b, d) }, [0, 1, 2, 3], [0, 10, 10, 0], 'spline');
    expect(Math.max(...highest)).toBeLessThanOrEqual(10);
    expect(Math.min(...highest)).toBeGreaterThanOrEqual(0);
  });
});

describe('ticks', () => {
  it('are round, inside, and about as many as asked for', () => {
    expect(ticks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10]);
    expect(ticks(-70, -50, 4)).toEqual([-70, -65, -60, -55, -50]);
    expect(ticks(3, 3, 4)).toEqual([3]);
    expect(ticks(-90, 90, 3)).toEqual([-50, 0, 50]); // never 0 alone: that is no scale
  });

  it('of time are those of a clock', () => {
    expect(timeTicks(0, 713, 6)).toEqual([0, 120, 240, 360, 480, 600]);
    expect(timeTicks(0, 0.1, 5).length).toBeGreaterThan(4);
  });
});

describe('SvgPen', () => {
  it('writes a document that says the same as the strokes', () => {
    const pen = new SvgPen();
    pen.fillStyle = '#ff0000';
    for (let i = 0; i < 3; i++) pen.fillRect(i, 0, 1, 1);
    pen.save();
    pen.translate(5, 6);
    pen.clipTo(0, 0, 10, 10);
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(1.234, 5);
    pen.stroke();
    pen.restore();
    pen.fillText('a < b & "c"', 1, 2);
    const text = pen.document(100, 50, 'T');
    // Rectangles of one colour are one path.
    expect(text.match(/<path/g)).toHaveLength(2);
    expect(text).toContain('M0 0h1v1h-1zM1 0h1v1h-1z');
    expect(text).toContain('L1.23 5');
    expect(text).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(text.match(/<g/g)?.length).toBe(text.match(/<\/g>/g)?.length);
  });
});

describe('fitted and tableOf', () => {
  it('cut a text to its room', () => {
    expect(fitted('short', 100)).toBe('short');
    expect(fitted('a rather long text', 40)).toMatch(/…$/);
    expect(fitted('none', 5)).toBe('');
  });

  it('give the anchors at the ends, and one colour where there is one', () => {
    const table = tableOf(['#000000', '#ffffff'], 3);
    expect([...table].map((colour) => (colour & 0xffffff).toString(16))).toEqual(['0', '808080', 'ffffff']);
    expect(tableOf(['#010203'], 1)[0] & 0xff).toBe(1);
  });
});

describe('colours on light surfaces', () => {
  const light = (hex: string): number => [1, 3, 5].reduce((sum, at, i) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return sum + [0.2126, 0.7152, 0.0722][i] * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);

  it('lines stand out from white as marks have to (WCAG 1.4.11: 3 to 1)', () => {
    for (const colour of LINE_COLOURS_LIGHT) expect(1.05 / (light(colour) + 0.05)).toBeGreaterThan(3);
  });

  it('zero is as light as the surface, and as dark in the dark theme', () => {
    const middle = (theme: 'dark' | 'light'): number => light(cellMap('diverging', theme)[3]);
    expect(middle('light')).toBeGreaterThan(0.75);
    expect(middle('dark')).toBeLessThan(0.02);
  });
});
