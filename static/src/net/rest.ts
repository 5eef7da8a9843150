/** The REST half of the wire. Every failure is an ApiError with the server's code, message and hint. */

import type { Archive } from './archive';
import { type Columns, readColumns } from './arrow';
import type {
  Accounting, ErrorBody, HeadsetAddress, Health, Job, LayoutInfo, Manifest, ModuleInfo, ModuleRequest, Network, OfflineRequest, OfflineSize,
  RecordingSummary, StartJob,
} from './messages.gen';

/** What the server said went wrong, or that it could not be reached (code "unreachable", status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: string,
    message: string,
    readonly hint: string,
    readonly status: number,
    readonly where = '',
  ) {
    super(message);
  }

  /** True where the same request may succeed later: the database or the server is away for a moment. */
  get passes(): boolean {
    return this.status === 0 || this.status === 503;
  }
}

let archive: Archive | null = null;

/** From now on the page's questions are answered from what it carries; no server is asked. */
export function answerFrom(held: Archive): void {
  archive = held;
}

export async function request(url: string, init: RequestInit = {}): Promise<Response> {
  if (archive !== null) return heldAnswer(archive, url);
  let response: Response;
  try {
    response = await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(
      'unreachable', 'The server does not answer.', 'Is `synaptarium serve` still running? The page tries again by itself.', 0,
    );
  }
  if (response.ok || response.status === 304) return response;
  throw await errorOf(response);
}

function heldAnswer(held: Archive, url: string): Response {
  const answer = held.response(url);
  if (answer === null) throw new ApiError('not_held', 'A saved page cannot show this.', 'Open the recording in Synaptarium itself.', 404);
  return answer;
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as Partial<ErrorBody>;
    if (body.code && body.message) {
      return new ApiError(body.code, body.message, body.hint ?? '', response.status, body.where ?? '');
    }
  } catch {
    // Not our JSON: a proxy or a broken server speaks; say what it said.
  }
  return new ApiError('internal', `The server answered ${response.status} ${response.statusText}.`, '', response.status);
}

async function json<T>(url: string, init?: RequestInit): Promise<T> {
  return (await (await request(url, init)).json()) as T;
}

async function columns(url: string, init?: RequestInit): Promise<Columns> {
  return readColumns(new Uint8Array(await (await request(url, init)).arrayBuffer()));
}

const post = (body: unknown, signal?: AbortSignal): RequestInit => ({
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: signal ?? null,
});

export const recordingUrl = (id: string): string => `/api/recordings/${encodeURIComponent(id)}`;
export const pictureUrl = (id: string, revision: number): string => `${recordingUrl(id)}/picture.svg?revision=${revision}`;
export const imageUrl = (id: string, image: number): string => {
  const url = `${recordingUrl(id)}/images/${image}.png`;
  return archive?.address(url) ?? url;
};
export const chunkUrl = (
  id: string, build: number, stream: number, level: number, tile: number, chunk: number,
): string => `${recordingUrl(id)}/builds/${build}/chunks/${stream}/${level}/${tile}/${chunk}`;

/** The part of `GET /api/recordings/<id>` (the same as `synaptarium info --json`) that the page reads. */
export interface Info {
  readonly id: string;
  readonly name: string;
  readonly layers: readonly { readonly name: string; readonly neurons: number; readonly spikes: number }[];
  readonly accounting?: readonly Accounting[];
}

export const rest = {
  headset: (signal?: AbortSignal) => json<HeadsetAddress>('/api/headset', { signal: signal ?? null }),
  health: (signal?: AbortSignal) => json<Health>('/api/health', { signal: signal ?? null }),
  recordings: (signal?: AbortSignal) => json<RecordingSummary[]>('/api/recordings', { signal: signal ?? null }),
  info: (id: string, signal?: AbortSignal) => json<Info>(recordingUrl(id), { signal: signal ?? null }),
  jobs: (signal?: AbortSignal) => json<Job[]>('/api/jobs', { signal: signal ?? null }),
  offlineSize: (id: string, t_start_us: number, t_stop_us: number, signal?: AbortSignal) => json<OfflineSize>(
    `${recordingUrl(id)}/offline?t_start_us=${Math.round(t_start_us)}&t_stop_us=${Math.round(t_stop_us)}`, { signal: signal ?? null },
  ),
  offlinePage: async (id: string, body: OfflineRequest) => await (await request(`${recordingUrl(id)}/offline`, post(body))).blob(),
  startJob: (id: string, body: StartJob = {}) => json<Job>(`${recordingUrl(id)}/jobs`, post(body)),
  cancelJob: (id: string) => request(`${recordingUrl(id)}/jobs`, { method: 'DELETE' }),
  deleteRecording: (id: string) => request(recordingUrl(id), { method: 'DELETE' }),
  manifest: (id: string, signal?: AbortSignal) => json<Manifest>(`${recordingUrl(id)}/manifest`, { signal: signal ?? null }),
  network: (id: string, signal?: AbortSignal) => json<Network>(`${recordingUrl(id)}/network`, { signal: signal ?? null }),
  layouts: (id: string, signal?: AbortSignal) => json<LayoutInfo[]>(`${recordingUrl(id)}/layouts`, { signal: signal ?? null }),
  scene: (id: string, layout: string, order: string, signal?: AbortSignal) => columns(
    `${recordingUrl(id)}/scene?layout=${encodeURIComponent(layout)}${order === '' ? '' : `&order=${order}`}`, { signal: signal ?? null },
  ),
  reconstruction: (id: string, neuron: number, t_us: number, signal?: AbortSignal) =>
    columns(`${recordingUrl(id)}/reconstruction?neuron=${neuron}&t_us=${Math.max(0, Math.round(t_us))}`, { signal: signal ?? null }),
  neurons: (id: string, signal?: AbortSignal) => columns(`${recordingUrl(id)}/neurons`, { signal: signal ?? null }),
  synapses: (id: string, projection: string, signal?: AbortSignal) =>
    columns(`${recordingUrl(id)}/projections/${encodeURIComponent(projection)}/synapses`, { signal: signal ?? null }),
  stimuli: (id: string, signal?: AbortSignal) => columns(`${recordingUrl(id)}/stimuli`, { signal: signal ?? null }),
  overview: (
    id: string, window: { t_start_us: number; t_stop_us: number } | null, most: number, values: 'all' | 'sum', signal?: AbortSignal,
  ) => columns(
    `${recordingUrl(id)}/overview?columns=${most}&values=${values}${window === null ? '' : `&t_start_us=${window.t_start_us}&t_stop_us=${window.t_stop_us}`}`,
    { signal: signal ?? null },
  ),
  modules: (signal?: AbortSignal) => json<ModuleInfo[]>('/api/modules', { signal: signal ?? null }),
  /** What one panel of a module's answer shows, as a Parquet file. */
  panelFile: async (id: string, name: string, body: ModuleRequest, panel: number) =>
    (await request(`${recordingUrl(id)}/modules/${encodeURIComponent(name)}?format=parquet&panel=${panel}`, post(body))).blob(),
  module: (id: string, name: string, body: ModuleRequest, signal?: AbortSignal) =>
    columns(`${recordingUrl(id)}/modules/${encodeURIComponent(name)}`, post(body, signal)),
};
