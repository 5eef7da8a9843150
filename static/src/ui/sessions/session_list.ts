/** The sessions: which there are, replay, rename, link, export, delete; bring one in from a file. */

import type { Me, SessionSummary } from '../../net/messages.gen';
import { ApiError } from '../../net/rest';
import { exportUrl, sessionRest } from '../../net/session_rest';
import { plural } from '../../state/format';
import { confirmDialog, openDialog } from '../dialog';
import { h, setText } from '../dom';
import { iconButton } from '../icons';
import { clock } from './session_bar';

export interface SessionListParts {
  readonly recording: string;
  readonly me: Me;
  replay(session: SessionSummary): void;
  copy(path: string): void;
  /** Buttons in the head of the dialog: record, share. */
  readonly actions: HTMLElement[];
}

export function openSessions(parts: SessionListParts): HTMLDialogElement {
  const list = h('ul.session-list');
  const say = h('p.session-say', { role: 'status' });
  const present = parts.me.may.includes('present');
  const fail = (error: unknown): void => {
    if (!(error instanceof ApiError)) throw error;
    say.dataset['tone'] = 'error';
    setText(say, `${error.message} ${error.hint}`.trim());
  };
  const fill = async (): Promise<void> => {
    try {
      const found = await sessionRest.all();
      const here = found.filter((session) => onRecording(session, parts.recording));
      const rest = found.filter((session) => !onRecording(session, parts.recording));
      list.replaceChildren();
      for (const [title, group] of [['', here], ['Of other recordings', rest]] as const) {
        if (group.length > 0 && title) list.append(h('li.session-group', h('h3', title)));
        for (const session of group) list.append(row(session));
      }
      if (found.length === 0) list.append(h('li.session-empty', h('p', 'No sessions yet.'), h('p.hint', present ? 'Record what you look at, point at and say: O begins, O ends.' : 'A presenter can record one.')));
    } catch (error) {
      fail(error);
    }
  };
  const row = (session: SessionSummary): HTMLElement => {
    const possible = session.fit === 'ready' || session.fit === 'rebuilt';
    const name = h('button.session-name', { type: 'button', disabled: !possible, title: possible ? `Replay ${session.name}` : (session.fit_note ?? '') }, session.name);
    name.addEventListener('click', () => {
      dialog.close();
      parts.replay(session);
    });
    const state = session.state === 'recording' ? (session.interrupted ? 'interrupted' : 'recording now') : '';
    const told = [state, session.fit_note].filter(Boolean).join('  ·  ');
    const facts = [
      clock(session.duration_ms ?? 0), session.author, when(session.created_us ?? 0),
      (session.notes?.length ?? 0) > 0 ? plural(session.notes?.length ?? 0, 'note') : '',
      onRecording(session, parts.recording) ? '' : session.recording.name, session.forked_from ? 'forked' : '', session.trim ? 'trimmed' : '',
    ].filter(Boolean).join('  ·  ');
    const rename = (): void => {
      const field = h('input.session-rename', { type: 'text', value: session.name, maxLength: 120, 'aria-label': 'Name of the session' });
      const done = (keep: boolean): void => {
        const wanted = field.value.trim();
        field.replaceWith(name);
        name.focus();
        if (keep && wanted && wanted !== session.name) sessionRest.change(session.id, { name: wanted }).then(fill, fail);
      };
      field.addEventListener('keydown', (event) => {
        if (event.key === 'Enter') done(true);
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          done(false);
        }
      });
      name.replaceWith(field);
      field.select();
    };
    return h(
      'li.session-row', { 'data-session': session.id, 'data-state': state ? 'recording' : session.fit ?? 'ready' },
      h('div.session-what', name, h('span.session-facts.numbers', facts), told ? h('span.session-fit', told) : null),
      h(
        'div.session-acts',
        possible ? iconButton('link', `Copy a link to ${session.name}`, '', () => parts.copy(`/view/${encodeURIComponent(session.replays_on ?? '')}?session=${encodeURIComponent(session.id)}`)) : null,
        present ? iconButton('rename', `Rename ${session.name}`, '', rename) : null,
        h('a.icon-button.button', { href: exportUrl(session.id), download: `${session.id}.session.jsonl`, title: `Export ${session.name} as a file`, 'aria-label': `Export ${session.name}` }, download()),
        present ? iconButton('trash', `Delete ${session.name}`, '', () => void remove(session)) : null,
      ),
    );
  };
  const remove = async (session: SessionSummary): Promise<void> => {
    if (!(await confirmDialog('Delete this session?', `"${session.name}" lasts ${clock(session.duration_ms ?? 0)}. It cannot be brought back; export it first to keep it.`, 'Delete'))) return;
    await sessionRest.remove(session.id).then(fill, fail);
  };
  const file = h('input', { type: 'file', accept: '.jsonl,.ndjson', hidden: true });
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    file.value = '';
    if (!chosen) return;
    delete say.dataset['tone'];
    setText(say, `Importing ${chosen.name}`);
    sessionRest.bringIn(chosen).then((session) => {
      setText(say, `Imported "${session.name}". ${session.fit_note ?? ''}`.trim());
      return fill();
    }, fail);
  });
  const head = h('div.session-head-line', ...parts.actions, h('div.spacer'), present ? h('button', { type: 'button', onclick: () => file.click() }, 'Import a file') : null, file);
  const dialog = openDialog('Sessions', h('div.sessions', head, say, list));
  dialog.classList.add('sessions-dialog');
  void fill();
  return dialog;
}

function onRecording(session: SessionSummary, recording: string): boolean {
  return session.replays_on === recording || session.recording.id === recording;
}

function when(us: number): string {
  return new Date(us / 1000).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
}

function download(): Node {
  return iconButton('download', 'Export', '', () => undefined).firstChild as Node;
}
