import { describe, expect, it } from 'vitest';

import { durationText, numberText } from './legend';
import { legendText, type LegendFacts } from './legend_text';

const FACTS: LegendFacts = {
  mode: 'spikes', bin_us: 1000, frame_us: 1000, halfLife_bins: 10, rateWindow_bins: 100, since_us: 1_640_000, coarse: false, limited: false,
  scale: { min: 0, max: 100 }, variable: 'v', unit: 'mV', recorded: { n: 310, of: 1294 },
  synapses: { drawn: 12_000, total: 78_400, n_top: 6000, n_sample: 6000, selected: 0, selectedTotal: 0, interval_us: 0, changed: 0, threshold: 0, unlike: [] },
  weights: [{ name: 'a', scale: 0.42, unit: '' }], bundles: null, ghosts: null, failed: [], detail: '', layout: '', lack: '', classes: [], classes_b: null, method: '', health: null, rebuilt: null, direction: '', changing: false, difference: null,
};

describe('legendText', () => {
  it('says how many synapses of how many are drawn, and which', () => {
    const [, weights] = legendText(FACTS).scales;
    expect(weights.note).toBe('You see 12,000 of 78,400 synapses:\nthe strongest and a random sample');
    expect(weights.ticks).toEqual(['≤ −0.42', '0', '≥ 0.42']);
  });

  it('says what bundles and dashes mean', () => {
    const bundles = { drawn: 3, of: 4, scale: 0.25, unit: 'nS', by: 'weight' } as const;
    const [, far] = legendText({ ...FACTS, bundles, ghosts: { drawn: 40, pruned: 50, known: 200, below: 0.05, name: '' } }).scales;
    expect(far).toMatchObject({ title: 'Mean weight of a projection, nS', ticks: ['−0.25', '0', '0.25'] });
    expect(far.note).toBe(
      'Dashed: 40 of 50 pruned synapses of 200,\n|weight| below 5 % of full colour\n' +
      'From far: 3 of 4 projections as bundles,\nthin at their target; width: sum of |weight|',
    );
    expect(legendText({ ...FACTS, bundles: { ...bundles, drawn: 4, scale: 0, by: 'number' } }).scales[1].note).toContain('From far: 4 projections as bundles');
  });

  it('says when all of a selection is drawn', () => {
    const synapses = { ...FACTS.synapses, selected: 884, selectedTotal: 884 };
    expect(legendText({ ...FACTS, synapses }).scales[1].note).toContain('All 884 synapses of the selection');
  });

  it('names the scale of each projection where they differ', () => {
    const weights = [...FACTS.weights, { name: 'b', scale: 1.5, unit: '' }];
    expect(legendText({ ...FACTS, weights }).scales[1].rows).toEqual([['a', '±0.42'], ['b', '±1.5']]);
  });

  it('gives each mode its unit', () => {
    expect(legendText(FACTS).scales[0].ticks).toEqual(['now', '40 ms ago']);
    expect(legendText({ ...FACTS, mode: 'rate' }).scales[0]).toMatchObject({ title: 'Firing rate, Hz', note: 'fading average over 100 ms' });
    expect(legendText({ ...FACTS, mode: 'potential' }).scales[0]).toMatchObject({
      title: 'Membrane potential, mV', note: 'Recorded for 310 of 1,294 neurons; rings: not recorded',
    });
    expect(legendText({ ...FACTS, mode: 'count' }).scales[0].note).toBe('since 1.64 s, logarithmic');
  });

  it('says what B minus A is in, and which synapses are compared', () => {
    const difference = { mode: 'rate', end: 20, variable: '', unit: '', lack: '', rateWindow_us: 1e5, halfLife_us: 1e4 } as const;
    const [neurons, weights] = legendText({ ...FACTS, difference, synapses: { ...FACTS.synapses, changed: 31, unlike: ['b'] } }).scales;
    expect(neurons).toMatchObject({ title: 'Firing rate, B − A, Hz', map: 'berlin', ticks: ['≤ −20', '0', '≥ 20'] });
    expect(weights.title).toBe('Synapse weight, B − A');
    expect(weights.note).toContain('31 have another weight in B\nother synapses in B, not compared: b');
    const equal = legendText({ ...FACTS, difference, weights: [], synapses: { ...FACTS.synapses, selected: 3, selectedTotal: 3 } }).scales[1];
    expect(equal.title).toBe('Synapse weight, B − A');
    expect(equal.note).toContain('0 have another weight in B');
    const lacking = { ...difference, mode: 'in_degree', lack: 'no weights are recorded' } as const;
    expect(legendText({ ...FACTS, difference: lacking }).scales[0].note).toBe('Not available: no weights are recorded');
  });

  it('lists the classes of B where they are others', () => {
    const facts = { ...FACTS, mode: 'selectivity', method: 'rate', classes: [{ name: 'cat', n: 3 }] } as const;
    expect(legendText(facts).scales[0].title).toBe('Preferred class (paler: less selective)');
    const beside = (classes: LegendFacts['classes'], lack = ''): LegendFacts => ({ ...facts, classes_b: { classes, lack } });
    const [a, b] = legendText(beside([{ name: 'dog', n: 2 }, { name: 'cow', n: 0 }])).scales;
    expect([a.title, b.title]).toEqual(['Preferred class, A (paler: less selective)', 'Preferred class, B']);
    expect(b.swatches?.map(([, name, count]) => `${name} ${count}`)).toEqual(['dog 2', 'cow 0']);
    expect(legendText(beside([{ name: 'cat', n: 9 }])).scales[1]).toMatchObject({ title: 'Preferred class, B', note: 'classes and colours as in A' });
    expect(legendText(beside([], 'no stimuli')).scales[1].note).toBe('Not available: no stimuli');
  });

  it('has no synapse scale without synapses, and says what is wrong', () => {
    const none = { ...FACTS.synapses, drawn: 0, total: 0 };
    expect(legendText({ ...FACTS, synapses: none }).scales).toHaveLength(1);
    expect(legendText({ ...FACTS, failed: ['a'], coarse: true, limited: true }).notes).toHaveLength(3);
  });
});

