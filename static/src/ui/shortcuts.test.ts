import { expect, it } from 'vitest';

import { listenForKeys, type Shortcut } from './shortcuts';

it('reports a key that is given to two', () => {
  const shortcut = (label: string): Shortcut => ({ keys: ['z'], label, group: 'View', run: () => undefined });
  const told: Error[] = [];
  Object.assign(globalThis, { window: { addEventListener: () => undefined }, reportError: (error: Error) => told.push(error) });
  listenForKeys([shortcut('Fly'), shortcut('Zoom')], new AbortController().signal);
  expect(told.map(({ message }) => message)).toEqual(['The key z is given twice: to "Fly" and to "Zoom".']);
});
