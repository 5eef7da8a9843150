/**
 * Everything of shared sessions on the page of a recording: the button and its panel, the line over the scene that says
 * who presents, the others in the network, and what comes of keys and the pointer.
 */

import '../../styles/sharing.css';

import { fillSharePanel, PERSON_COLOURS } from './share_panel';
import { keepViewerName, viewerName } from './viewer_name';
import { copied } from '../clipboard';
import { h, setText } from '../dom';
import { Popover } from '../popover';
import type { Shortcut } from '../shortcuts';
import type { Toasts } from '../toasts';
import type { Me, NoteOp, Person } from '../../net/messages.gen';
import { ApiError } from '../../net/rest';
import { sessionRest } from '../../net/session_rest';
import type { LayerInfo, SceneHandle } from '../../state/frames';
import { kept, keptInTab } from '../../state/kept';
import type { PlaybackClock } from '../../state/playback';
import type { PresenceSource } from '../../state/session/presence';
import type { SharedSession } from '../../state/session/shared_session';
import type { View } from '../../state/view';

const COLOUR_KEY = 'synaptarium.colour';
const CURSOR_EVERY_MS = 80;
const PAINT_EVERY_MS = 1000;

export interface ShareDeskParts {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  readonly presence: PresenceSource;
  readonly toasts: Toasts;
  readonly sceneHost: HTMLElement;
  scene(): SceneHandle | null;
  modules(): readonly string[] | null;
  showModules(names: readonly string[]): void;
  /** Copies a link to this view, which needs nobody else. */
  copyView(): void;
  /** The address should be written anew. */
  moved(): void;
  /** Somebody else left a note. */
  noted(note: NoteOp): void;
}

export class ShareDesk {
  /** For the top bar. */
  readonly buttons: HTMLElement[];
  /** For the stage. */
  readonly overlays: HTMLElement[];
  session: SharedSession | null = null;
  me: Me = { role: 'viewer', may: ['look'] };
  name = viewerName();
  colour = kept.getItem(COLOUR_KEY) ?? PERSON_COLOURS[Math.floor(Math.random() * PERSON_COLOURS.length)][1];
  private readonly popover: Popover;
  private readonly line = h('div.share-line', { role: 'status', hidden: true });
  private readonly dots = h('span.share-dots', { 'aria-hidden': 'true' });
  private readonly words = h('button.share-words', { type: 'button', title: 'Who is here', onclick: () => this.popover.toggle() });
  private readonly act = h('button.share-act', { type: 'button' });
  private room = '';
  private seat: 'viewer' | 'presenter' = 'presenter';
  private cursor: { x: number; y: number } | null = null;
  private laser: [number, number, number] | null = null;
  private turned_ms = -Infinity;
  private pointed_ms = 0;
  private painted_ms = 0;
  private drawn = false;

  constructor(private readonly parts: ShareDeskParts, private readonly signal: AbortSignal) {
    this.popover = new Popover('people', 'Share', 'Share: look at this together', (panel) => fillSharePanel(panel, this), signal);
    this.popover.element.classList.add('share-anchor');
    this.buttons = [this.popover.element];
    this.line.append(this.dots, this.words, this.act);
    this.overlays = [this.line];
    const query = new URLSearchParams(location.search);
    this.room = query.get('shared') ?? '';
    this.seat = query.get('as') === 'viewer' ? 'viewer' : 'presenter';
    this.listen();
    sessionRest.me(signal).then((me) => { this.me = me; }).catch(() => undefined);
  }

  /** True where the address asks for a shared session: it decides what plays then. */
  start(): boolean {
    if (this.room === '') return false;
    void this.enter(false);
    return true;
  }

  get shortcuts(): Shortcut[] {
    return [{ keys: ['e'], label: 'Shared session: who is here', group: 'Session', run: () => this.popover.toggle() }];
  }

  /** The address with the session in it, so that a page that is loaded again is in it again. */
  link(address: string): string {
    return this.session === null ? address : `${address}${address.includes('?') ? '&' : '?'}shared=${this.room}&as=${this.seat}`;
  }

  /** The link that invites somebody to follow, or to lead as well. */
  invitation(seat: 'viewer' | 'presenter'): string {
    const token = this.session?.invitations[seat];
    const url = new URL(`/view/${encodeURIComponent(this.parts.recording)}`, location.href);
    url.search = new URLSearchParams({ shared: this.room, as: seat, ...(token ? { token } : {}) }).toString();
    return url.href;
  }

