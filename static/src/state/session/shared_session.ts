/**
 * A shared session as this page is in it: who is there, who presents, what the presenter shows.
 *
 * Who presents records, as into a session, and what is recorded goes to the others at once; who follows is led by it.
 * A lost connection heals: the socket connects again, the server knows the page by its key, and its welcome holds all.
 */

import type {
  Acted, ErrorBody, Join, NoteOp, People, Person, Presence as Told, Session, SessionSummary, Welcome,
} from '../../net/messages.gen';
import { type Avatar, avatarOf, told } from './avatar';
import { type Following, LiveFollower } from './live_follower';
import type { PresenceSource } from './presence';
import { RoomClock } from './room_clock';
import { noteId, SessionRecorder } from './session_recorder';
import { type Operation, notesAt } from './session_state';
import type { LayerInfo, Vector } from '../frames';
import type { PlaybackClock } from '../playback';
import type { Camera, View } from '../view';
import { ApiError } from '../../net/rest';
import { SharedLane } from '../../net/shared_lane';

/** The presenter's camera is looked at so often; everything goes out as it comes. */
const SAMPLE_MS = 50;
const MOVE_EVERY_MS = 100;
const RETIME_MS = 10_000;
/** A server that was started anew knows the session again as soon as its presenter is back: so often one asks for it. */
const RETRIES = 30;
const RETRY_MS = 2000;

export interface SharedParts {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  readonly presence: PresenceSource;
  camera(): Camera | null;
  place(camera: Camera): void;
  modules(): readonly string[] | null;
  showModules(names: readonly string[]): void;
  changed(): void;
  /** Somebody else left a note. */
  noted(note: NoteOp): void;
  came(person: Person): void;
  went(person: Person): void;
  ended(by: string): void;
  refused(body: ErrorBody): void;
}

export class SharedSession {
  /** "joining" until the first welcome; "lost" while the connection is away; "over" for good. */
  state: 'joining' | 'live' | 'lost' | 'over' = 'joining';
  people: readonly Person[] = [];
  presenter = '';
  offered = '';
  you = '';
  invitations: Readonly<Record<string, string>> = {};
  /** Operations that came, in order; a gap would be a message that was lost. */
  seq = 0;
  gaps = 0;
  readonly clock = new RoomClock();
  readonly follower: LiveFollower;
  readonly recorder: SessionRecorder;
  private notes: NoteOp[] = [];
  private readonly lane: SharedLane;
  private readonly told = new Map<string, Told>();
  private readonly leaving = new AbortController();
  private points: { place: Vector; lit: boolean } | null = null;
  private lag_ms = 0;
  private moved_ms = 0;
  private movedText = '';
  private retimed_ms = 0;
  private retries = 0;

  constructor(private readonly parts: SharedParts, private readonly join: Omit<Join, 'recording'>, private readonly begun: boolean, signal: AbortSignal) {
    signal.addEventListener('abort', () => this.close(), { once: true });
    const { layers, view, clock } = parts;
    this.follower = new LiveFollower({
      layers, view, clock, now_ms: () => this.clock.now(),
      camera: () => (parts.presence.headset === null ? parts.camera() : null),
      place: parts.place, showModules: parts.showModules,
      changed: () => {
        this.lane.follow(this.follower.following);
        parts.changed();
      },
    }, this.leaving.signal);
    const nowhere = (): Promise<never> => Promise.reject(new ApiError('unreachable', '', '', 0));
    this.recorder = new SessionRecorder({
      recording: parts.recording, layers, view, clock, pose: parts.camera, modules: parts.modules,
      told: () => undefined, changed: () => undefined,
      pace: { sample_ms: SAMPLE_MS, send_ms: 0 },
      log: {
        begin: nowhere, change: nowhere, note: nowhere as () => Promise<SessionSummary>,
        append: (_, { operations }) => this.send(operations ?? []),
      },
    }, this.leaving.signal);
    // A server that does not know the session opens it again for who presented, and for nobody else.
    this.lane = new SharedLane(() => ({ ...this.join, recording: (this.you === '' ? this.begun : this.presents) ? parts.recording : '' }), {
      welcome: (message) => this.welcome(message),
      people: (message) => this.meet(message),
      acted: (message) => this.acted(message),
      moved: ({ people }) => {
        for (const [id, presence] of Object.entries(people)) this.told.set(id, presence);
      },
      time: (asked_ms, answered_ms, server_ms) => {
        const first = !this.clock.known;
        this.clock.learn(asked_ms, answered_ms, server_ms);
        if (first) this.takeSides();
      },
      ended: ({ by }) => this.over(() => parts.ended(by ?? '')),
      error: (body) => {
        if (body.code === 'shared_session_not_found' && this.you !== '' && this.retries < RETRIES) this.comeBack();
        else if (body.code === 'shared_session_not_found' || this.state === 'joining') this.over(() => parts.refused(body));
        else parts.refused(body);
      },
      connection: (connected) => this.connection(connected),
    });
  }

