import { expect, test } from 'vitest';

import type { PanelAnswer } from '../../net/messages.gen';
import { type Answer, arranged } from './arranged';
import { columnsOf } from './difference';

function answer(panels: object[], columns: Record<string, number[] | string[]>): Answer {
  return { answer: { module: 'm', t_start_us: 0, t_stop_us: 10, panels } as unknown as PanelAnswer, columns: columnsOf(new Map(Object.entries(columns))) };
}

const bars = { id: 'b', kind: 'bars', title: 'Bars', categories: 'c', values: 'v', x_axis: { label: 'Neuron' }, y_axis: { label: 'Spikes' } };
const text = { id: 't', kind: 'text', title: 'Text', text: 'words', subtitle: 'sub' };
const titles = (a: Answer, b: Answer | null, mode: 'side' | 'difference'): string[] => arranged(a, b, mode).map(({ panel }) => panel.title);

const a = answer([bars, text], { c: ['1'], v: [2] });
const b = answer([bars, { ...text, text: 'other' }, { ...text, id: 'only', title: 'Only' }], { c: ['1'], v: [5] });

test('one side alone keeps its titles', () => {
  expect(titles(a, null, 'difference')).toEqual(['Bars', 'Text']);
});

test('both sides stand one after the other, then what B alone has', () => {
  expect(titles(a, b, 'side')).toEqual(['A · Bars', 'B · Bars', 'A · Text', 'B · Text', 'B · Only']);
});

test('differences, and both where there is none, with the reason', () => {
  expect(titles(a, b, 'difference')).toEqual(['B − A · Bars', 'A · Text', 'B · Text', 'B · Only']);
  expect(arranged(a, b, 'difference')[1].panel.subtitle).toBe('sub. No difference: a panel of this kind has none.');
});

test('what is one and the same is told once', () => {
  expect(titles(answer([text], {}), answer([text], {}), 'difference')).toEqual(['A and B · Text']);
});
