/** The lane of a page that carries its chunks: what is wanted now comes from memory, as soon as it is decoded. */

import { type Address, keyOf } from '../net/chunk_index';
import { ApiError, chunkUrl } from '../net/rest';
import type { ChunkEvents, ChunkLane } from './protocol';

/** Decoding yields after so long, so that the newest wish counts. */
const SLICE_MS = 8;

export class HeldLane implements ChunkLane {
  readonly name = 'held';
  readonly aborted = 0;
  private recording = '';
  private build = 0;
  private waiting: Address[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly chunks: ReadonlyMap<string, Uint8Array>, private readonly decompress: (stored: Uint8Array) => Uint8Array,
    private readonly events: ChunkEvents,
  ) {}

  use(recording: string, build: number): void {
    this.recording = recording;
    this.build = build;
  }

  want(urgent: readonly Address[], later: readonly Address[]): void {
    this.waiting = [...urgent, ...later];
    this.schedule();
  }

  again(address: Address): void {
    this.waiting.unshift(address);
    this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const until_ms = performance.now() + SLICE_MS;
      do {
        const address = this.waiting.shift();
        if (address === undefined) return;
        this.deliver(address);
      } while (performance.now() < until_ms);
      this.schedule();
    });
  }

  private deliver(address: Address): void {
    const path = chunkUrl(this.recording, this.build, address.stream, address.level, address.tile, address.chunk);
    const stored = this.chunks.get(decodeURIComponent(path));
    if (stored === undefined) {
      this.events.failed(address, new ApiError('chunk_not_found', `This file does not hold the chunk ${keyOf(address)}.`, '', 404));
      return;
    }
    let payload: Uint8Array;
    try {
      payload = this.decompress(stored);
    } catch (error) {
      this.events.failed(address, new ApiError('corrupt_data', `A chunk of this file cannot be decompressed: ${(error as Error).message}`, 'Export the file again.', 500));
      return;
    }
    this.events.arrived(address, payload);
  }
}