  get presents(): boolean {
    return this.you !== '' && this.presenter === this.you;
  }

  get me(): Person | undefined {
    return this.people.find(({ id }) => id === this.you);
  }

  get presentsNow(): Person | undefined {
    return this.people.find(({ id }) => id === this.presenter);
  }

  /** True where this person may be given the lead. */
  get mayPresent(): boolean {
    return this.join.seat === 'presenter';
  }

  get notesNow(): NoteOp[] {
    return notesAt(this.notes, this.clock.now());
  }

  /** Milliseconds that somebody is behind, as they say themselves; null where nothing was heard of it. */
  lagOf(id: string): number | null {
    return id === this.you ? Math.round(this.lag_ms) : (this.told.get(id)?.lag_ms ?? null);
  }

  // ------------------------------------------------------------------ what one does

  rename(name: string, colour: string): void {
    this.join.name = name;
    this.join.colour = colour;
    this.lane.rename({ name, colour });
  }

  follow(following: Following): void {
    if (!this.presents) this.follower.follow(following);
  }

  askToPresent(wanted: boolean): void {
    this.lane.askToPresent(wanted);
  }

  offer(to: string): void {
    this.lane.offer({ to });
  }

  /** Points at a place, or at nothing; `lit` is the laser. */
  point(place: Vector | null, lit: boolean): void {
    this.points = place && { place, lit };
  }

  note(text: string, position: [number, number, number] | null): void {
    const note: NoteOp = { op: 'note', at_ms: Math.round(this.clock.now()), id: noteId(), text, position, author: this.me?.name ?? '' };
    this.lane.act({ operations: [note] });
  }

  leave(end: boolean): void {
    this.lane.leave(end);
    this.over(() => undefined);
  }

  /** For tests: the connection breaks, as a network does. */
  cut(): void {
    this.lane.cut();
  }

  /** One turn of the page's loop. */
  turn(now_ms: number): void {
    if (this.state === 'over') return;
    this.follower.turn(now_ms);
    if (now_ms - this.moved_ms >= MOVE_EVERY_MS) {
      this.moved_ms = now_ms;
      this.move();
    }
    if (now_ms - this.retimed_ms >= RETIME_MS && this.clock.known) {
      this.retimed_ms = now_ms;
      this.recorder.retime(this.clock.now());
    }
  }

  /** The others, as the scene draws them. */
  avatars(): Avatar[] {
    const lead = this.told.get(this.presenter);
    const riding = !this.presents && this.follower.following === 'along' && this.parts.presence.headset === null;
    const mine = this.parts.presence.now()?.head ?? null;
    return this.people.flatMap((person) => {
      const told = this.told.get(person.id);
      if (told === undefined || person.id === this.you || person.away) return [];
      const presenting = person.id === this.presenter;
      const rides = !presenting && person.following === 'along' && !told.headset;
      const eye = rides ? (this.presents ? mine : (lead?.head ?? null)) : null;
      return [avatarOf(person.id, person.name, person.colour, told, !rides && !(presenting && riding), eye)];
    });
  }

  /** Lasers of the others. */
  lights(): { id: string; name: string; colour: string; place: Vector }[] {
    return this.avatars().flatMap(({ id, name, colour, rays }) => rays.filter(({ lit }) => lit).map(({ end }) => ({ id, name, colour, place: end })));
  }

