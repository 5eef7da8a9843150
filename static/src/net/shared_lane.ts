/** The socket of a shared session: namespace /shared, websocket only. It connects again by itself and asks to be let in. */

import { io, type Socket } from 'socket.io-client';

import type {
  Act, Acted, Ended, ErrorBody, Join, Move, Moved, Offer, People, Person, Rename, Time, Welcome,
} from './messages.gen';

export interface SharedEvents {
  welcome(message: Welcome): void;
  people(message: People): void;
  acted(message: Acted): void;
  moved(message: Moved): void;
  /** The session's clock read `server_ms` between the two moments of this page. */
  time(asked_ms: number, answered_ms: number, server_ms: number): void;
  ended(message: Ended): void;
  error(body: ErrorBody): void;
  connection(connected: boolean): void;
}

/** Questions for the clock on coming in, and from then on. */
const FIRST_QUESTIONS = 8;
const FIRST_EVERY_MS = 40;
const EVERY_MS = 5000;

export class SharedLane {
  private readonly socket: Socket;
  private readonly asked = new Map<number, number>();
  private n = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly join: () => Join, private readonly events: SharedEvents) {
    this.socket = io(`${location.origin}/shared`, { transports: ['websocket'], reconnectionDelay: 300, reconnectionDelayMax: 3000, forceNew: true });
    this.socket.on('connect', () => this.socket.emit('join', this.join()));
    this.socket.on('disconnect', () => this.events.connection(false));
    this.socket.on('connect_error', () => this.events.connection(false));
    this.socket.on('welcome', (message: Welcome) => {
      this.events.welcome(message);
      this.events.connection(true);
      this.n = 0;
      this.asked.clear();
      this.askTime();
    });
    this.socket.on('people', (message: People) => this.events.people(message));
    this.socket.on('acted', (message: Acted) => this.events.acted(message));
    this.socket.on('moved', (message: Moved) => this.events.moved(message));
    this.socket.on('time', ({ n, now_ms }: Time) => {
      const sent_ms = this.asked.get(n);
      this.asked.delete(n);
      if (sent_ms !== undefined) this.events.time(sent_ms, performance.now(), now_ms);
    });
    this.socket.on('ended', (message: Ended) => this.events.ended(message));
    this.socket.on('error', (body: ErrorBody) => this.events.error(body));
  }

  get connected(): boolean {
    return this.socket.connected;
  }

  joinAgain(): void {
    this.say('join', this.join());
  }

  act(message: Act): void {
    this.say('act', message);
  }

  move(message: Move): void {
    // What a slow connection cannot take now would be old when it can.
    if (this.socket.connected) this.socket.volatile.emit('move', message);
  }

  follow(following: NonNullable<Person['following']>): void {
    this.say('follow', { following });
  }

  askToPresent(wanted: boolean): void {
    this.say('ask', { wanted });
  }

  offer(message: Offer): void {
    this.say('offer', message);
  }

  rename(message: Rename): void {
    this.say('rename', message);
  }

  /** Leaves for good; with `end` closes the session for everybody. */
  leave(end: boolean): void {
    this.say('leave', { end });
    this.close();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    // What was said last goes out first.
    setTimeout(() => this.socket.disconnect(), 50);
  }

  /** For tests: the connection breaks, as a network does, and comes back. */
  cut(): void {
    this.socket.io.engine.close();
  }

  private say(event: string, message: unknown): void {
    if (this.socket.connected) this.socket.emit(event, message);
  }

  private askTime(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.socket.connected) {
      this.n += 1;
      this.asked.set(this.n, performance.now());
      this.socket.emit('time', { n: this.n });
    }
    this.timer = setTimeout(() => this.askTime(), this.n < FIRST_QUESTIONS ? FIRST_EVERY_MS : EVERY_MS);
  }
}
