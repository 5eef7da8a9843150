import { expect, test } from 'vitest';

import { History } from './history';
import { View } from './view';

test('undo and redo walk through the choices', () => {
  const view = new View();
  const history = new History(view);
  view.set({ colour: 'rate' });
  view.set({ selection: [3] });
  view.set({ selection: [3, 4] });
  history.undo();
  expect(view.get('selection')).toEqual([3]);
  history.undo();
  history.undo();
  expect([view.get('selection'), view.get('colour')]).toEqual([[], 'spikes']);
  history.undo();
  history.redo();
  history.redo();
  expect([view.get('selection'), view.get('colour')]).toEqual([[3], 'rate']);
});

test('a new choice ends what could be redone', () => {
  const view = new View();
  const history = new History(view);
  view.set({ colour: 'rate' });
  history.undo();
  view.set({ hidden: ['a'] });
  history.redo();
  expect([view.get('colour'), view.get('hidden')]).toEqual(['spikes', ['a']]);
});

test('moving the camera is no step', () => {
  const view = new View();
  const history = new History(view);
  view.set({ colour: 'rate' });
  view.set({ camera: { position: [1, 2, 3], target: [0, 0, 0] }, hover: 4 });
  history.undo();
  expect([view.get('colour'), view.get('hover')]).toEqual(['spikes', 4]);
});
