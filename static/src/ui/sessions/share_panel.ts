/** The panel of the share button: begin, invite, who is here, hand over, follow, who one is, leave. */

import type { ShareDesk } from './share_desk';
import { h } from '../dom';
import { icon } from '../icons';
import type { Person } from '../../net/messages.gen';
import type { SharedSession } from '../../state/session/shared_session';

/** Told apart by everybody, and none of them a spike's colour. */
export const PERSON_COLOURS: readonly (readonly [string, string])[] = [
  ['Green', '#3ddc84'], ['Coral', '#ff7f6b'], ['Violet', '#b694ff'], ['Yellow', '#ffd54a'], ['Turquoise', '#4dd6e0'], ['Pink', '#ff8fd0'],
  ['Blue', '#6cb2ff'], ['White', '#e6e9f0'],
];

const FOLLOWING = { along: 'follows', around: 'looks around', apart: 'apart' } as const;

export function fillSharePanel(panel: HTMLElement, desk: ShareDesk): void {
  const { session } = desk;
  panel.replaceChildren(...(session === null ? beginning(desk) : going(desk, session)));
}

function beginning(desk: ShareDesk): Node[] {
  const may = desk.me.may.includes('present');
  return [
    h('h3', 'Look at this together'),
    h('p.hint', 'One presents, the others follow or look around; everybody sees where the others are and point.'),
    who(desk),
    h(
      'div.popover-foot',
      h('button', { type: 'button', title: 'Needs nobody else: opens this moment with this view', onclick: () => desk.copyView() }, 'Copy link to this view'),
      h('button.primary', { type: 'button', disabled: !may, title: may ? 'Opens a session and gives you links for the others' : `Your role, ${desk.me.role}, may follow shared sessions, not begin one`, onclick: () => void desk.begin() }, 'Begin'),
    ),
  ];
}

function going(desk: ShareDesk, session: SharedSession): Node[] {
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  return [
    ...(session.mayPresent ? [
      h('h3', 'Invite'),
      h(
        'div.share-invite',
        h('button', { type: 'button', title: 'Whoever opens it may follow and look around', onclick: () => void desk.copyInvitation('viewer') }, icon('link', 14), 'Link to follow'),
        h('button', { type: 'button', title: 'Whoever opens it may present as well', onclick: () => void desk.copyInvitation('presenter') }, icon('link', 14), 'Link to present'),
      ),
      local ? h('p.hint', 'This server is reached from this machine only. For others start it with --host 0.0.0.0.') : null,
    ] : []),
    h('h3', `People (${session.people.length})`),
    h('ul.share-people', { 'aria-label': 'People' }, ...session.people.map((person) => row(session, person))),
    ...(session.presents ? [] : [
      h('h3', 'How you follow'),
      h('div.share-follow', { role: 'radiogroup', 'aria-label': 'How you follow' }, ...([
        ['along', 'Follow', 'Playhead, selection and camera go along'],
        ['around', 'Look around', 'A camera of your own; playhead and selection go along'],
        ['apart', 'Apart', 'A playhead of your own as well'],
      ] as const).map(([value, title, hint]) => h(
        'label', { title: hint },
        h('input', { type: 'radio', name: 'share-follow', value, 'aria-label': title, checked: session.follower.following === value, onchange: () => session.follow(value) }), h('span', title),
      ))),
    ]),
    h('h3', 'You'),
    who(desk),
    h(
      'div.popover-foot',
      session.mayPresent && !session.presents && session.presentsNow && !session.presentsNow.away && session.offered !== session.you
        ? h('button', { type: 'button', title: 'The presenter sees it and hands over with one click', onclick: () => session.askToPresent(!session.me?.asks) }, session.me?.asks ? 'Take my question back' : 'Ask to present') : null,
      h('div.spacer'),
      session.presents ? h('button.danger', { type: 'button', title: 'Closes the session for everybody', onclick: () => desk.leave(true) }, 'End for all') : null,
      h('button', { type: 'button', onclick: () => desk.leave(false) }, 'Leave'),
    ),
  ].filter((node): node is HTMLElement => node !== null);
}

function row(session: SharedSession, person: Person): HTMLElement {
  const own = person.id === session.you;
  const presenting = person.id === session.presenter;
  const lag = session.lagOf(person.id);
  const state = person.away ? 'away' : presenting ? 'presents' : person.asks ? 'asks to present' : FOLLOWING[person.following ?? 'along'];
  const facts = [state, person.seat === 'viewer' ? 'may follow' : '', !presenting && !person.away && lag !== null ? `${Math.round(lag)} ms` : ''].filter(Boolean).join(' · ');
  const offered = session.offered === person.id;
  const give = session.presents && !own ? h('button.quiet', {
    type: 'button', disabled: person.seat === 'viewer' || person.away,
    title: person.seat === 'viewer' ? `${person.name} came by a link to follow: send a link to present first` : offered ? 'Take the offer back' : `${person.name} takes over with one click`,
    'aria-label': offered ? `Take the offer to ${person.name} back` : `Hand over to ${person.name}`,
    onclick: () => session.offer(offered ? '' : person.id),
  }, offered ? 'Offered' : 'Hand over') : null;
  return h(
    'li', { 'data-person': person.id, 'data-away': person.away ? 'true' : null },
    h('i.share-dot', { style: `--person: ${person.colour}` }),
    h('span.share-name', person.name, own ? h('span.muted', ' you') : null),
    h('span.share-facts.muted.numbers', facts),
    give,
  );
}

/** Name and colour. */
function who(desk: ShareDesk): HTMLElement {
  const name = h('input', {
    type: 'text', value: desk.name, maxLength: 40, placeholder: 'your name', 'aria-label': 'Your name', autocomplete: 'off',
    onchange: () => desk.called(name.value, desk.colour),
  });
  name.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Enter') name.blur();
  });
  return h(
    'div.share-who', name,
    h('div.share-colours', { role: 'radiogroup', 'aria-label': 'Your colour' }, ...PERSON_COLOURS.map(([label, value]) => h(
      'label', { title: label, style: `--person: ${value}` },
      h('input', { type: 'radio', name: 'share-colour', value, 'aria-label': label, checked: desk.colour === value, onchange: () => desk.called(name.value, value) }), h('i'),
    ))),
  );
}