describe('numbers', () => {
  it.each([[0, '0'], [-0.4200001, '−0.42'], [1234.5, '1230'], [-14_812, '−14,800'], [1e-4, '1.0e−4'], [NaN, '–']])('%d reads %s', (x, text) => {
    expect(numberText(x)).toBe(text);
  });

  it.each([[40_000, '40 ms'], [500, '500 µs'], [1_640_000, '1.64 s']])('%d us reads %s', (us, text) => {
    expect(durationText(us)).toBe(text);
  });

  it('names classes and how many neurons prefer them', () => {
    const classes = [{ name: '0', n: 12 }, { name: '1', n: 3 }];
    const [scale] = legendText({ ...FACTS, mode: 'selectivity', classes, method: 'm' }).scales;
    expect(scale.swatches?.map(([, name, n]) => `${name} ${n}`)).toEqual(['0 12', '1 3']);
    expect(scale.note).toContain('m');
  });

  it('says why a mode has nothing to show', () => {
    const [scale] = legendText({ ...FACTS, mode: 'in_degree', lack: 'no weights are recorded' }).scales;
    expect([scale.map, scale.note]).toEqual([null, 'Not available: no weights are recorded']);
  });

  it('diverges around zero where incoming weights are of both signs', () => {
    const text = (min: number): unknown => legendText({ ...FACTS, mode: 'in_degree', scale: { min, max: 2 } }).scales[0];
    expect(text(-2)).toMatchObject({ map: 'berlin', ticks: ['−2', '0', '2'] });
    expect(text(0)).toMatchObject({ map: 'viridis', ticks: ['0', '1', '2'] });
  });

  it('counts the neurons to look after', () => {
    const health = { dead: 2, silent: 30, saturated: 1, of: 564, silence_us: 500_000, saturated_hz: 200 };
    const [scale] = legendText({ ...FACTS, mode: 'health', health }).scales;
    expect(scale.swatches?.map(([, name, n]) => [name, n])).toEqual([
      ['dead: no spike in the recording', '2'], ['silent: spikes, but none in the last 500 ms', '30'], ['saturated: ≥ 200 Hz on average', '1'],
    ]);
  });
});
