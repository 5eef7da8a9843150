/**
 * Where every drawn point lies, on the GPU: one RGBA32F texel a point (x, y, z, layer), and one small table of the
 * layers (shift and spacing; colour and visibility). Neurons come first, by global index; the dimensions of decoders
 * follow. Fanning out and hiding change the small table only.
 */

import * as THREE from 'three';

import type { LayerFrame, Network, Placement } from '../../state/frames';
import { layerColour } from '../../state/palette';

export interface TableRow {
  readonly name: string;
  readonly kind: 'layer' | 'place';
  readonly first: number;
  readonly n: number;
  frame: LayerFrame | null;
  spacing: number;
  readonly colour: THREE.Color;
  /** Around its points as they are drawn now, without the shift. */
  readonly box: THREE.Box3;
  /** Current displacement by spreading and fanning out. */
  readonly shift: THREE.Vector3;
  /** 0 hidden .. 1 shown; between while it comes or goes. */
  visible: number;
  /** Neurons for which a drawn one stands; it is as much larger. */
  stands: number;
}

/** Where a row is on its way from and to. */
interface Travel {
  readonly box: readonly [THREE.Box3, THREE.Box3];
  readonly spacing: readonly [number, number];
}

/** Texture width for n texels: a power of two, so that shader and CPU address by shift and mask. */
export function textureWidth(n: number): number {
  return Math.min(8192, 2 ** Math.ceil(Math.log2(Math.sqrt(Math.max(n, 1)))));
}

/** No network reaches so far: a side where nothing is clipped. */
export const UNCUT = 1e30;

/** GLSL: whether the clipping planes leave a place. Goes with `clipMin` and `clipMax` of `NeuronTable.uniforms`. */
export const CLIP_GLSL = /* glsl */ `
uniform vec3 clipMin;
uniform vec3 clipMax;
bool clipped(vec3 place) {
  return any(lessThan(place, clipMin)) || any(greaterThan(place, clipMax));
}
`;

export class NeuronTable {
  readonly n_neurons: number;
  readonly n_points: number;
  readonly width: number;
  readonly height: number;
  readonly rows: TableRow[] = [];
  readonly uniforms: Record<string, THREE.IUniform>;
  /** x, y, z, row of every point, without the shift; where they are going while they move. */
  readonly points: Float32Array;
  /** Grows whenever a row has moved, comes, goes or grows. */
  version = 0;
  private readonly middle = new THREE.Vector3();
  private readonly positionTexture: THREE.DataTexture;
  private readonly layerTexture: THREE.DataTexture;
  /** One texel while nothing moves: the shader reads it only on the way. */
  private beforeTexture = texelTexture(new Float32Array(4), 1, 1);
  private before: Float32Array | null = null;
  private travels: Travel[] = [];
  /** What the clipping planes leave; the uniforms are its corners. */
  private readonly left: THREE.Box3;
  private spread = 1;
  private fan = 0;
  private readonly reach = { version: -1, box: new THREE.Box3() };

  constructor(network: Network) {
    this.n_neurons = network.n_neurons;
    const places = network.places ?? [];
    const decoders = network.projections.filter((projection) => projection.kind === 'decoder');
    const dimensions = places.map((_, i) => decoders[i]?.target_neurons ?? 0);
    this.n_points = this.n_neurons + dimensions.reduce((sum, n) => sum + n, 0);
    this.width = textureWidth(this.n_points);
    this.height = Math.max(1, Math.ceil(this.n_points / this.width));
    this.points = new Float32Array(this.width * this.height * 4);
    for (const layer of network.layers) {
      this.addRow('layer', layer.name, layer.offset, layer.n_neurons, new THREE.Color(layerColour(layer.index)));
    }
    let first = this.n_neurons;
    places.forEach((place, i) => {
      this.addRow('place', place.name, first, dimensions[i], new THREE.Color('#9aa4b8'));
      first += dimensions[i];
    });
    this.positionTexture = texelTexture(this.points, this.width, this.height);
    const n_rows = Math.max(1, this.rows.length);
    this.layerTexture = texelTexture(new Float32Array(n_rows * 2 * 4), n_rows, 2);
    this.left = new THREE.Box3(new THREE.Vector3().setScalar(-UNCUT), new THREE.Vector3().setScalar(UNCUT));
    this.uniforms = {
      positions: { value: this.positionTexture },
      positionsBefore: { value: this.beforeTexture },
      morph: { value: 1 },
      layers: { value: this.layerTexture },
      widthBits: { value: Math.log2(this.width) },
      clipMin: { value: this.left.min },
      clipMax: { value: this.left.max },
    };
    this.place({ positions: network.positions, frames: network.layers.map(({ frame }) => frame), places });
    this.bounds().getCenter(this.middle);
    this.upload();
  }

