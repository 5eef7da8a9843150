/**
 * The HTTP lane: scrubbing, pauses and prefetch. It is told what is wanted now; what is no longer wanted is
 * aborted, so that the last seek wins however fast the seeks come.
 */

import { type Address, keyOf } from '../net/chunk_index';
import { ApiError, chunkUrl, request } from '../net/rest';
import type { ChunkEvents, ChunkLane } from './protocol';

const IN_FLIGHT = 6;
/** A chunk takes milliseconds; a server or database that is stuck is told from a slow one by this. */
const TIMEOUT_MS = 5000;

export class HttpLane implements ChunkLane {
  readonly name = 'http';
  aborted = 0;
  private recording = '';
  private build = 0;
  private readonly flying = new Map<string, AbortController>();
  private waiting: Address[] = [];
  /** What the frame at the playhead needs and has not come; nothing else starts before it is here. */
  private urgent = new Set<string>();
  private later: Address[] = [];

  constructor(private readonly events: ChunkEvents) {}

  use(recording: string, build: number): void {
    if (recording === this.recording && build === this.build) return;
    this.want([], []);
    this.recording = recording;
    this.build = build;
  }

  want(urgent: readonly Address[], later: readonly Address[]): void {
    this.urgent = new Set(urgent.map(keyOf));
    const wanted = new Set([...this.urgent, ...later.map(keyOf)]);
    for (const [key, controller] of this.flying) {
      if (wanted.has(key)) continue;
      this.flying.delete(key);
      this.aborted += 1;
      controller.abort();
    }
    const grounded = (addresses: readonly Address[]): Address[] => addresses.filter((address) => !this.flying.has(keyOf(address)));
    this.waiting = grounded(urgent);
    this.later = grounded(later);
    this.start();
  }

  again(address: Address): void {
    this.waiting.unshift(address);
    this.start();
  }

  private start(): void {
    while (this.flying.size < IN_FLIGHT) {
      const address = this.waiting.shift() ?? (this.urgent.size === 0 ? this.later.shift() : undefined);
      if (address === undefined) return;
      void this.fetch(address);
    }
  }

  private landed(key: string): void {
    this.flying.delete(key);
    this.urgent.delete(key);
  }

  private async fetch(address: Address): Promise<void> {
    const key = keyOf(address);
    const controller = new AbortController();
    this.flying.set(key, controller);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      controller.abort();
    }, TIMEOUT_MS);
    const url = chunkUrl(this.recording, this.build, address.stream, address.level, address.tile, address.chunk);
    try {
      const response = await request(url, { signal: controller.signal });
      const payload = new Uint8Array(await response.arrayBuffer());
      if (controller.signal.aborted) return;
      this.landed(key);
      this.events.arrived(address, payload);
    } catch (error) {
      if (controller.signal.aborted && !late) return;
      this.landed(key);
      this.events.failed(address, late ? noAnswer() : asApiError(error));
    } finally {
      clearTimeout(timer);
    }
    this.start();
  }
}

function asApiError(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('internal', (error as Error).message, '', 0);
}

function noAnswer(): ApiError {
  return new ApiError('unreachable', `The server gave no answer within ${TIMEOUT_MS / 1000} s.`, 'The page tries again by itself.', 0);
}
