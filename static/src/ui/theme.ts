/** Dark by default; the choice is remembered. The room of the scene stays dark in both. */

export type Theme = 'dark' | 'light';

const STORED = 'synaptarium.theme';

export function storedTheme(): Theme {
  return localStorage.getItem(STORED) === 'light' ? 'light' : 'dark';
}

export function applyTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  localStorage.setItem(STORED, theme);
}
