/**
 * The glass plate and the fine edge of each sheet, so that the layers read as planes in depth; edges of each channel of a
 * stack, circles for rings and columns, a box for clouds.
 */

import * as THREE from 'three';

import { CLIP_GLSL, type NeuronTable, type TableRow } from './neurons/neuron_table';
import { isFlat, paneBox } from './pane_box';
import type { LayerFrame } from '../state/frames';

const VERTEX = /* glsl */ `
in vec3 corner;
in float row;
in float weight;
uniform highp sampler2D layers;
uniform vec2 depthRange;
uniform float shown;
flat out vec3 tint;
out float shade;
out vec3 place;
void main() {
  vec4 shift = texelFetch(layers, ivec2(int(row + 0.5), 0), 0);
  vec4 look = texelFetch(layers, ivec2(int(row + 0.5), 1), 0);
  place = corner + shift.xyz;
  vec4 view = modelViewMatrix * vec4(place, 1.0);
  gl_Position = projectionMatrix * view;
  tint = look.rgb * look.a * shown;
  shade = weight * (1.0 - 0.6 * smoothstep(depthRange.x, depthRange.y, -view.z));
}`;

const FRAGMENT = /* glsl */ `
${CLIP_GLSL}
flat in vec3 tint;
in float shade;
in vec3 place;
out vec4 pixel;
void main() {
  if (clipped(place)) discard;
  pixel = vec4(tint * shade, 1.0);
}`;

const EDGE = 0.30;
const PLATE_TOP = 0.055;
const PLATE_BOTTOM = 0.018;

export class Sheets {
  readonly object = new THREE.Group();
  readonly depthRange = { value: new THREE.Vector2(1, 1000) };
  private readonly edges = new THREE.BufferGeometry();
  private readonly plates = new THREE.BufferGeometry();
  private readonly fill: THREE.Mesh;
  readonly material: THREE.ShaderMaterial;

  constructor(table: NeuronTable) {
    this.material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
      blending: THREE.CustomBlending, blendSrc: THREE.OneFactor, blendDst: THREE.OneFactor, side: THREE.DoubleSide,
      uniforms: { layers: table.uniforms.layers, clipMin: table.uniforms.clipMin, clipMax: table.uniforms.clipMax, depthRange: this.depthRange, shown: { value: 1 } },
    });
    const lines = new THREE.LineSegments(this.edges, this.material);
    this.fill = new THREE.Mesh(this.plates, this.material);
    for (const object of [this.fill, lines]) {
      object.frustumCulled = false;
      object.renderOrder = 1;
      this.object.add(object);
    }
    this.rebuild(table);
  }

  /** Whether they are tinted inside of their edges. */
  set filled(filled: boolean) {
    this.fill.visible = filled;
  }

  /** Follows the boxes of the rows; called when a layout is new. */
  rebuild(table: NeuronTable): void {
    const edges = new Vertices();
    const plates = new Vertices();
    table.rows.forEach((row, index) => {
      const kind = row.frame?.kind;
      const box = table.goalOf(row).translate(row.shift.clone().negate());
      if (kind === 'ring') addCircle(edges, box, 'x', 0.5, index, EDGE);
      else if (kind === 'column') addDrum(edges, box, index);
      else if (kind === 'stack' && row.frame !== null) addStack(edges, paneBox(row, box), row.frame, index);
      else {
        const corners = cornersOf(row, box);
        if (corners === null) addBox(edges, box, index);
        else {
          addLoop(edges, corners, index, EDGE);
          const shade = [PLATE_TOP, PLATE_TOP, PLATE_BOTTOM, PLATE_BOTTOM];
          for (const i of [0, 1, 2, 0, 2, 3]) plates.add(corners[i], index, shade[i]);
        }
      }
    });
    for (const geometry of [this.edges, this.plates]) geometry.dispose();
    edges.into(this.edges);
    plates.into(this.plates);
  }

  /** 0 = unseen .. 1; between while a layout changes. */
  set shown(part: number) {
    this.material.uniforms.shown.value = part;
  }

  dispose(): void {
    this.edges.dispose();
    this.plates.dispose();
    this.material.dispose();
  }
}

