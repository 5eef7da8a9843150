/** Dark by default; the choice is remembered. The room of the scene stays dark in both. */

import { kept } from '../state/kept';

export type Theme = 'dark' | 'light';

const STORED = 'synaptarium.theme';

export function storedTheme(): Theme {
  try {
    return kept.getItem(STORED) === 'light' ? 'light' : 'dark';
  } catch {
    return 'dark';  // a frame in a page of another site may have no memory
  }
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  try {
    kept.setItem(STORED, theme);
  } catch {
    // Not remembered then.
  }
}
