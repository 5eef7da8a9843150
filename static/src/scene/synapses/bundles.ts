/**
 * Each projection as one bundle between its layers: what is left to be seen of single synapses from far away. As wide as
 * its summed |weight| or its number of synapses, coloured by its mean weight, narrower towards its target.
 */

import * as THREE from 'three';

import type { Projections } from './projections';
import { colourMapTexture } from '../legend/colour_maps';
import { CLIP_GLSL, type NeuronTable, type TableRow } from '../neurons/neuron_table';
import type { View } from '../../state/view';

const STEPS = 28;
/** Half the widest bundle, of the network's radius. */
const WIDEST = 0.035;
const NARROWEST = 0.1;
/** At the target, of its width at the source. */
const TAPER = 0.4;
/** Bundles come where the camera is so many times farther than where the network fills the window. */
const [FAR_BEGINS, FAR_ENDS] = [1.5, 2.1];
/** Layers whose middles lie nearer, of the network's radius, lie in each other. */
const SAME_PLACE = 0.08;
const COUNT_EVERY_MS = 1500;

/** Pixels beside a bundle that still mean it. */
const HOVER_PX = 3;

type Anchors = ReadonlyMap<TableRow, THREE.Vector3>;

/** A bundle as it is drawn: along which points, and half how wide at its source. */
interface Drawn {
  readonly bundle: Bundle;
  readonly points: readonly THREE.Vector3[];
  readonly half: number;
}

const VERTEX = /* glsl */ `
in vec3 tangent;
in vec4 look;       // side -1 or 1, half width, place along it 0..1, mean weight of full colour -1..1 (9: unknown)
uniform float pixelScale;
out vec3 place;
out float across;
flat out float value;
void main() {
  place = position;
  vec4 view = modelViewMatrix * vec4(position, 1.0);
  vec3 along = mat3(modelViewMatrix) * tangent;
  vec2 side = normalize(vec2(-along.y, along.x) + vec2(1e-9, 0.0));
  float scale = length(modelViewMatrix[0].xyz); // a headset shows the network smaller
  float half_width = max(scale * look.y * mix(1.0, ${TAPER.toFixed(2)}, look.z), -view.z / pixelScale);
  view.xy += side * look.x * half_width;
  gl_Position = projectionMatrix * view;
  across = look.x;
  value = look.w;
}`;

const FRAGMENT = /* glsl */ `
${CLIP_GLSL}
uniform sampler2D weightMap;
uniform float shown;
in vec3 place;
in float across;
flat in float value;
out vec4 pixel;
void main() {
  if (clipped(place)) discard;
  float size = min(abs(value), 1.0);
  vec3 colour = value > 8.0 ? vec3(0.42, 0.46, 0.56) : texture(weightMap, vec2(0.5 + 0.5 * sign(value) * (0.4 + 0.5 * size), 0.5)).rgb;
  float round = sqrt(max(0.0, 1.0 - across * across));
  pixel = vec4(colour * (0.45 + 0.55 * round), shown * 0.85 * smoothstep(0.0, 0.35, round));
}`;

/** What is known of a projection. */
export interface Bundle {
  readonly name: string;
  readonly source: string;
  readonly target: string;
  readonly n_synapses: number;
  /** Sum of |weight|; null where weights are not known. */
  readonly sum_abs: number | null;
  readonly mean: number | null;
  readonly unit: string;
}

export class Bundles {
  readonly object: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial>;
  bundles: readonly Bundle[] = [];
  /** Mean |weight| of full colour; 0 while no weights are known. */
  scale = 0;
  /** How many are drawn. */
  drawn = 0;
  private strips: readonly Drawn[] = [];
  private readonly map = colourMapTexture('berlin');
  private versions = '';
  private counted_ms = -Infinity;
  private built = '';

