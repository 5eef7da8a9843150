/** What the page and its data worker say to each other. Decoded arrays are transferred, never copied. */

import type { Address } from '../net/chunk_index';
import type { Frames } from '../net/chunks';
import type { Loop, Manifest, State } from '../net/messages.gen';
import type { ApiError } from '../net/rest';

export type Lane = 'stream' | 'http' | 'cache' | 'held';

export interface ChunkEvents {
  arrived(address: Address, payload: Uint8Array): void;
  failed(address: Address, error: ApiError): void;
}

/** Gets the chunks that are wanted now, and forgets those that no longer are: over HTTP, or from inside the page. */
export interface ChunkLane {
  readonly name: Lane;
  readonly aborted: number;
  use(recording: string, build: number): void;
  want(urgent: readonly Address[], later: readonly Address[]): void;
  /** One more, first in line, whatever else is wanted. */
  again(address: Address): void;
}

export type ToWorker =
  /** Said first by a page that carries its chunks: nothing is asked of a server. */
  | { kind: 'held'; chunks: Map<string, Uint8Array> }
  /** Watch a recording; `streams` are the names that playing needs. Said again when they change. */
  | { kind: 'open'; recording: string; streams: string[]; projections: string[]; manifest: Manifest }
  /** The manifest grew (an open recording) or its build changed. */
  | { kind: 'manifest'; manifest: Manifest }
  /** `ask` numbers what the page asks of the stream; the answers to older numbers are out of date. */
  | { kind: 'play'; ask: number; t_us: number; speed: number; level: number | null; loop: Loop | null; follow: boolean }
  | { kind: 'pause' }
  /** The chunks wanted now over HTTP; `later` ones wait for the urgent ones. What else is in flight is aborted. */
  | { kind: 'want'; urgent: Address[]; later: Address[]; t_us: number; direction: 1 | -1 }
  | { kind: 'close' };

export interface WorkerCounters {
  /** Chunks and their frames by the lane that brought them; cache = decoded again from memory, held = carried by the page. */
  chunks: Record<Lane, number>;
  frames: Record<Lane, number>;
  bytes: Record<Lane, number>;
  aborted: number;
  stale: number;
  corrupt: number;
  acked: number;
  decode_ms: number;
  cache_bytes: number;
  epoch: number;
}

export type FromWorker =
  | { kind: 'frames'; build: number; address: Address; lane: Lane; frames: Frames; revision: number; counters: WorkerCounters }
  /** A chunk that could not be had; `passes` = asking again later makes sense. */
  | { kind: 'missing'; build: number; address: Address; code: string; message: string; passes: boolean }
  /** `ask` is the number of the `play` that the server says this of; null when it says it of an older one. */
  | { kind: 'state'; state: State; ask: number | null }
  | { kind: 'connection'; connected: boolean }
  | { kind: 'opened'; build: number; revision: number }
  | { kind: 'error'; code: string; message: string; hint: string; where: string };
