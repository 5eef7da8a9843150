import { describe, expect, it } from 'vitest';

import type { LayerInfo } from '../src/state/frames';
import { neuronsToText, textToNeurons } from '../src/state/neuron_ranges';

const LAYERS = [
  { name: 'in, put:1', offset: 0, n_neurons: 100 },
  { name: '100%', offset: 100, n_neurons: 5000 },
] as unknown as LayerInfo[];

describe('neurons as text', () => {
  it('says ranges of each layer', () => {
    expect(neuronsToText([7, 5, 6, 99, 100, 102], LAYERS)).toBe('in%2C%20put%3A1:5-7.99,100%25:0.2');
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