  /** True while points are on their way from one layout to another. */
  get moving(): boolean {
    return this.before !== null;
  }

  /** Starts out for another layout; `moveTo` brings the points there. */
  setPlacement(placement: Placement): void {
    const before = this.points.slice();
    if (this.before !== null) {
      const part = this.uniforms.morph.value as number;
      for (let i = 0; i < before.length; i++) before[i] = this.before[i] + (before[i] - this.before[i]) * part;
    }
    const from = this.rows.map(({ box, spacing }) => ({ box: box.clone(), spacing }));
    this.place(placement);
    this.travels = this.rows.map(({ box, spacing }, i) => ({
      box: [from[i].box, box.clone()], spacing: [from[i].spacing, spacing],
    }));
    this.before = before;
    this.beforeTexture.dispose();
    this.beforeTexture = texelTexture(before, this.width, this.height);
    this.uniforms.positionsBefore.value = this.beforeTexture;
    this.positionTexture.needsUpdate = true;
    this.middle.copy(this.travels.reduce((all, { box }) => all.union(box[1]), new THREE.Box3()).getCenter(new THREE.Vector3()));
    this.moveTo(0);
  }

  /** Brings the points to a part of their way: 0 = where they were, 1 = there. */
  moveTo(part: number): void {
    if (this.before === null) return;
    this.uniforms.morph.value = part;
    this.rows.forEach((row, i) => {
      const { box, spacing } = this.travels[i];
      row.box.min.lerpVectors(box[0].min, box[1].min, part);
      row.box.max.lerpVectors(box[0].max, box[1].max, part);
      row.spacing = spacing[0] + (spacing[1] - spacing[0]) * part;
    });
    if (part >= 1) {
      this.before = null;
      this.beforeTexture.dispose();
      this.beforeTexture = texelTexture(new Float32Array(4), 1, 1);
      this.uniforms.positionsBefore.value = this.beforeTexture;
    }
    this.shiftRows();
  }

  /**
   * Moves the layers apart without laying them out anew.
   *
   * @param spread distance from the middle of the network: 1 = as laid out, 2 = twice as far apart
   * @param fan 0 = as laid out .. 1 = each beside the one before it, towards the viewer's right
   */
  setSpread(spread: number, fan: number): void {
    this.spread = spread;
    this.fan = fan;
    this.shiftRows();
  }

  /** Eases each layer towards shown or hidden; returns true while something still moves. */
  easeVisibility(hidden: ReadonlySet<string>, step: number): boolean {
    let moving = false;
    let changed = false;
    for (const row of this.rows) {
      const goal = hidden.has(row.name) ? 0 : 1;
      if (row.visible === goal) continue;
      const next = goal > row.visible ? Math.min(goal, row.visible + step) : Math.max(goal, row.visible - step);
      row.visible = next;
      changed = true;
      moving ||= next !== goal;
    }
    if (changed) this.upload();
    return moving || changed;
  }

  /** True where the clipping planes take a place away. */
  clips(place: THREE.Vector3): boolean {
    return !this.left.containsPoint(place);
  }

  /** True where they take all of a box away. */
  clipsAll(box: THREE.Box3): boolean {
    return !this.left.intersectsBox(box);
  }

