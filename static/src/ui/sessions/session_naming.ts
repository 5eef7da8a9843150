/** After a recording: what the session is called, who recorded it, and what to do with it. */

import type { Session, SessionSummary } from '../../net/messages.gen';
import { sessionRest } from '../../net/session_rest';
import { openDialog } from '../dialog';
import { h } from '../dom';
import { clock as clockText } from './session_bar';
import { keepViewerName, viewerName } from './viewer_name';

export interface NamingParts {
  kept(session: SessionSummary): void;
  replay(session: SessionSummary): void;
  failed(error: unknown): void;
}

/** Asks, in a dialog. */
export function openNaming(session: Session, { kept, replay, failed }: NamingParts): void {
  const name = h('input', { type: 'text', value: session.name, maxLength: 120, 'aria-label': 'Name' });
  const author = h('input', { type: 'text', value: viewerName(), maxLength: 80, placeholder: 'your name', 'aria-label': 'By' });
  const keep = async (): Promise<SessionSummary> => {
    keepViewerName(author.value.trim());
    return await sessionRest.change(session.id, { name: name.value.trim() || session.name, author: author.value.trim() });
  };
  const done = (then: (found: SessionSummary) => void): void => {
    keep().then((found) => {
      dialog.close();
      then(found);
    }, failed);
  };
  const throwAway = h('button.quiet', { type: 'button', onclick: () => {
    sessionRest.remove(session.id).then(() => dialog.close(), failed);
  } }, 'Throw away');
  const again = h('button', { type: 'button', onclick: () => done(replay) }, 'Replay');
  const save = h('button.primary', { type: 'button', onclick: () => done(kept) }, 'Keep');
  const form = h(
    'form.session-form', { onsubmit: (event: Event) => { event.preventDefault(); save.click(); } },
    h('p.muted', `${clockText(session.duration_ms ?? 0)}, ${(session.n_operations ?? 0).toLocaleString('en-US')} operations`),
    h('label', h('span', 'Name'), name), h('label', h('span', 'By'), author), h('button', { type: 'submit', hidden: true }),
  );
  const dialog = openDialog('Session recorded', form, [throwAway, h('div.spacer'), again, save]);
  name.select();
}
