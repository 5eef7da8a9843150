/**
 * The stream lane: Socket.IO namespace /stream, websocket only, with epochs and cumulative acknowledgements.
 *
 * The epoch counts up with every play, pause and change of streams; chunks of an older epoch are dropped, yet
 * acknowledged, since their sequence numbers run through the whole connection. An acknowledgement goes out every
 * 8 chunks or 100 ms, whichever is first, and only after decoding: that is what bounds the server's window.
 */

import { io, type Socket } from 'socket.io-client';

import type { Ack, Chunk, ErrorBody, Loop, Open, Opened, Pause, Play, Select, State } from '../net/messages.gen';

const ACK_CHUNKS = 8;
const ACK_MS = 100;

export interface StreamEvents {
  /** Returns when the chunk is decoded. */
  chunk(message: Chunk, bytes: Uint8Array): void;
  stale(message: Chunk): void;
  state(state: State): void;
  opened(message: Opened): void;
  connection(connected: boolean): void;
  error(body: ErrorBody): void;
}

export class StreamLane {
  epoch = 0;
  acked = 0;
  private readonly socket: Socket;
  private watching: Open | null = null;
  private projections: string[] = [];
  private playing: Omit<Play, 'epoch'> | null = null;
  private seq = -1;
  private unacked = 0;
  private bytes = 0;
  private decode_ms = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(origin: string, private readonly events: StreamEvents) {
    this.socket = io(`${origin}/stream`, {
      transports: ['websocket'],
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
    });
    this.socket.on('connect', () => {
      events.connection(true);
      this.announce();
    });
    this.socket.on('disconnect', () => {
      this.forget();
      events.connection(false);
    });
    this.socket.on('connect_error', () => events.connection(false));
    this.socket.on('opened', (message: Opened) => events.opened(message));
    this.socket.on('state', (state: State) => events.state(state));
    this.socket.on('error', (body: ErrorBody) => events.error(body));
    this.socket.on('chunk', (message: Chunk, bytes: ArrayBuffer | Uint8Array) => this.receive(message, bytes));
  }

  open(recording: string, streams: string[], projections: string[]): void {
    this.watching = { recording, streams, window: { chunks: 32, bytes: 4 * 1024 * 1024 } };
    this.projections = projections;
    this.announce();
  }

  /** Without a level the server takes the one that fits the speed, and a coarser one where we fall behind. */
  play(t_us: number, speed: number, level: number | null, loop: Loop | null, follow: boolean): void {
    this.playing = { t_us: Math.round(t_us), speed, level, loop, follow };
    this.resume();
  }

  pause(): void {
    this.playing = null;
    const pause: Pause = { epoch: this.nextEpoch() };
    if (this.socket.connected) this.socket.emit('pause', pause);
  }

  close(): void {
    this.watching = null;
    this.playing = null;
    this.nextEpoch();
    if (this.socket.connected) this.socket.emit('close', {});
    this.socket.disconnect();
  }

  private announce(): void {
    if (!this.watching || !this.socket.connected) return;
    this.socket.emit('open', this.watching);
    if (this.projections.length > 0) {
      const select: Select = { epoch: this.nextEpoch(), neurons: [], projections: this.projections };
      this.socket.emit('select', select);
    }
    this.resume();
  }

  private resume(): void {
    if (!this.playing || !this.socket.connected) return;
    const play: Play = { epoch: this.nextEpoch(), ...this.playing };
    this.socket.emit('play', play);
  }

  private nextEpoch(): number {
    this.flush();
    this.epoch += 1;
    return this.epoch;
  }

  private receive(message: Chunk, bytes: ArrayBuffer | Uint8Array): void {
    const started = performance.now();
    const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
    if (message.epoch === this.epoch) this.events.chunk(message, data);
    else this.events.stale(message);
    this.seq = message.seq;
    this.unacked += 1;
    this.bytes += data.byteLength;
    this.decode_ms += performance.now() - started;
    if (this.unacked >= ACK_CHUNKS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), ACK_MS);
  }

  private flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.unacked === 0) return;
    const ack: Ack = { epoch: this.epoch, seq: this.seq, bytes: this.bytes, decode_ms: this.decode_ms };
    if (this.socket.connected) this.socket.emit('ack', ack);
    this.acked += this.unacked;
    this.forget();
  }

  private forget(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.unacked = 0;
    this.bytes = 0;
    this.decode_ms = 0;
  }
}
