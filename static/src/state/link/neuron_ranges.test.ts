import { describe, expect, it } from 'vitest';

import { neuronsToText, textToNeurons } from './neuron_ranges';
import type { LayerInfo } from '../frames';

const LAYERS = [
  { name: 'in, put:1', offset: 0, n_neurons: 100 },
  { name: '100%', offset: 100, n_neurons: 5000 },
] as unknown as LayerInfo[];

describe('neurons as text', () => {
  it('says ranges of each layer', () => {
    expect(neuronsToText([5, 6, 7, 99, 100, 102], LAYERS)).toBe('in%2C%20put%3A1:5-7.99,100%25:0.2');
  });

  it('keeps the order of selection, in which the last one is the last', () => {
    expect(neuronsToText([102, 7, 5, 6, 101], LAYERS)).toBe('100%25:2,in%2C%20put%3A1:7.5-6,100%25:1');
    for (const neurons of [[9, 3], [101, 4, 100, 2], [7, 8, 9, 1]]) expect(textToNeurons(neuronsToText(neurons, LAYERS), LAYERS)).toEqual(neurons);
  });

  it('keeps the order of the last ones of many', () => {
    const many = Array.from({ length: 3000 }, (_, i) => (i * 7919) % 5003).filter((n) => n < 5000);
    const back = textToNeurons(neuronsToText(many, LAYERS), LAYERS);
    expect(back.slice(-64)).toEqual(many.slice(-64));
    expect(back.toSorted((a, b) => a - b)).toEqual(many.toSorted((a, b) => a - b));
  });

  it('needs little room for half of a million', () => {
    const layers = [{ name: 'in', offset: 0, n_neurons: 1_000_000 }] as unknown as LayerInfo[];
    const half = Array.from({ length: 1_000_000 }, (_, i) => i).filter((i) => (Math.imul(i, 2654435761) >>> 16) & 1);
    const text = neuronsToText(half, layers);
    expect(text.length).toBeLessThan(170_000);
    expect(textToNeurons(text, layers)).toEqual(half);
  });

  it('takes bits where many are scattered, and comes back the same', () => {
    const many = Array.from({ length: 2500 }, (_, i) => 100 + 2 * i);
    const text = neuronsToText(many, LAYERS);
    expect(text).toContain(':~');
    expect(text.length).toBeLessThan(900);
    expect(textToNeurons(text, LAYERS)).toEqual(many);
  });

  it('reads one neuron after the other, as older links have it', () => {
    expect(textToNeurons('100%25:3,100%25:4', LAYERS)).toEqual([103, 104]);
  });

  it('leaves out what does not exist or is no text of neurons', () => {
    expect(textToNeurons('100%25:4999.5000-5003,gone:1,::,100%:x,in%2C%20put%3A1:~!!', LAYERS)).toEqual([5099]);
  });
});