  /** What the clipping planes leave of a row's box. */
  leftOf(row: TableRow): THREE.Box3 {
    return this.boxOf(row).intersect(this.left);
  }

  rowOf(point: number): TableRow | null {
    return this.rows[this.points[4 * point + 3]] ?? null;
  }

  position(point: number, target: THREE.Vector3): THREE.Vector3 {
    const at = 4 * point;
    target.set(this.points[at], this.points[at + 1], this.points[at + 2]);
    if (this.before !== null) {
      const part = this.uniforms.morph.value as number;
      const from = new THREE.Vector3(this.before[at], this.before[at + 1], this.before[at + 2]);
      target.lerpVectors(from, target.clone(), part);
    }
    const row = this.rowOf(point);
    return row === null ? target : target.add(row.shift);
  }

  /** Box of a row where it is drawn now. */
  boxOf(row: TableRow): THREE.Box3 {
    return row.box.clone().translate(row.shift);
  }

  /** Makes each drawn neuron as large as those that it stands for; by row. */
  thin(steps: readonly number[]): void {
    for (const [i, row] of this.rows.entries()) row.stands = steps[i];
    this.upload();
  }

  /** Box of a row where it will be when it has arrived. */
  goalOf(row: TableRow): THREE.Box3 {
    const travel = this.before === null ? undefined : this.travels[this.rows.indexOf(row)];
    return travel === undefined ? this.boxOf(row) : travel.box[1].clone().translate(row.shift);
  }

  /** Box of everything that is shown (of everything where nothing is), where it will be when it has arrived. */
  bounds(): THREE.Box3 {
    const { reach } = this;
    if (reach.version !== this.version) {
      reach.version = this.version;
      reach.box.makeEmpty();
      const shown = this.rows.filter((row) => row.visible > 0.5);
      for (const row of shown.length > 0 ? shown : this.rows) reach.box.union(this.goalOf(row));
      if (reach.box.isEmpty()) reach.box.set(new THREE.Vector3(-1, -1, -1), new THREE.Vector3(1, 1, 1));
    }
    return reach.box.clone();
  }

  dispose(): void {
    this.positionTexture.dispose();
    this.beforeTexture.dispose();
    this.layerTexture.dispose();
  }

  private addRow(kind: TableRow['kind'], name: string, first: number, n: number, colour: THREE.Color): void {
    for (let i = first; i < first + n; i++) this.points[4 * i + 3] = this.rows.length;
    this.rows.push({
      name, kind, first, n, frame: null, spacing: 1, colour, box: new THREE.Box3(), shift: new THREE.Vector3(), visible: 1, stands: 1,
    });
  }

  /** Writes the points, and each row's frame, box and spacing. */
  private place({ positions, frames, places }: Placement): void {
    for (let i = 0; i < this.n_neurons; i++) {
      this.points[4 * i] = positions[3 * i];
      this.points[4 * i + 1] = positions[3 * i + 1];
      this.points[4 * i + 2] = positions[3 * i + 2];
    }
    let [layer, place] = [0, 0];
    for (const row of this.rows) {
      row.frame = (row.kind === 'layer' ? frames[layer++] : places[place++]) ?? null;
      if (row.kind === 'place' && row.frame !== null) this.placeDimensions(row, row.frame);
      row.box.makeEmpty();
      const point = new THREE.Vector3();
      for (let i = row.first; i < row.first + row.n; i++) {
        row.box.expandByPoint(point.set(this.points[4 * i], this.points[4 * i + 1], this.points[4 * i + 2]));
      }
      const size = row.box.getSize(point);
      const guess = row.n > 1 ? Math.sqrt(Math.max(size.x * size.y, size.y * size.z, size.x * size.z, 1e-6) / row.n) : 1;
      row.spacing = row.frame?.spacing ?? guess;
      row.box.expandByVector(new THREE.Vector3(0.02, 0.6, 0.6).multiplyScalar(row.spacing));
    }
  }

