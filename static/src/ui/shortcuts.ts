/** Keys: what one is, listening for them, and the help that lists them; page_keys.ts has the viewer's. */

import { openDialog } from './dialog';
import { h } from './dom';
import { icon } from './icons';

export interface Shortcut {
  readonly keys: readonly string[];
  /** What the help says in their place, where there are many. */
  readonly shown?: string;
  readonly label: string;
  readonly group: 'Time' | 'View' | 'Selection' | 'Session' | 'Page';
  run(event: KeyboardEvent): void;
}

/** Listens on the window; a key typed into a field or an open dialog belongs to that. */
export function listenForKeys(shortcuts: readonly Shortcut[], signal: AbortSignal): void {
  // A button that was clicked keeps no focus: Space would press it again instead of playing.
  window.addEventListener('click', (event) => {
    const button = (event.target as HTMLElement | null)?.closest('button');
    if (event.detail > 0 && button && !button.closest('dialog')) button.blur();
  }, { signal });
  const byKey = new Map<string, Shortcut>();
  for (const shortcut of shortcuts) {
    for (const key of shortcut.keys) {
      const other = byKey.get(key);
      // The page goes on; tests see the error.
      if (other !== undefined) reportError(new Error(`The key ${key} is given twice: to "${other.label}" and to "${shortcut.label}".`));
      else byKey.set(key, shortcut);
    }
  }
  window.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const target = event.target as HTMLElement | null;
    if (target?.closest('input, textarea, select, dialog, [contenteditable=true]')) return;
    const shortcut = byKey.get(nameOf(event));
    if (shortcut === undefined) return;
    // Space and Enter on a button that the keyboard reached are that button's own.
    if (target?.closest('button, a') && (event.key === ' ' || event.key === 'Enter')) return;
    if (target?.closest('[role=tab], [role=listbox], [role=menu]') && event.key.startsWith('Arrow')) return;
    event.preventDefault();
    shortcut.run(event);
  }, { signal });
}

/** @param extra what the mouse does; @param tour starts the tour */
export function showShortcuts(shortcuts: readonly Shortcut[], extra: readonly [string, string][], tour: () => void): void {
  const groups = ['Time', 'View', 'Selection', 'Session', 'Page'] as const;
  const body = h('div.shortcuts');
  for (const group of groups) {
    const rows = shortcuts.filter((shortcut) => shortcut.group === group)
      .map((shortcut) => row(shortcut.shown === undefined ? shortcut.keys.map(show) : [shortcut.shown], shortcut.label));
    body.append(h('section', h('h3', group), ...rows));
  }
  body.append(h('section', h('h3', 'Mouse'), ...extra.map(([keys, label]) => row([keys], label))));
  const again = h('button', { type: 'button', title: 'Five steps through the page', onclick: () => {
    dialog.close();
    tour();
  } }, icon('tour'), 'Take the tour');
  const dialog = openDialog('Keys', body, [again]);
}

function row(keys: readonly string[], label: string): HTMLElement {
  return h('p.shortcut', h('span.keys', ...keys.map((key) => h('kbd', key))), h('span', label));
}

function nameOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const control = event.ctrlKey || event.metaKey;
  const shift = event.shiftKey && (control || event.key.length > 1);
  return `${control ? 'Control+' : ''}${shift ? 'Shift+' : ''}${key}`;
}

function show(key: string): string {
  const names: Record<string, string> = {
    ' ': 'Space', Escape: 'Esc', Control: 'Ctrl', ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓',
  };
  // "+" itself is a key, and joins them.
  const parts = key.length === 1 ? [key] : key.split('+');
  return parts.map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part)).join(' ');
}
