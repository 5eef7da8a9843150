/**
 * The data worker: owns the socket, HTTP (or the chunks that the page carries), the cache of payloads and all decoding. The page gets typed arrays.
 */

import { ZSTDDecoder } from 'zstddec';

import { BoundedCache } from '../net/bounded_cache';
import { type Address, ChunkIndex, keyOf } from '../net/chunk_index';
import { decodeChunk, frameCount, type Frames } from '../net/chunks';
import { CorruptChunk } from '../net/codecs';
import { crc32c } from '../net/crc32c';
import type { Chunk } from '../net/messages.gen';
import { ApiError } from '../net/rest';
import { HeldLane } from './held_lane';
import { HttpLane } from './http_lane';
import type { ChunkEvents, ChunkLane, FromWorker, Lane, ToWorker, WorkerCounters } from './protocol';
import { StreamLane } from './stream_lane';

const CACHE_BYTES = 64 * 1024 * 1024;
/** What was handed over so recently is on its way to the page, whatever the page still asks for. */
const ON_ITS_WAY_MS = 500;

const zstd = new ZSTDDecoder();
const cache = new BoundedCache<Uint8Array>(CACHE_BYTES);
const perLane = (): Record<Lane, number> => ({ stream: 0, http: 0, cache: 0, held: 0 });
const counters: WorkerCounters = {
  chunks: perLane(), frames: perLane(), bytes: perLane(),
  aborted: 0, stale: 0, corrupt: 0, acked: 0, decode_ms: 0, cache_bytes: 0, epoch: 0,
};
const retried = new Set<string>();
const handed = new Map<string, number>();
let index: ChunkIndex | null = null;
let stream: StreamLane | null = null;
let ask = 0;

const landing: ChunkEvents = {
  arrived: (address, payload) => deliver(address, payload, chunks.name, 0),
  failed: (address, error) => missing(address, error),
};
let chunks: ChunkLane = new HttpLane(landing);

function say(message: FromWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

/** Decode a payload, keep it, and hand its arrays to the page. */
function deliver(address: Address, payload: Uint8Array, lane: Lane, revision: number): void {
  if (index === null) return;
  const tile = index.tiles.get(address.tile);
  if (tile === undefined) return;
  const started = performance.now();
  let frames: Frames;
  try {
    frames = decodeChunk(payload, index.firstNeuron.get(address.tile) ?? 0);
  } catch (error) {
    if (!(error instanceof CorruptChunk)) throw error;
    corrupt(address, error.message);
    return;
  }
  counters.decode_ms += performance.now() - started;
  if (lane !== 'cache' && !index.isOpen(address)) {
    const { t_start_us, t_stop_us } = index.span(address);
    cache.put(keyOf(address), payload, payload.byteLength, t_start_us, t_stop_us);
  }
  handed.set(keyOf(address), performance.now());
  counters.chunks[lane] += 1;
  counters.frames[lane] += frameCount(frames);
  counters.bytes[lane] += payload.byteLength;
  counters.aborted = chunks.aborted;
  counters.cache_bytes = cache.bytes;
  counters.acked = stream?.acked ?? 0;
  counters.epoch = stream?.epoch ?? 0;
  say(
    { kind: 'frames', build: index.manifest.build, address, lane, frames, revision, counters: structuredClone(counters) },
    buffersOf(frames),
  );
}

function buffersOf(frames: Frames): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const value of Object.values(frames) as unknown[]) {
    if (ArrayBuffer.isView(value)) buffers.add(value.buffer as ArrayBuffer);
  }
  return [...buffers];
}

/** A damaged chunk is fetched once more over HTTP; then the page is told. */
function corrupt(address: Address, message: string): void {
  counters.corrupt += 1;
  const key = keyOf(address);
  cache.remove(key);
  if (retried.has(key)) {
    missing(address, new ApiError('corrupt_data', message, 'Precompute the recording again.', 500));
    return;
  }
  retried.add(key);
  chunks.again(address);
}

function missing(address: Address, error: ApiError): void {
  if (index === null) return;
  say({
    kind: 'missing', build: index.manifest.build, address, code: error.code, message: error.message, passes: error.passes,
  });
}

function fromStream(message: Chunk, stored: Uint8Array): void {
  if (index === null || message.build !== index.manifest.build) {
    counters.stale += 1;
    return;
  }
  const address: Address = {
    stream: message.stream, level: message.level, tile: message.tile, chunk: message.chunk,
  };
  if (crc32c(stored) !== message.checksum) {
    corrupt(address, 'The stored bytes do not match their checksum.');
    return;
  }
  let payload: Uint8Array;
  try {
    payload = zstd.decode(stored);
  } catch (error) {
    corrupt(address, `The stored bytes cannot be decompressed: ${(error as Error).message}`);
    return;
  }
  deliver(address, payload, 'stream', message.revision ?? 0);
}

function connect(): StreamLane {
  return new StreamLane(self.location.origin, {
    chunk: fromStream,
    stale: () => void (counters.stale += 1),
    state: (state) => say({ kind: 'state', state, ask: state.epoch === stream?.epoch ? ask : null }),
    opened: (message) => say({ kind: 'opened', build: message.build, revision: message.revision }),
    connection: (connected) => say({ kind: 'connection', connected }),
    error: (body) =>
      say({ kind: 'error', code: body.code, message: body.message, hint: body.hint ?? '', where: body.where ?? '' }),
  });
}

function useManifest(next: ChunkIndex): void {
  if (index !== null && index.manifest.build !== next.manifest.build) {
    cache.clear();
    retried.clear();
    handed.clear();
  }
  index = next;
  chunks.use(next.manifest.recording, next.manifest.build);
}

function want(urgent: Address[], later: Address[], t_us: number, direction: 1 | -1): void {
  cache.focus(t_us, direction);
  const kept: { address: Address; payload: Uint8Array }[] = [];
  const absent = (addresses: Address[]): Address[] => addresses.filter((address) => {
    const payload = index?.isOpen(address) ? undefined : cache.get(keyOf(address));
    if (payload === undefined) return true;
    if (performance.now() - (handed.get(keyOf(address)) ?? -Infinity) > ON_ITS_WAY_MS) kept.push({ address, payload });
    return false;
  });
  chunks.want(absent(urgent), absent(later));
  for (const { address, payload } of kept) deliver(address, payload, 'cache', 0);
}

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'held':
      chunks = new HeldLane(message.chunks, (stored) => zstd.decode(stored), landing);
      return;
    case 'open':
      await zstd.init();
      useManifest(new ChunkIndex(message.manifest));
      if (chunks.name === 'held') return;
      stream ??= connect();
      stream.open(message.recording, message.streams, message.projections);
      return;
    case 'manifest':
      useManifest(new ChunkIndex(message.manifest));
      return;
    case 'play':
      ask = message.ask;
      cache.focus(message.t_us, message.speed < 0 ? -1 : 1);
      stream?.play(message.t_us, message.speed, message.level, message.loop, message.follow);
      return;
    case 'pause':
      stream?.pause();
      return;
    case 'want':
      want(message.urgent, message.later, message.t_us, message.direction);
      return;
    case 'close':
      stream?.close();
      stream = null;
      chunks.want([], []);
      cache.clear();
      index = null;
  }
}

// One after the other: `open` has to wait for the decoder, and what follows has to wait for `open`.
let queue: Promise<void> = Promise.resolve();
self.addEventListener('message', (event: MessageEvent<ToWorker>) => {
  queue = queue.then(() => handle(event.data)).catch((error: unknown) => {
    say({ kind: 'error', code: 'internal', message: (error as Error).message, hint: '', where: 'data worker' });
  });
});
