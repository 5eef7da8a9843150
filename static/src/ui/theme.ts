/** Dark by default; the choice is remembered. The room of the scene stays dark in both. */

export type Theme = 'dark' | 'light';

const STORED = 'synaptarium.theme';

export function storedTheme(): Theme {
  try {
    return localStorage.getItem(STORED) === 'light' ? 'light' : 'dark';
  } catch {
    return 'dark';  // a frame in a page of another site may have no memory
  }
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Not remembered then.
  }
}
