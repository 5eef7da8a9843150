/** Where the browser keeps nothing, the page does, and nothing throws. */

import { describe, expect, it } from 'vitest';

import { keep } from './kept';

describe('what is kept', () => {
  it('stays in the page where the browser refuses', () => {
    const refused = keep(() => { throw new DOMException('Access is denied for this document.', 'SecurityError'); });
    expect(refused.getItem('theme')).toBeNull();
    refused.setItem('theme', 'light');
    expect(refused.getItem('theme')).toBe('light');
    refused.removeItem('theme');
    expect(refused.getItem('theme')).toBeNull();
  });

  it('goes to the browser where it may, also after there was no room', () => {
    const stored = new Map<string, string>();
    let full = true;
    const storage = keep(() => ({
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => { if (full) throw new DOMException('', 'QuotaExceededError'); stored.set(key, value); },
      removeItem: (key) => { stored.delete(key); },
    }));
    storage.setItem('layout', 'a');
    expect([storage.getItem('layout'), stored.size]).toEqual(['a', 0]);
    full = false;
    storage.setItem('layout', 'b');
    expect([storage.getItem('layout'), stored.get('layout')]).toEqual(['b', 'b']);
  });
});