  constructor(private readonly view: View, private readonly table: NeuronTable, private readonly projections: Projections, shared: Record<string, THREE.IUniform>) {
    const material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false, depthTest: false, side: THREE.DoubleSide,
      uniforms: {
        clipMin: table.uniforms.clipMin, clipMax: table.uniforms.clipMax, pixelScale: shared.pixelScale,
        weightMap: { value: this.map }, shown: { value: 0 },
      },
    });
    this.object = new THREE.Mesh(new THREE.BufferGeometry(), material);
    this.object.frustumCulled = false;
    this.object.renderOrder = 3;
    this.object.visible = false;
  }

  /**
   * How far bundles stand in for lines: 0 = not at all .. 1 = altogether.
   *
   * @param far distance of the camera, 1 = where the network fills the window
   */
  part(far: number): number {
    const { view } = this;
    if (view.get('synapses') === 0 || view.get('bundles') === 'never') return 0;
    if (view.get('bundles') === 'always') return 1;
    return THREE.MathUtils.smoothstep(far, FAR_BEGINS, FAR_ENDS);
  }

  /**
   * Counts the weights where they have moved on and follows the layers.
   *
   * @param part as `part` says; nothing is counted while it is 0
   * @returns true when the picture changed
   */
  update(part: number, level: number, frame: number, now_ms: number, rest: boolean): boolean {
    const faded = this.object.material.uniforms.shown.value !== part;
    this.object.material.uniforms.shown.value = part;
    this.object.visible = part > 0;
    if (part === 0) return faded;
    if (this.versions === '' || now_ms - this.counted_ms > (rest ? 100 : COUNT_EVERY_MS)) {
      this.counted_ms = now_ms;
      this.count(level, frame);
    }
    const rows = this.table.rows.map((row) => `${this.table.boxOf(row).min.toArray().join()} ${row.visible > 0.5}`);
    const key = `${this.versions} ${this.view.get('bundle_width')} ${rows.join()}`;
    if (key === this.built) return faded;
    this.built = key;
    this.build();
    return true;
  }

  /** The bundle at a CSS pixel of a picture, where bundles stand in for most lines; of several the nearest. */
  at(camera: THREE.PerspectiveCamera, x: number, y: number, width: number, height: number): Bundle | null {
    if (!this.object.visible || this.object.material.uniforms.shown.value < 0.5) return null;
    const pixelScale = height * 0.5 * camera.projectionMatrix.elements[5];
    const [place, pixel, before] = [new THREE.Vector3(), new THREE.Vector2(), new THREE.Vector2()];
    const pointer = new THREE.Vector2(x, y);
    let [found, nearest]: [Bundle | null, number] = [null, Infinity];
    for (const { bundle, points, half } of this.strips) {
      points.forEach((point, step) => {
        const depth = -place.copy(point).applyMatrix4(camera.matrixWorldInverse).z;
        if (depth < camera.near || this.table.clips(point)) return pixel.set(Infinity, Infinity);
        place.applyMatrix4(camera.projectionMatrix);
        pixel.set((place.x * 0.5 + 0.5) * width, (0.5 - place.y * 0.5) * height);
        const half_px = Math.max(1, (half * THREE.MathUtils.lerp(1, TAPER, step / (points.length - 1)) * pixelScale) / depth);
        if (step > 0 && depth < nearest && distanceToLine(pointer, before, pixel) < half_px + HOVER_PX) [found, nearest] = [bundle, depth];
        before.copy(pixel);
      });
    }
    return found;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
    this.map.dispose();
  }

  private count(level: number, frame: number): void {
    const versions: string[] = [];
    this.projections.each(level, frame, ({ info }, state) => versions.push(`${info.name} ${state?.version ?? -1}`));
    const key = versions.join() || '-';
    if (key === this.versions) return;
    this.versions = key;
    const found: Bundle[] = [];
    this.projections.each(level, frame, ({ info, unit }, state) => {
      const { name, source, target, n_synapses } = info;
      found.push({ name, source, target, n_synapses, unit, ...sumsOf(state?.values ?? null) });
    });
    this.bundles = found;
    this.scale = Math.max(0, ...found.map(({ mean }) => Math.abs(mean ?? 0)));
  }

  private build(): void {
    const byWeight = this.view.get('bundle_width') === 'weight';
    const rows = new Map(this.table.rows.map((row) => [row.name, row]));
    const amount = ({ sum_abs, n_synapses }: Bundle): number => (byWeight ? (sum_abs ?? 0) : n_synapses);
    const most = Math.max(1e-30, ...this.bundles.map(amount));
    const radius = this.table.bounds().getBoundingSphere(new THREE.Sphere()).radius;
    const anchors = this.anchors(radius);
    const pairs = new Set(this.bundles.map(({ source, target }) => `${source}\n${target}`));
    const strips = new Strips();
    const drawn: Drawn[] = [];
    for (const bundle of this.bundles) {
      const [source, target] = [rows.get(bundle.source), rows.get(bundle.target)];
      if (source === undefined || target === undefined || source.visible <= 0.5 || target.visible <= 0.5) continue;
      const half = WIDEST * radius * Math.max(NARROWEST, Math.sqrt(amount(bundle) / most));
      const value = bundle.mean === null ? 9 : this.scale > 0 ? bundle.mean / this.scale : 0;
      const back = pairs.has(`${bundle.target}\n${bundle.source}`);
      const curve = source === target ? this.loopOf(source, anchors) : this.curveOf(source, target, anchors, back);
      strips.add(curve, half, value);
      drawn.push({ bundle, points: curve.getPoints(STEPS), half });
    }
    strips.into(this.object.geometry);
    this.strips = drawn;
    this.drawn = drawn.length;
  }

  /** The middles of the layers; of those that lie in each other, places beside each other. */
  private anchors(radius: number): Anchors {
    const groups: { middle: THREE.Vector3; rows: TableRow[] }[] = [];
    for (const row of this.table.rows) {
      if (row.visible <= 0.5) continue;
      const middle = this.table.boxOf(row).getCenter(new THREE.Vector3());
      const near = groups.find((group) => group.middle.distanceTo(middle) < SAME_PLACE * radius);
      if (near === undefined) groups.push({ middle, rows: [row] });
      else near.rows.push(row);
    }
    return new Map(groups.flatMap(({ middle, rows }) => rows.map((row, i) => {
      const wide = 0.6 * this.table.boxOf(row).getSize(new THREE.Vector3()).x;
      const aside = rows.length > 1 ? (i / (rows.length - 1) - 0.5) * wide : 0;
      return [row, middle.clone().setX(middle.x + aside)] as const;
    })));
  }

  /** From middle to middle: aside where another comes back, over what lies between. */
  private curveOf(source: TableRow, target: TableRow, anchors: Anchors, back: boolean): THREE.CubicBezierCurve3 {
    const [a, b] = [source, target].map((row) => anchors.get(row) ?? new THREE.Vector3());
    const way = b.clone().sub(a);
    const ray = new THREE.Ray(a, way.clone().normalize());
    const between = this.table.rows.some((row) => {
      if (row === source || row === target || row.visible <= 0.5) return false;
      const hit = ray.intersectBox(this.table.boxOf(row), new THREE.Vector3());
      return hit !== null && hit.distanceTo(a) < way.length();
    });
    const upright = Math.abs(way.y) > 0.9 * way.length();
    const aside = new THREE.Vector3().crossVectors(way, upright ? new THREE.Vector3(0, 0, 1) : new THREE.Vector3(0, 1, 0)).multiplyScalar(back ? 0.16 : 0);
    if (between) aside.add((upright ? new THREE.Vector3(1, 0, 0) : new THREE.Vector3(0, 1, 0)).multiplyScalar(0.45 * way.length()));
    const at = (part: number): THREE.Vector3 => a.clone().addScaledVector(way, part).add(aside);
    return new THREE.CubicBezierCurve3(a, at(0.3), at(0.7), b);
  }

  /** Of a layer onto itself: a loop above it. */
  private loopOf(row: TableRow, anchors: Anchors): THREE.CubicBezierCurve3 {
    const size = this.table.boxOf(row).getSize(new THREE.Vector3());
    const [middle, wide, high] = [anchors.get(row) ?? new THREE.Vector3(), 0.45 * Math.max(size.y, size.z), size.y * 1.1];
    const at = (x: number): THREE.Vector3 => middle.clone().add(new THREE.Vector3(x, high, 0));
    return new THREE.CubicBezierCurve3(middle, at(-wide), at(wide), middle);
  }
}

