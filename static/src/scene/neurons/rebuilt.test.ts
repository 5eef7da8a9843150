import { expect, test, vi } from 'vitest';

import { Rebuilt } from './rebuilt';
import type { Network, Reconstruction } from '../../state/frames';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function rebuilt(reconstruct: (neuron: number, t_us: number) => Promise<Reconstruction>): { made: Rebuilt; asked: [number, number][]; told: () => number } {
  const asked: [number, number][] = [];
  const onLoad = vi.fn();
  const network = { reconstruct: (neuron: number, t_us: number) => { asked.push([neuron, t_us]); return reconstruct(neuron, t_us); } } as unknown as Network;
  return { made: new Rebuilt(network, new AbortController().signal, onLoad), asked, told: () => onLoad.mock.calls.length };
}

test('asks once for a neuron at a moment, and again for another', async () => {
  const { made, asked, told } = rebuilt(async (neuron) => ({ values: Float32Array.of(neuron), inputs: ['in'] }));
  made.ask(3, 1000, 0);
  made.ask(3, 1000, 16);
  await settle();
  expect(made.found).toEqual({ neuron: 3, values: Float32Array.of(3), inputs: ['in'] });
  made.ask(3, 2000, 32); // the same neuron a moment later waits: weights are not read every frame
  expect(asked).toEqual([[3, 1000]]);
  made.ask(3, 2000, 900);
  await settle();
  made.ask(4, 2000, 901); // another neuron does not
  await settle();
  expect(asked).toEqual([[3, 1000], [3, 2000], [4, 2000]]);
  expect([made.lack, told()]).toEqual(['', 3]);
});

test('says what is missing', async () => {
  const { made } = rebuilt(async () => { throw new Error('Nothing with known weights reaches layer "in".'); });
  made.ask(-1, 0, 0);
  expect([made.measure, made.lack]).toEqual([null, 'select a neuron']);
  made.ask(1, 0, 1);
  await settle();
  expect([made.measure, made.lack]).toEqual([null, 'Nothing with known weights reaches layer "in".']);
});
