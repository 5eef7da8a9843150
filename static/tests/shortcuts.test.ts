import { expect, it } from 'vitest';

import { listenForKeys, type Shortcut } from '../src/ui/shortcuts';

it('refuses to give a key to two', () => {
  const shortcut = (label: string): Shortcut => ({ keys: ['z'], label, group: 'View', run: () => undefined });
  Object.assign(globalThis, { window: { addEventListener: () => undefined } });
  expect(() => listenForKeys([shortcut('Fly'), shortcut('Zoom')], new AbortController().signal)).toThrow('"Fly" and to "Zoom"');
});