/** Sum of |weight| and mean weight of those that are known. */
export function sumsOf(values: Float32Array | null): { sum_abs: number | null; mean: number | null } {
  let [sum, sum_abs, n] = [0, 0, 0];
  for (const value of values ?? []) {
    if (value !== value) continue;
    sum += value;
    sum_abs += Math.abs(value);
    n++;
  }
  return n === 0 ? { sum_abs: null, mean: null } : { sum_abs, mean: sum / n };
}

/** Pixels from a point to a line that ends at a and b. */
export function distanceToLine(point: THREE.Vector2, a: THREE.Vector2, b: THREE.Vector2): number {
  const way = b.clone().sub(a);
  const along = THREE.MathUtils.clamp(point.clone().sub(a).dot(way) / Math.max(way.lengthSq(), 1e-12), 0, 1);
  return point.distanceTo(a.clone().addScaledVector(way, along));
}

/** Ribbons along curves, two vertices a step. */
class Strips {
  private readonly places: number[] = [];
  private readonly tangents: number[] = [];
  private readonly looks: number[] = [];
  private readonly indices: number[] = [];

  add(curve: THREE.Curve<THREE.Vector3>, half: number, value: number): void {
    const first = this.places.length / 3;
    for (let step = 0; step <= STEPS; step++) {
      const along = step / STEPS;
      const place = curve.getPoint(along);
      const tangent = curve.getTangent(along);
      for (const side of [-1, 1]) {
        this.places.push(place.x, place.y, place.z);
        this.tangents.push(tangent.x, tangent.y, tangent.z);
        this.looks.push(side, half, along, value);
      }
      const at = first + 2 * step;
      if (step < STEPS) this.indices.push(at, at + 1, at + 2, at + 1, at + 3, at + 2);
    }
  }

  into(geometry: THREE.BufferGeometry): void {
    geometry.dispose();
    geometry.setAttribute('position', new THREE.Float32BufferAttribute(this.places, 3));
    geometry.setAttribute('tangent', new THREE.Float32BufferAttribute(this.tangents, 3));
    geometry.setAttribute('look', new THREE.Float32BufferAttribute(this.looks, 4));
    geometry.setIndex(this.indices);
    geometry.setDrawRange(0, this.indices.length);
  }
}