  // ------------------------------------------------------------------ what the panel does

  async begin(): Promise<void> {
    try {
      const { room } = await sessionRest.share(this.parts.recording);
      this.room = room;
      this.seat = 'presenter';
      await this.enter(true);
    } catch (error) {
      this.fail(error);
    }
  }

  leave(end: boolean): void {
    this.session?.leave(end);
  }

  called(name: string, colour: string): void {
    this.name = name.trim() || this.name;
    this.colour = colour;
    keepViewerName(this.name);
    kept.setItem(COLOUR_KEY, colour);
    this.session?.rename(this.name || 'Guest', colour);
  }

  copyView(): void {
    this.parts.copyView();
  }

  async copyInvitation(seat: 'viewer' | 'presenter'): Promise<void> {
    const url = this.invitation(seat);
    if (await copied(url)) {
      this.parts.toasts.show('share', seat === 'viewer' ? 'The link for people who follow is copied.' : 'The link for people who may present is copied.', { hint: 'It lets in until the session ends.' });
    } else {
      this.parts.toasts.show('share', 'The browser does not let the page copy.', { hint: url, stays: true });
    }
  }

  /** The one thing to do next about following, or nothing. */
  turnAround(): void {
    const { session } = this;
    if (session === null || session.presents) return;
    session.follow(session.follower.following === 'along' ? 'around' : 'along');
  }

  // ------------------------------------------------------------------ what sessions ask

  get live(): boolean {
    return this.session !== null && this.session.state !== 'over';
  }

  /** Leaves a note for all; false where that may not be. */
  note(text: string, position: [number, number, number] | null): boolean {
    if (this.session === null || !this.session.mayPresent) return false;
    this.session.note(text, position);
    return true;
  }

  pointed(place: [number, number, number] | null): void {
    this.laser = place;
  }

  notesNow(): NoteOp[] {
    return this.session?.notesNow ?? [];
  }

  lights(): { id: string; name: string; colour: string; place: readonly [number, number, number] }[] {
    return this.session?.lights() ?? [];
  }

  /** What browser tests and the console may see. */
  state(): Record<string, unknown> | null {
    const { session } = this;
    return session && {
      room: this.room, state: session.state, you: session.you, presenter: session.presenter, offered: session.offered, presents: session.presents,
      people: session.people, following: session.follower.following, seq: session.seq, gaps: session.gaps, shown: session.follower.state,
      now_ms: session.clock.now(), round_trip_ms: session.clock.roundTrip_ms, behind_us: session.follower.behind_us(),
      lag_ms: session.lagOf(session.you), avatars: session.avatars(), invitations: session.invitations,
    };
  }

  /** For tests. */
  cut(): void {
    this.session?.cut();
  }

  // ------------------------------------------------------------------ inside

  private async enter(begun: boolean): Promise<void> {
    const { parts } = this;
    this.session?.leave(false);
    // Who shares nothing loads nothing of it.
    const { SharedSession } = await import('../../state/session/shared_session');
    if (this.signal.aborted) return;
    const session: SharedSession = new SharedSession({
      recording: parts.recording, layers: parts.layers, view: parts.view, clock: parts.clock, presence: parts.presence,
      camera: () => parts.scene()?.pose() ?? null,
      place: (camera) => parts.scene()?.place(camera),
      modules: parts.modules, showModules: parts.showModules,
      changed: () => this.paint(),
      noted: parts.noted,
      came: (person) => this.say(person, 'came in'),
      went: (person) => this.say(person, 'left'),
      ended: (by) => parts.toasts.show('shared', by ? `${by} ended the shared session.` : 'The shared session is over.', { hint: 'What you see stays.' }),
      refused: ({ message, hint }) => parts.toasts.show('shared', message, { hint: hint ?? '', tone: 'error' }),
    }, { room: this.room, key: pageKey(), name: this.name || 'Guest', colour: this.colour, seat: this.seat }, begun, this.signal);
    this.session = session;
    this.paint();
    parts.moved();
    if (this.name === '') parts.toasts.show('shared-name', 'You are here as "Guest".', { hint: 'Say who you are: Share (E).' });
  }

  private say(person: Person, what: string): void {
    this.parts.toasts.show(`person-${person.id}`, `${person.name} ${what}.`);
  }