  private placeDimensions(row: TableRow, { origin, axes, columns }: LayerFrame): void {
    for (let d = 0; d < row.n; d++) {
      const [r, c] = [Math.floor(d / columns), d % columns];
      for (let k = 0; k < 3; k++) this.points[4 * (row.first + d) + k] = origin[k] + c * axes[0][k] + r * axes[1][k];
    }
  }

  private shiftRows(): void {
    const centre = new THREE.Vector3();
    for (const row of this.rows) {
      row.box.getCenter(centre);
      row.shift.copy(centre).sub(this.middle).multiplyScalar(this.spread - 1);
    }
    if (this.fan > 0) {
      // In the order in which they stand: from left to right, or from the top down where they are stacked.
      const spans = [0, 1].map((axis) => {
        const at = this.rows.map((row) => row.box.getCenter(centre).getComponent(axis));
        return Math.max(...at) - Math.min(...at);
      });
      const standing = [...this.rows].sort((a, b) =>
        spans[0] >= spans[1] ? centreOf(a, 0) - centreOf(b, 0) : centreOf(b, 1) - centreOf(a, 1));
      const width = (row: TableRow): number => 1.12 * (row.box.max.z - row.box.min.z);
      let z = -standing.reduce((sum, row) => sum + width(row), 0) / 2;
      for (const row of standing) {
        row.shift.z += this.fan * (z + width(row) / 2 - centreOf(row, 2) + this.middle.z);
        z += width(row);
      }
    }
    this.upload();
  }

  private upload(): void {
    this.version++;
    const data = this.layerTexture.image.data as Float32Array;
    this.rows.forEach((row, i) => {
      data.set([row.shift.x, row.shift.y, row.shift.z, row.spacing * Math.sqrt(row.stands)], 4 * i);
      data.set([row.colour.r, row.colour.g, row.colour.b, row.visible], 4 * (this.rows.length + i));
    });
    this.layerTexture.needsUpdate = true;
  }
}

function centreOf({ box }: TableRow, axis: number): number {
  return (box.min.getComponent(axis) + box.max.getComponent(axis)) / 2;
}

function texelTexture(data: Float32Array, width: number, height: number): THREE.DataTexture {
  const texture = new THREE.DataTexture(data, width, height, THREE.RGBAFormat, THREE.FloatType);
  texture.needsUpdate = true;
  return texture;
}

/** GLSL: reads a point by its id. Goes with `NeuronTable.uniforms`. */
export const POINT_GLSL = /* glsl */ `
${CLIP_GLSL}
uniform highp sampler2D positions;
uniform highp sampler2D positionsBefore;
uniform float morph;  // 1 = there
uniform highp sampler2D layers;
uniform int widthBits;

ivec2 texelOf(int id) { return ivec2(id & ((1 << widthBits) - 1), id >> widthBits); }

struct Point { vec3 position; float spacing; vec3 colour; float visible; };

Point pointOf(int id) {
  vec4 place = texelFetch(positions, texelOf(id), 0);
  if (morph < 1.0) place.xyz = mix(texelFetch(positionsBefore, texelOf(id), 0).xyz, place.xyz, morph);
  int row = int(place.w + 0.5);
  vec4 shift = texelFetch(layers, ivec2(row, 0), 0);
  vec4 look = texelFetch(layers, ivec2(row, 1), 0);
  place.xyz += shift.xyz;
  return Point(place.xyz, shift.w, look.rgb, look.a);
}

/** 0 where the point is hidden or clipped away. */
float visibleOf(Point point) { return clipped(point.position) ? 0.0 : point.visible; }
`;

/** GLSL: a number in [0, 1) drawn for each id, always the same. */
export const LOT_GLSL = /* glsl */ `
float lotOf(uint id) {
  uint h = id * 2654435761u;
  h = (h ^ (h >> 15)) * 2246822519u;
  return float((h ^ (h >> 13)) & 0xffffu) / 65536.0;
}
`;