class Vertices {
  private readonly corners: number[] = [];
  private readonly rows: number[] = [];
  private readonly weights: number[] = [];

  add(corner: THREE.Vector3, row: number, weight: number): void {
    this.corners.push(corner.x, corner.y, corner.z);
    this.rows.push(row);
    this.weights.push(weight);
  }

  into(geometry: THREE.BufferGeometry): void {
    geometry.setAttribute('corner', new THREE.Float32BufferAttribute(this.corners, 3));
    geometry.setAttribute('row', new THREE.Float32BufferAttribute(this.rows, 1));
    geometry.setAttribute('weight', new THREE.Float32BufferAttribute(this.weights, 1));
    geometry.setDrawRange(0, this.rows.length);
  }
}

/** Corners of a flat sheet, top left first, clockwise from the front; null for anything with depth. */
function cornersOf(row: TableRow, box: THREE.Box3): THREE.Vector3[] | null {
  return isFlat(row, box) ? upright((box.min.x + box.max.x) / 2, paneBox(row, box)) : null;
}

function upright(x: number, { min, max }: THREE.Box3): THREE.Vector3[] {
  const [top, bottom, left, right] = [max.y, min.y, min.z, max.z];
  return [
    new THREE.Vector3(x, top, left), new THREE.Vector3(x, top, right),
    new THREE.Vector3(x, bottom, right), new THREE.Vector3(x, bottom, left),
  ];
}

function addLoop(vertices: Vertices, corners: readonly THREE.Vector3[], row: number, weight: number): void {
  corners.forEach((corner, i) => {
    vertices.add(corner, row, weight);
    vertices.add(corners[(i + 1) % corners.length], row, weight);
  });
}

/** A frame around each channel, the front and the back one brighter; very deep stacks show every few. */
function addStack(vertices: Vertices, box: THREE.Box3, frame: LayerFrame, row: number): void {
  const pitch = frame.axes[2]?.[0] ?? 0;
  const channels = pitch > 0 ? Math.round((frame.bounds[0][0] + frame.bounds[1][0] - 2 * frame.origin[0]) / pitch) + 1 : 1;
  const step = Math.max(1, Math.ceil(channels / 48));
  for (let channel = 0; channel < channels; channel += step) {
    const outer = channel === 0 || channel + step >= channels;
    addLoop(vertices, upright(frame.origin[0] + channel * pitch, box), row, outer ? EDGE : 0.35 * EDGE);
  }
}

/** A circle in the box, across an axis, at a part of the way along it. */
function addCircle(vertices: Vertices, { min, max }: THREE.Box3, axis: 'x' | 'y', at: number, row: number, weight: number): void {
  const middle = min.clone().add(max).multiplyScalar(0.5);
  const half = max.clone().sub(min).multiplyScalar(0.5);
  const points = Array.from({ length: 96 }, (_, i) => {
    const angle = (i / 96) * 2 * Math.PI;
    return axis === 'x'
      ? new THREE.Vector3(min.x + at * (max.x - min.x), middle.y + half.y * Math.cos(angle), middle.z + half.z * Math.sin(angle))
      : new THREE.Vector3(middle.x + half.x * Math.cos(angle), min.y + at * (max.y - min.y), middle.z + half.z * Math.sin(angle));
  });
  addLoop(vertices, points, row, weight);
}

function addDrum(vertices: Vertices, box: THREE.Box3, row: number): void {
  addCircle(vertices, box, 'y', 0, row, 0.7 * EDGE);
  addCircle(vertices, box, 'y', 1, row, EDGE);
}

function addBox(vertices: Vertices, box: THREE.Box3, row: number): void {
  const at = (i: number): THREE.Vector3 =>
    new THREE.Vector3(i & 1 ? box.max.x : box.min.x, i & 2 ? box.max.y : box.min.y, i & 4 ? box.max.z : box.min.z);
  for (let i = 0; i < 8; i++) {
    for (const bit of [1, 2, 4]) {
      if (i & bit) continue;
      vertices.add(at(i), row, EDGE * 0.5);
      vertices.add(at(i | bit), row, EDGE * 0.5);
    }
  }
}
