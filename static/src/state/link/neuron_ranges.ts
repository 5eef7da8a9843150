/**
 * Neurons as short text: `layer:3.5-9`, or `layer:~bits` (base64url, neuron 0 first) where that is shorter, joined by commas.
 * Layer names are percent-encoded, so that commas, colons and anything else may stand in them. The order of the parts and of
 * the ids in a range list is the order of selection. `schemas/neuron_text.py` is the server's twin.
 */

import type { LayerInfo } from '../frames';

/** Of a selection in no order the neurons selected last keep theirs; those before them are sorted, which is shorter. */
const ORDERED = 64;
/** Ranges are read by people; they give way to bits where they are longer than this, and longer than the bits. */
const READABLE = 64;

/** A selection is an array that is never changed, asked for again and again. */
const kept = new WeakMap<readonly number[], { layers: readonly LayerInfo[]; text: string }>();

/** Global indices as text. */
export function neuronsToText(neurons: readonly number[], layers: readonly LayerInfo[]): string {
  const known = kept.get(neurons);
  if (known?.layers === layers) return known.text;
  const text = written(neurons, layers);
  if (neurons.length > ORDERED) kept.set(neurons, { layers, text });
  return text;
}

function written(neurons: readonly number[], layers: readonly LayerInfo[]): string {
  const once = isAscending(neurons) ? neurons : [...new Set(neurons)];
  if (once === neurons) return parts(neurons, layers).join(',');
  const head = Float64Array.from(once.slice(0, -ORDERED)).sort();
  return [...parts(head, layers), ...parts(once.slice(-ORDERED), layers)].join(',');
}

/** The global indices that a text names, each once; what does not exist is left out. */
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
  return isAscending(found) ? found : [...new Set(found)];
}

/** What percent-decoding gives, or the text itself where it is not encoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** One part for every run of neurons of the same layer. */
function parts(neurons: ArrayLike<number>, layers: readonly LayerInfo[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < neurons.length; ) {
    const layer = layers.find(({ offset, n_neurons }) => neurons[i] >= offset && neurons[i] < offset + n_neurons);
    if (layer === undefined) {
      i++;
      continue;
    }
    const ids: number[] = [];
    for (; i < neurons.length && neurons[i] >= layer.offset && neurons[i] < layer.offset + layer.n_neurons; i++) ids.push(neurons[i] - layer.offset);
    found.push(`${encodeURIComponent(layer.name)}:${codeOf(ids)}`);
  }
  return found;
}

function codeOf(ids: readonly number[]): string {
  if (!isAscending(ids)) return rangesOf(ids);
  const n_letters = Math.max(READABLE, Math.ceil((((ids[ids.length - 1] >> 3) + 1) * 4) / 3) + 1);
  const ranges = rangesOf(ids, n_letters);
  return ranges.length <= n_letters ? ranges : `~${bitsOf(ids)}`;
}

/** Ids in their order, as runs; it stops where it gets longer than `most`. */
function rangesOf(ids: readonly number[], most = Infinity): string {
  let text = '';
  for (let i = 0; i < ids.length && text.length <= most; ) {
    let j = i;
    while (j + 1 < ids.length && ids[j + 1] === ids[j] + 1) j++;
    text += `${i === 0 ? '' : '.'}${i === j ? ids[i] : `${ids[i]}-${ids[j]}`}`;
    i = j + 1;
  }
  return text;
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

function isAscending(neurons: readonly number[]): boolean {
  for (let i = 1; i < neurons.length; i++) if (neurons[i] <= neurons[i - 1]) return false;
  return true;
}