  // ------------------------------------------------------------------ what comes

  private welcome(message: Welcome): void {
    this.you = message.you;
    this.invitations = message.invitations;
    this.notes = [...message.notes];
    this.seq = message.seq;
    this.retries = 0;
    this.clock.forget();
    this.told.clear();
    this.movedText = '';
    this.follower.state = message.state;
    this.recorder.abandon();
    this.state = 'live';
    this.lane.follow(this.follower.following);
  }

  private meet({ people, presenter, offered }: People): void {
    const before = new Map(this.people.map((person) => [person.id, person]));
    const known = this.people.length > 0;
    const changed = presenter !== this.presenter;
    this.people = people;
    this.presenter = presenter;
    this.offered = offered ?? '';
    for (const person of people) {
      const then = before.get(person.id);
      if (known && person.id !== this.you && (then === undefined || (then.away && !person.away))) this.parts.came(person);
      before.delete(person.id);
    }
    for (const person of before.values()) {
      this.told.delete(person.id);
      this.parts.went(person);
    }
    if (changed) this.takeSides();
    this.parts.changed();
  }

  private acted({ seq, by, operations }: Acted): void {
    if (this.state !== 'live') return;
    if (seq !== this.seq) this.gaps += 1;
    this.seq = seq + operations.length;
    for (const op of operations) {
      if (op.op === 'note') {
        this.notes = [...this.notes.filter(({ id }) => id !== op.id), op];
        if (by !== this.you) this.parts.noted(op);
      } else if (op.op === 'unnote') this.notes = this.notes.filter(({ id }) => id !== op.id);
      else this.follower.take(op as Operation);
    }
    const last = operations.at(-1);
    if (last && this.clock.known) this.lag_ms += 0.2 * (Math.max(0, this.clock.now() - last.at_ms) - this.lag_ms);
  }

  private connection(connected: boolean): void {
    if (this.state === 'over') return;
    if (!connected && this.state === 'live') {
      this.state = 'lost';
      this.recorder.abandon();
    }
    this.parts.changed();
  }

  /** Presents, or follows; as soon as the session's clock is known. */
  private takeSides(): void {
    if (this.state !== 'live' || !this.clock.known || this.presenter === undefined) return;
    if (this.presents) {
      this.follower.use(this.follower.state, false);
      if (this.recorder.state !== 'recording') {
        this.recorder.resume({ id: this.join.room, duration_ms: Math.round(this.clock.now()), n_recorded: 0 } as Session);
      }
      return;
    }
    this.recorder.abandon();
    this.follower.use(this.follower.state, true);
  }

  private comeBack(): void {
    this.retries += 1;
    this.state = 'lost';
    this.recorder.abandon();
    this.parts.changed();
    setTimeout(() => {
      if (this.state === 'lost') this.lane.joinAgain();
    }, RETRY_MS);
  }

  private send(operations: readonly Operation[]): Promise<Session> {
    if (this.state !== 'live' || !this.presents) return Promise.reject(new ApiError('unreachable', '', '', 0));
    if (operations.length > 0) this.lane.act({ operations: [...operations] });
    return Promise.resolve({} as Session);
  }

  /** Says where one is, where that has changed; who rides along is where the presenter is. */
  private move(): void {
    const own = this.parts.presence.now();
    if (own === null || this.state !== 'live') return;
    const presence = told(own, this.points?.place ?? null, this.points?.lit ?? false, 5 * Math.round(this.lag_ms / 5));
    const rides = !this.presents && this.follower.following === 'along' && !own.headset;
    const text = JSON.stringify(rides ? { ...presence, head: 0 } : presence);
    if (text === this.movedText) return;
    this.movedText = text;
    this.lane.move({ presence });
  }

  private over(tell: () => void): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.close();
    tell();
    this.parts.changed();
  }

  private close(): void {
    this.state = 'over';
    this.recorder.abandon();
    this.follower.use({}, false);
    this.leaving.abort();
    this.lane.close();
  }
}
