/**
 * Where every drawn point lies, on the GPU: one RGBA32F texel a point (x, y, z, layer), and one small table of the
 * layers (shift and spacing; colour and visibility). Neurons come first, by global index; the dimensions of decoders
 * follow. Fanning out and hiding change the small table only.
 */

import * as THREE from 'three';

import type { LayerFrame, Network } from '../state/frames';
import { layerColour } from '../state/palette';

export interface TableRow {
  readonly name: string;
  readonly kind: 'layer' | 'place';
  readonly first: number;
  readonly n: number;
  readonly frame: LayerFrame | null;
  readonly spacing: number;
  readonly colour: THREE.Color;
  readonly box: THREE.Box3;
  /** Current displacement by the fan-out. */
  readonly shift: THREE.Vector3;
  /** 0 hidden .. 1 shown; between while it comes or goes. */
  visible: number;
}

/** Texture width for n texels: a power of two, so that shader and CPU address by shift and mask. */
export function textureWidth(n: number): number {
  return Math.min(8192, 2 ** Math.ceil(Math.log2(Math.sqrt(Math.max(n, 1)))));
}

export class NeuronTable {
  readonly n_neurons: number;
  readonly n_points: number;
  readonly width: number;
  readonly height: number;
  readonly rows: TableRow[] = [];
  readonly uniforms: Record<string, THREE.IUniform>;
  /** x, y, z, row of every point, without the shift. */
  readonly points: Float32Array;
  private readonly middle = new THREE.Vector3();
  private readonly positionTexture: THREE.DataTexture;
  private readonly layerTexture: THREE.DataTexture;

  constructor(network: Network) {
    this.n_neurons = network.n_neurons;
    const places = network.places ?? [];
    const decoders = network.projections.filter((projection) => projection.kind === 'decoder');
    const dimensions = places.map((_, i) => decoders[i]?.target_neurons ?? 0);
    this.n_points = this.n_neurons + dimensions.reduce((sum, n) => sum + n, 0);
    this.width = textureWidth(this.n_points);
    this.height = Math.max(1, Math.ceil(this.n_points / this.width));

    this.points = new Float32Array(this.width * this.height * 4);
    const { positions } = network;
    for (let i = 0; i < this.n_neurons; i++) {
      this.points[4 * i] = positions[3 * i];
      this.points[4 * i + 1] = positions[3 * i + 1];
      this.points[4 * i + 2] = positions[3 * i + 2];
    }
    for (const layer of network.layers) {
      this.addRow('layer', layer.name, layer.offset, layer.n_neurons, layer.frame, new THREE.Color(layerColour(layer.index)));
    }
    let first = this.n_neurons;
    places.forEach((place, i) => {
      for (let d = 0; d < dimensions[i]; d++) {
        const [row, column] = [Math.floor(d / place.columns), d % place.columns];
        for (let k = 0; k < 3; k++) {
          this.points[4 * (first + d) + k] = place.origin[k] + column * place.axes[0][k] + row * place.axes[1][k];
        }
      }
      this.addRow('place', place.name, first, dimensions[i], place, new THREE.Color('#9aa4b8'));
      first += dimensions[i];
    });
    this.bounds().getCenter(this.middle);

    this.positionTexture = new THREE.DataTexture(
      this.points, this.width, this.height, THREE.RGBAFormat, THREE.FloatType,
    );
    this.positionTexture.needsUpdate = true;
    this.layerTexture = new THREE.DataTexture(
      new Float32Array(Math.max(1, this.rows.length) * 2 * 4), Math.max(1, this.rows.length), 2, THREE.RGBAFormat, THREE.FloatType,
    );
    this.uniforms = {
      positions: { value: this.positionTexture },
      layers: { value: this.layerTexture },
      widthBits: { value: Math.log2(this.width) },
    };
    this.upload();
  }

  /** Moves each layer away from the middle of the network: 1 = as laid out, 2 = twice as far apart. */
  setSpread(spread: number): void {
    const centre = new THREE.Vector3();
    for (const row of this.rows) {
      row.box.getCenter(centre);
      row.shift.copy(centre).sub(this.middle).multiplyScalar(spread - 1);
    }
    this.upload();
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

  rowOf(point: number): TableRow | null {
    return this.rows[this.points[4 * point + 3]] ?? null;
  }

  position(point: number, target: THREE.Vector3): THREE.Vector3 {
    target.set(this.points[4 * point], this.points[4 * point + 1], this.points[4 * point + 2]);
    const row = this.rowOf(point);
    return row === null ? target : target.add(row.shift);
  }

  /** Box of a row where it is drawn now. */
  boxOf(row: TableRow): THREE.Box3 {
    return row.box.clone().translate(row.shift);
  }

  /** Box of everything that is shown; of everything where nothing is. */
  bounds(): THREE.Box3 {
    const shown = this.rows.filter((row) => row.visible > 0.5);
    const box = new THREE.Box3();
    for (const row of shown.length > 0 ? shown : this.rows) box.union(this.boxOf(row));
    if (box.isEmpty()) box.set(new THREE.Vector3(-1, -1, -1), new THREE.Vector3(1, 1, 1));
    return box;
  }

  dispose(): void {
    this.positionTexture.dispose();
    this.layerTexture.dispose();
  }

  private addRow(
    kind: TableRow['kind'], name: string, first: number, n: number, frame: LayerFrame | null, colour: THREE.Color,
  ): void {
    const box = new THREE.Box3();
    const point = new THREE.Vector3();
    for (let i = first; i < first + n; i++) {
      this.points[4 * i + 3] = this.rows.length;
      box.expandByPoint(point.set(this.points[4 * i], this.points[4 * i + 1], this.points[4 * i + 2]));
    }
    const size = box.getSize(point);
    const guess = n > 1 ? Math.sqrt(Math.max(size.x * size.y, size.y * size.z, size.x * size.z, 1e-6) / n) : 1;
    const spacing = frame?.spacing ?? guess;
    box.expandByVector(new THREE.Vector3(0.02, 0.6, 0.6).multiplyScalar(spacing));
    this.rows.push({ name, kind, first, n, frame, spacing, colour, box, shift: new THREE.Vector3(), visible: 1 });
  }

  private upload(): void {
    const data = this.layerTexture.image.data as Float32Array;
    this.rows.forEach((row, i) => {
      data.set([row.shift.x, row.shift.y, row.shift.z, row.spacing], 4 * i);
      data.set([row.colour.r, row.colour.g, row.colour.b, row.visible], 4 * (this.rows.length + i));
    });
    this.layerTexture.needsUpdate = true;
  }
}

/** GLSL: reads a point by its id. Goes with `NeuronTable.uniforms`. */
export const POINT_GLSL = /* glsl */ `
uniform highp sampler2D positions;
uniform highp sampler2D layers;
uniform int widthBits;

ivec2 texelOf(int id) { return ivec2(id & ((1 << widthBits) - 1), id >> widthBits); }

struct Point { vec3 position; float spacing; vec3 colour; float visible; };

Point pointOf(int id) {
  vec4 place = texelFetch(positions, texelOf(id), 0);
  int row = int(place.w + 0.5);
  vec4 shift = texelFetch(layers, ivec2(row, 0), 0);
  vec4 look = texelFetch(layers, ivec2(row, 1), 0);
  return Point(place.xyz + shift.xyz, shift.w, look.rgb, look.a);
}
`;
