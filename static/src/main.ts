/**
 * The page: the list of recordings at `/`, one recording at `/view/<id>`, the same inside another page at `/embed/<id>`,
 * and one recording in a file that carries what it needs.
 */

import './styles/tokens.css';
import './styles/base.css';
import './styles/home.css';
import './styles/shell.css';
import './styles/top_bar.css';
import './styles/side_panel.css';
import './styles/stage.css';
import './styles/transport.css';
import './styles/narrow.css';
import './styles/dock.css';
import './styles/panels.css';
import './styles/panel_kinds.css';
import './styles/module_forms.css';
import './styles/scene_menus.css';
import './styles/tour.css';
import './styles/embed.css';

import { Archive } from './net/archive';
import { answerFrom, ApiError } from './net/rest';
import { readLink } from './state/link/address_bar';
import { h } from './ui/dom';
import { showHome } from './ui/home';
import { icon } from './ui/icons';
import type { Hooks } from './ui/page_hooks';
import { applyTheme, storedTheme } from './ui/theme';
import { showViewer } from './ui/viewer';

declare global {
  interface Window {
    /** For browser tests and the console; not an interface that is kept. */
    synaptarium: Partial<Hooks> & { ready: Promise<void> };
  }
}

const root = document.getElementById('page') as HTMLElement;
const leave = new AbortController();
window.addEventListener('pagehide', (event) => {
  if (!event.persisted) leave.abort();
});
// A page that comes back from the back-forward cache has lost its socket and its worker's state: start afresh.
window.addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

applyTheme(storedTheme());
const archive = Archive.inside(document);
if (archive !== null) answerFrom(archive);
const here = archive === null ? new URL(location.href) : viewOf(archive);
const link = readLink(here);
if (link === null) {
  const toggleTheme = (): void => applyTheme(storedTheme() === 'dark' ? 'light' : 'dark');
  window.synaptarium = { ready: Promise.resolve(), state: () => ({ page: 'home' }) };
  showHome(root, leave.signal, toggleTheme);
} else {
  const opened = showViewer(root, link, leave.signal, { embedded: here.pathname.startsWith('/embed/'), archive });
  const ready = opened.then(async (hooks) => {
    Object.assign(window.synaptarium, hooks, { ready });
    await hooks.ready;
  });
  window.synaptarium = { ready };
  ready.catch((error: unknown) => showFailure(error));
}

/** The view that a file opens with, as an address: its fragment, or what it was saved with. */
function viewOf({ recording, index }: Archive): URL {
  return new URL(`/view/${encodeURIComponent(recording)}?${location.hash.slice(1) || index.view}`, 'file://');
}

/** A recording that cannot be opened: what was asked, what was found, what to do. */
function showFailure(error: unknown): void {
  const { message, hint, code } = error instanceof ApiError ? error : { message: (error as Error).message, hint: '', code: '' };
  root.replaceChildren(h(
    'main.waiting', { role: 'alert' },
    icon('warning', 24), h('p', message),
    h('p.hint', hint || (code === 'build_not_found' ? 'Precompute it on the list of recordings.' : '')),
    here.pathname.startsWith('/view/') && archive === null && h('a.button.primary', { href: '/' }, 'All recordings'),
  ));
}
