/** The routes of sessions. Failures are ApiErrors, as everywhere. */

import type {
  ForkRequest, LogBatch, Me, NewSession, NoteRequest, Segment, Session, SessionChange, SessionSummary, SharedSession,
} from './messages.gen';
import { recordingUrl, request } from './rest';

async function get<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await (await request(url, { signal: signal ?? null })).json()) as T;
}

/** `outlives`: the request goes on when the page goes away (at most 64 kB then). */
async function post<T>(url: string, body: unknown, outlives = false): Promise<T> {
  const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), keepalive: outlives };
  return (await (await request(url, init)).json()) as T;
}

const sessionUrl = (id: string): string => `/api/sessions/${encodeURIComponent(id)}`;
export const exportUrl = (id: string): string => `${sessionUrl(id)}/export`;

export const sessionRest = {
  me: (signal?: AbortSignal) => get<Me>('/api/me', signal),
  all: (signal?: AbortSignal) => get<SessionSummary[]>('/api/sessions', signal),
  one: (id: string, signal?: AbortSignal) => get<SessionSummary>(sessionUrl(id), signal),
  segment: (id: string, at_ms: number, signal?: AbortSignal) => get<Segment>(`${sessionUrl(id)}/segment?at_ms=${Math.floor(at_ms)}`, signal),
  begin: (recording: string, body: NewSession) => post<Session>(`${recordingUrl(recording)}/sessions`, body),
  append: (id: string, body: LogBatch, outlives = false) => post<Session>(`${sessionUrl(id)}/log`, body, outlives),
  change: (id: string, body: SessionChange) => post<SessionSummary>(sessionUrl(id), body),
  note: (id: string, body: NoteRequest) => post<SessionSummary>(`${sessionUrl(id)}/notes`, body),
  fork: (id: string, body: ForkRequest) => post<Session>(`${sessionUrl(id)}/fork`, body),
  remove: (id: string) => request(sessionUrl(id), { method: 'DELETE' }),
  share: (recording: string) => post<SharedSession>(`${recordingUrl(recording)}/shared`, {}),
  bringIn: async (file: Blob) =>
    (await (await request('/api/session-files', { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: file })).json()) as SessionSummary,
};
