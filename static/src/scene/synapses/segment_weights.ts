/**
 * The weights of the drawn segments as their shader finds them: a texture of one number a segment. Where it is known which
 * weights have changed, only those are looked at, and left for `WeightPass` to send.
 */

import * as THREE from 'three';

import { weightDifference } from './weight_differences';
import { textureWidth } from '../neurons/neuron_table';
import type { StateView } from '../../state/frames';

/** Instead of a weight, which never lies so far out after scaling. */
export const [UNKNOWN, PRUNED, ABSENT] = [9, 11, 99];

/** Segments of one projection, in the order of drawing. */
export interface SegmentPart {
  readonly projection: string;
  readonly synapses: Uint32Array;
}

export type Weights = Pick<StateView, 'values' | 'version' | 'changedSince'>;

/** Where one in so many has changed, the whole texture is sent. */
const MOST_CHANGED = 8;

/** Segments whose number is another than what was sent: place and number (its bits) of each, some of them twice. */
interface Changed {
  readonly points: Uint32Array;
  readonly numbers: Float32Array;
  n: number;
}

/** What of a projection is in the texture. */
interface Taken {
  readonly version: number;
  readonly scale: number;
  readonly minus: Float32Array | null;
  readonly minusVersion: number;
}

export class SegmentWeights {
  readonly texture: THREE.DataTexture;
  readonly changed: Changed;
  private readonly taken = new Map<string, Taken>();
  private readonly drawn: readonly DrawnPart[];

  /** @param filled what every segment has before its weight is known */
  constructor(parts: readonly SegmentPart[], filled: number) {
    let n = 0;
    this.drawn = parts.map(({ projection, synapses }) => {
      n += synapses.length;
      return new DrawnPart(projection, synapses, n - synapses.length);
    });
    this.texture = segmentTexture(n, filled);
    const points = new Uint32Array(2 * Math.ceil(n / MOST_CHANGED));
    this.changed = { points, numbers: new Float32Array(points.buffer), n: 0 };
  }

  /**
   * Takes over a projection's weights where they changed.
   *
   * @param scale |weight| of full colour
   * @param minus where given, the weights minus these; a synapse that one of the two lacks counts as 0 there
   * @returns true when something changed
   */
  set(projection: string, weights: Weights, scale: number, minus: Weights | null = null): boolean {
    const before = this.taken.get(projection);
    const taken = { version: weights.version, scale, minus: minus?.values ?? null, minusVersion: minus?.version ?? 0 };
    const same = before !== undefined && before.scale === scale && before.minus === taken.minus;
    if (same && before.version === taken.version && before.minusVersion === taken.minusVersion) return false;
    this.taken.set(projection, taken);
    const changed = same ? changedSince(before, weights, minus) : null;
    const [{ values }, less] = [weights, taken.minus];
    const { data } = this;
    let any = false;
    for (const part of this.drawn) {
      if (part.projection !== projection) continue;
      const { synapses, first } = part;
      if (changed !== null && changed.length < synapses.length) {
        const places = part.placesAmong(values.length);
        for (const id of changed) {
          if (places[id] < 0) continue;
          this.change(places[id], numberOf(values, less, id, scale));
          any = true;
        }
      } else {
        for (let i = 0; i < synapses.length; i++) data[first + i] = numberOf(values, less, synapses[i], scale);
        this.texture.needsUpdate = any = true;
      }
    }
    return any;
  }

  dispose(): void {
    this.texture.dispose();
  }

  private get data(): Float32Array {
    return this.texture.image.data as Float32Array;
  }

  private change(place: number, number: number): void {
    const { points, numbers, n } = this.changed;
    this.data[place] = number;
    if (2 * n === points.length) {
      this.texture.needsUpdate = true;
      return;
    }
    points[2 * n] = place;
    numbers[2 * n + 1] = number;
    this.changed.n++;
  }
}

class DrawnPart {
  private places: Int32Array | null = null;

  constructor(readonly projection: string, readonly synapses: Uint32Array, /** Its first segment. */ readonly first: number) {}

  /** The segment of each of n synapses; -1 where it has none. */
  placesAmong(n: number): Int32Array {
    if (this.places === null) {
      this.places = new Int32Array(n).fill(-1);
      for (let i = 0; i < this.synapses.length; i++) this.places[this.synapses[i]] = this.first + i;
    }
    return this.places;
  }
}

/** What the shader finds of a weight, or of what it has more than another. */
function numberOf(values: Float32Array, minus: Float32Array | null, id: number, scale: number): number {
  const weight = (minus === null ? values[id] : weightDifference(values[id], minus[id])) / scale;
  return weight === weight ? Math.max(-2, Math.min(2, weight)) : ABSENT;
}

/** Ids of the weights, and of those that are taken from them, that may have changed; null where that is not known. */
function changedSince(taken: Taken, weights: Weights, minus: Weights | null): Uint32Array | null {
  const changed = weights.changedSince(taken.version);
  if (changed === null || minus === null || minus.version === taken.minusVersion) return changed;
  const also = minus.changedSince(taken.minusVersion);
  if (also === null) return null;
  const both = new Uint32Array(changed.length + also.length);
  both.set(changed);
  both.set(also, changed.length);
  return both;
}

/** A number a segment, as the shader finds it. */
export function segmentTexture(n: number, filled: number, values: Float32Array | null = null): THREE.DataTexture {
  const width = textureWidth(n);
  const height = Math.max(1, Math.ceil(n / width));
  const data = new Float32Array(width * height).fill(filled);
  if (values !== null) data.set(values);
  const texture = new THREE.DataTexture(data, width, height, THREE.RedFormat, THREE.FloatType);
  texture.needsUpdate = true;
  return texture;
}