  private listen(): void {
    const { sceneHost } = this.parts;
    const { signal } = this;
    const own = (): void => this.session?.follower.lookAround();
    sceneHost.addEventListener('pointerdown', own, { signal, capture: true });
    sceneHost.addEventListener('wheel', own, { signal, capture: true, passive: true });
    sceneHost.addEventListener('pointermove', (event) => {
      const box = sceneHost.getBoundingClientRect();
      this.cursor = { x: event.clientX - box.left, y: event.clientY - box.top };
    }, { signal });
    sceneHost.addEventListener('pointerleave', () => { this.cursor = null; }, { signal });
    const turn = (now: number): void => {
      if (signal.aborted) return;
      this.turn(now);
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  /** Once a frame, whoever's loop it is: the page's, or the headset's while that stands still. */
  turn(now: number): void {
    if (now <= this.turned_ms) return;
    this.turned_ms = now;
    const { session, parts } = this;
    const scene = parts.scene();
    if (session === null || session.state === 'over') {
      if (this.drawn) scene?.setAvatars?.([]);
      this.drawn = false;
      return;
    }
    if (now - this.pointed_ms >= CURSOR_EVERY_MS) {
      this.pointed_ms = now;
      const cursor = this.cursor && scene?.planeAt(this.cursor.x, this.cursor.y);
      session.point(this.laser ?? cursor ?? null, this.laser !== null);
      scene?.setAvatars?.(session.avatars());
      this.drawn = true;
    }
    session.turn(now);
    if (now - this.painted_ms >= PAINT_EVERY_MS) this.paint();
  }

  private paint(): void {
    this.painted_ms = performance.now();
    const { session } = this;
    if (session !== null && session.state === 'over') {
      this.session = null;
      this.room = '';
      this.parts.moved();
    }
    this.line.hidden = this.session === null;
    this.popover.value = this.session === null ? '' : String(this.session.people.filter(({ away }) => !away).length || '');
    // Who is typing a name is not interrupted.
    if (!(document.activeElement instanceof HTMLInputElement)) this.popover.refill();
    if (this.session !== null) this.paintLine(this.session);
  }

  private paintLine(session: SharedSession): void {
    const colours = session.people.map(({ colour }) => colour).join();
    if (this.dots.dataset['colours'] !== colours) {
      this.dots.dataset['colours'] = colours;
      this.dots.replaceChildren(...session.people.slice(0, 6).map(({ colour }) => h('i', { style: `--person: ${colour}` })));
    }
    const { presentsNow: presenter } = session;
    const told = session.state === 'joining' ? 'Coming in' : session.state === 'lost' ? 'Connection lost, trying again'
      : session.presents ? 'You present' : presenter === undefined ? 'Nobody presents' : presenter.away ? `${presenter.name} is away` : `${presenter.name} presents`;
    setText(this.words, told);
    this.line.dataset['state'] = session.state;
    const [label, title, run] = nextStep(session);
    this.act.hidden = label === '';
    setText(this.act, label);
    this.act.title = title;
    this.act.onclick = run;
  }

  private fail(error: unknown): void {
    if (!(error instanceof ApiError)) throw error;
    this.parts.toasts.show('shared', error.message, { hint: error.hint, tone: 'error' });
  }
}

/** The one click that is likeliest to be wanted now: its label, what it does, and how. */
function nextStep(session: SharedSession): [string, string, () => void] {
  const { presentsNow: presenter, me } = session;
  const asking = session.people.find(({ asks, id }) => asks && id !== session.you);
  if (session.state !== 'live') return ['', '', () => undefined];
  if (session.presents) {
    return asking ? [`Hand over to ${asking.name}`, `${asking.name} asks to present`, () => session.offer(asking.id)] : ['', '', () => undefined];
  }
  if (session.mayPresent && (presenter === undefined || presenter.away || session.offered === session.you)) {
    return ['Present', session.offered === session.you ? `${presenter?.name ?? ''} hands over to you` : 'Lead the others', () => session.askToPresent(true)];
  }
  if (me?.asks) return ['Take my question back', 'You asked to present', () => session.askToPresent(false)];
  if (session.follower.following !== 'along') {
    const apart = session.follower.following === 'apart';
    return ['Follow', apart ? 'Playhead, view and camera go along again (V)' : 'The camera goes along again (V)', () => session.follow('along')];
  }
  return ['Look around', 'Your own camera; playhead and selection go on with the others (V)', () => session.follow('around')];
}

/** Who this page is: the same after it is loaded again, another in another window. */
function pageKey(): string {
  const known = keptInTab.getItem('synaptarium.page');
  if (known) return known;
  const made = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  keptInTab.setItem('synaptarium.page', made);
  return made;
}
