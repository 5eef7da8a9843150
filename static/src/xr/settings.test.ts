import { afterEach, expect, test, vi } from 'vitest';
import { loadSettings, saveSettings } from './settings';

afterEach(() => vi.unstubAllGlobals());

test('settings hold while the page is open where the browser keeps nothing', () => {
  const refused = new Proxy({}, { get: () => { throw new DOMException('refused', 'SecurityError'); } });
  vi.stubGlobal('window', { get localStorage() { return refused; } });
  vi.stubGlobal('matchMedia', () => ({ matches: true }));

  saveSettings({ ...loadSettings(), hand: 'left' });

  expect(loadSettings()).toMatchObject({ hand: 'left', still: true, governed: true });
});
