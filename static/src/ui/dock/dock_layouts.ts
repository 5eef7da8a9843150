/** Arrangements of the dock under names: which modules, where, with which parameters and window. Kept in the browser, sent as links. */

import type { SerializedDockview } from 'dockview-core/dist/dockview-core.js';

import type { Params } from './params_form';
import { copied } from '../clipboard';
import { h } from '../dom';
import { iconButton } from '../icons';
import type { ModuleInfo } from '../../net/messages.gen';
import type { Span } from '../../panels/panel';
import { kept } from '../../state/kept';
import { decoded } from '../../state/link/neuron_ranges';

const STORED = 'synaptarium.dock.layouts';
const HASH = '#dock=';
const MODULES_HASH = '#modules=';
/** More tabs than these do not fit side by side; the list of modules has the others. */
const FIRST_TABS = 5;
/** Where the dock keeps what was open last. */
export const DOCK_STORED = 'synaptarium.dock';

/** Everything that makes the panels of a recording the same again. */
export interface DockLayout {
  readonly dock: SerializedDockview;
  /** Of each module the parameters that differ from their defaults. */
  readonly params: Readonly<Record<string, Params>>;
  /** Length of the window that follows the playhead; 0 = the whole run. */
  readonly window_s: number;
  /** The window that the user drew. */
  readonly drawn: Span | null;
}

interface Named extends DockLayout {
  readonly name: string;
}

export interface LayoutsParts {
  current(): DockLayout;
  apply(layout: DockLayout): void;
}

/** The list in the dock's bar. */
export function dockLayouts(parts: LayoutsParts): HTMLElement {
  const body = h('div.module-list.dock-layouts');
  const list = h('details.module-picker', h('summary', { title: 'Arrangements of the panels, kept under names' }, 'layouts'), body);
  let forgotten: Named | null = null;
  const keep = (layouts: readonly Named[]): void => {
    kept.setItem(STORED, JSON.stringify(layouts));
    paint();
  };
  const save = (): void => {
    const name = field.value.trim();
    if (name === '') {
      field.focus();
      return;
    }
    keep([...stored().filter((other) => other.name !== name), { name, ...parts.current() }]);
    field.value = '';
  };
  const field = h('input', { type: 'text', placeholder: 'Name of this layout', 'aria-label': 'Name of this layout', maxLength: 60, onkeydown: (event: KeyboardEvent) => event.key === 'Enter' && save() });
  const told = h('span.muted', { role: 'status' });
  const copy = async (): Promise<void> => {
    const link = `${location.origin}${location.pathname}${location.search}${HASH}${packed(parts.current())}`;
    told.textContent = (await copied(link)) ? 'Copied' : 'The browser keeps the clipboard closed';
  };
  const paint = (): void => {
    const layouts = stored();
    body.replaceChildren(
      ...layouts.map((layout) => h(
        'div.module-row',
        h('button', { type: 'button', title: `Arrange the panels as in ${layout.name}`, onclick: () => {
          parts.apply(layout);
          list.open = false;
        } }, layout.name),
        iconButton('close', `Forget the layout ${layout.name}`, '', () => {
          forgotten = layout;
          keep(stored().filter((other) => other.name !== layout.name));
        }),
      )),
      ...(layouts.length === 0 && forgotten === null ? [h('p.muted', 'No layout is kept yet.')] : []),
      ...(forgotten === null ? [] : [h('div.module-row', h('span.muted', `Forgot ${forgotten.name}.`), h('button', { type: 'button', onclick: () => {
        const back = forgotten as Named;
        forgotten = null;
        keep([...stored(), back]);
      } }, 'Undo'))]),
      h('div.module-row', field, h('button', { type: 'button', title: 'Keep this arrangement, its parameters and its window in this browser', onclick: save }, 'Save')),
      h('div.module-row', h('button', { type: 'button', title: 'A link that opens this recording with these panels', onclick: () => void copy() }, 'Copy a link with this layout'), told),
    );
  };
  list.addEventListener('toggle', () => {
    if (!list.open) return;
    forgotten = null;
    told.textContent = '';
    paint();
  });
  list.addEventListener('focusout', (event) => {
    if (event.relatedTarget !== null && !list.contains(event.relatedTarget as Node)) list.open = false;
  });
  return list;
}

/** The layout that the address carries; null where it carries none, or one that cannot be read. */
export function linkedLayout(): DockLayout | null {
  if (!location.hash.startsWith(HASH)) return null;
  try {
    return unpacked(location.hash.slice(HASH.length));
  } catch {
    return null;
  }
}

/** Names of the modules that the address asks for; null where it says nothing. */
export function linkedModules(): string[] | null {
  if (!location.hash.startsWith(MODULES_HASH)) return null;
  return location.hash.slice(MODULES_HASH.length).split(',').map(decoded).filter(Boolean);
}

/** What the address asks for and is no module, in words. */
export function moduleFaults(modules: readonly ModuleInfo[]): string[] {
  const lost = (linkedModules() ?? []).filter((name) => !modules.some((module) => module.name === name));
  return lost.length > 0 ? [`modules "${lost.join(', ')}": not installed here`] : [];
}

/** The end of a link that opens these modules. */
export function modulesHash(names: readonly string[]): string {
  return MODULES_HASH + names.map(encodeURIComponent).join(',');
}

/** The modules that were open last in this browser, the first few where none were. */
export function firstModules(modules: readonly ModuleInfo[]): string[] {
  const names = modules.map(({ name }) => name);
  const left = leftOpen(names);
  return left === null ? names.slice(0, FIRST_TABS) : names.filter((name) => name in left.panels);
}

/** The arrangement that was left in this browser; null where there is none, or one with modules that are gone. */
export function leftOpen(names: readonly string[]): SerializedDockview | null {
  try {
    const found = JSON.parse(kept.getItem(DOCK_STORED) ?? 'null') as SerializedDockview | null;
    return found?.panels && Object.keys(found.panels).every((name) => names.includes(name)) ? found : null;
  } catch {
    return null;
  }
}

export function packed(layout: DockLayout): string {
  const bytes = new TextEncoder().encode(JSON.stringify({ dock: layout.dock, params: layout.params, window_s: layout.window_s, drawn: layout.drawn }));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function unpacked(text: string): DockLayout {
  const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as DockLayout;
}

function stored(): Named[] {
  try {
    const found: unknown = JSON.parse(kept.getItem(STORED) ?? '[]');
    return Array.isArray(found) ? (found as Named[]).filter((layout) => typeof layout?.name === 'string' && layout.dock) : [];
  } catch {
    return [];
  }
}
