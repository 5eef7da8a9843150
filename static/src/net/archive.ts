/**
 * The answers of a server that a page carries inside itself, so that it shows a part of a recording without any network.
 *
 * The server makes such pages (`synaptarium export ID --html`); what they hold is in `schemas/synaptarium/schemas/offline.py`.
 */

import type { HeldAnswer, OfflineIndex } from './messages.gen';

const VERSION = 1;
/** Decoded at a time; a multiple of four characters. */
const SLICE = 4 * 1024 * 1024;

export class Archive {
  private readonly answers = new Map<string, HeldAnswer[]>();
  private readonly addresses = new Map<string, string>();

  constructor(readonly index: OfflineIndex, private readonly data: Uint8Array) {
    for (const answer of index.answers) {
      const known = this.answers.get(answer.path);
      if (known) known.push(answer);
      else this.answers.set(answer.path, [answer]);
    }
  }

  /** The archive inside a page; null where the page comes from a server. */
  static inside(page: Document): Archive | null {
    const index = page.getElementById('held-index');
    const data = page.getElementById('held-data');
    if (index === null || data === null) return null;
    const told = JSON.parse(index.textContent) as OfflineIndex;
    if (told.version !== VERSION) throw new Error(`This file has version ${told.version}; its page reads ${VERSION}.`);
    const archive = new Archive(told, bytesOf(data.textContent));
    data.remove();
    return archive;
  }

  get recording(): string {
    return this.index.recording;
  }

  /** The part of the run that is inside. */
  get span(): { t_start_us: number; t_stop_us: number } {
    return { t_start_us: this.index.t_start_us, t_stop_us: this.index.t_stop_us };
  }

  /** The answer to a request; null where it is not inside. */
  response(url: string): Response | null {
    const found = this.find(url);
    if (found === undefined || found.encoding === 'zstd') return null;
    const headers = { 'Content-Type': found.type };
    if (found.encoding === '') return new Response(this.bytes(found), { headers });
    return new Response(new Blob([this.bytes(found)]).stream().pipeThrough(new DecompressionStream('gzip')), { headers });
  }

  /** An address for `<img>` of an answer that is inside; the request's own where it is not. */
  address(url: string): string {
    const found = this.find(url);
    if (found?.encoding !== '') return url;
    let made = this.addresses.get(url);
    if (made === undefined) {
      made = URL.createObjectURL(new Blob([this.bytes(found)], { type: found.type }));
      this.addresses.set(url, made);
    }
    return made;
  }

  /** The stored chunks by their path, for the worker. */
  chunks(): Map<string, Uint8Array> {
    return new Map(this.index.answers.filter(({ encoding }) => encoding === 'zstd').map((answer) => [answer.path, this.bytes(answer)]));
  }

  private find(url: string): HeldAnswer | undefined {
    const [path, query] = url.split('?', 2);
    const asked = new URLSearchParams(query);
    return this.answers.get(decodeURIComponent(path))?.find((answer) => {
      const wanted = answer.query ?? null;
      return wanted === null || (Object.keys(wanted).length === asked.size && Object.entries(wanted).every(([name, value]) => asked.get(name) === value));
    });
  }

  private bytes(answer: HeldAnswer): Uint8Array<ArrayBuffer> {
    return this.data.subarray(answer.at, answer.at + answer.bytes) as Uint8Array<ArrayBuffer>;
  }
}

function bytesOf(base64: string): Uint8Array {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((base64.length / 4) * 3 - padding);
  let to = 0;
  for (let from = 0; from < base64.length; from += SLICE) {
    const text = atob(base64.slice(from, from + SLICE));
    for (let i = 0; i < text.length; i++) bytes[to++] = text.charCodeAt(i);
  }
  return bytes;
}
