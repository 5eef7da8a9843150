/**
 * Neurons as short text: `layer:3.5-9` per layer, or `layer:~bits` (base64url, neuron 0 first) where that is shorter.
 * Layer names are percent-encoded, so that commas, colons and anything else may stand in them.
 */

import type { LayerInfo } from './frames';

/** Global indices as text, layers joined by commas. */
export function neuronsToText(neurons: readonly number[], layers: readonly LayerInfo[]): string {
  const parts: string[] = [];
  for (const layer of layers) {
    const end = layer.offset + layer.n_neurons;
    const ids = [...new Set(neurons)].filter((n) => n >= layer.offset && n < end).map((n) => n - layer.offset);
    if (ids.length === 0) continue;
    ids.sort((a, b) => a - b);
    const [ranges, bits] = [rangesOf(ids), `~${bitsOf(ids)}`];
    parts.push(`${encodeURIComponent(layer.name)}:${ranges.length <= bits.length ? ranges : bits}`);
  }
  return parts.join(',');
}

/** The global indices that a text names; what does not exist is left out. */
export function textToNeurons(text: string, layers: readonly LayerInfo[]): number[] {
  const found: number[] = [];
  for (const part of text.split(',')) {
    const at = part.lastIndexOf(':');
    if (at < 0) continue;
    const name = decoded(part.slice(0, at));
    const layer = layers.find((candidate) => candidate.name === name);
    if (layer === undefined) continue;
    const code = part.slice(at + 1);
    for (const id of code.startsWith('~') ? idsOfBits(code.slice(1)) : idsOfRanges(code, layer.n_neurons)) {
      if (id < layer.n_neurons) found.push(layer.offset + id);
    }
  }
  return found;
}

/** What percent-decoding gives, or the text itself where it is not encoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function rangesOf(ids: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < ids.length; ) {
    let j = i;
    while (j + 1 < ids.length && ids[j + 1] === ids[j] + 1) j++;
    parts.push(i === j ? String(ids[i]) : `${ids[i]}-${ids[j]}`);
    i = j + 1;
  }
  return parts.join('.');
}

function* idsOfRanges(text: string, n_neurons: number): Generator<number> {
  for (const part of text.split('.')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const last = Math.min(Number(match[2] ?? match[1]), n_neurons - 1);
    for (let id = Number(match[1]); id <= last; id++) yield id;
  }
}

function bitsOf(ids: readonly number[]): string {
  const bytes = new Uint8Array((ids[ids.length - 1] >> 3) + 1);
  for (const id of ids) bytes[id >> 3] |= 1 << (id & 7);
  let text = '';
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function* idsOfBits(text: string): Generator<number> {
  let raw: string;
  try {
    raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return;
  }
  for (let i = 0; i < raw.length; i++) {
    for (let bit = 0; bit < 8; bit++) if ((raw.charCodeAt(i) >> bit) & 1) yield 8 * i + bit;
  }
}
