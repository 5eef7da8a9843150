/** The glass plate and the fine edge of each sheet, so that the layers read as planes in depth; a box for clouds. */

import * as THREE from 'three';

import type { NeuronTable, TableRow } from './neuron_table';

const VERTEX = /* glsl */ `
in vec3 corner;
in float row;
in float weight;
uniform highp sampler2D layers;
uniform vec2 depthRange;
flat out vec3 tint;
out float shade;
void main() {
  vec4 shift = texelFetch(layers, ivec2(int(row + 0.5), 0), 0);
  vec4 look = texelFetch(layers, ivec2(int(row + 0.5), 1), 0);
  vec4 view = modelViewMatrix * vec4(corner + shift.xyz, 1.0);
  gl_Position = projectionMatrix * view;
  tint = look.rgb * look.a;
  shade = weight * (1.0 - 0.6 * smoothstep(depthRange.x, depthRange.y, -view.z));
}`;

const FRAGMENT = /* glsl */ `
flat in vec3 tint;
in float shade;
out vec4 pixel;
void main() { pixel = vec4(tint * shade, 1.0); }`;

const EDGE = 0.30;
const PLATE_TOP = 0.055;
const PLATE_BOTTOM = 0.018;

export class Sheets {
  readonly object = new THREE.Group();
  readonly depthRange = { value: new THREE.Vector2(1, 1000) };
  private readonly edges = new THREE.BufferGeometry();
  private readonly plates = new THREE.BufferGeometry();
  private readonly material: THREE.ShaderMaterial;

  constructor(table: NeuronTable) {
    const edges = new Vertices();
    const plates = new Vertices();
    table.rows.forEach((row, index) => {
      const corners = cornersOf(row);
      if (corners === null) addBox(edges, row.box, index);
      else {
        corners.forEach((corner, i) => {
          edges.add(corner, index, EDGE);
          edges.add(corners[(i + 1) % 4], index, EDGE);
        });
        const shade = [PLATE_TOP, PLATE_TOP, PLATE_BOTTOM, PLATE_BOTTOM];
        for (const i of [0, 1, 2, 0, 2, 3]) plates.add(corners[i], index, shade[i]);
      }
    });
    edges.into(this.edges);
    plates.into(this.plates);
    this.material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
      blending: THREE.AdditiveBlending, side: THREE.DoubleSide,
      uniforms: { layers: table.uniforms.layers, depthRange: this.depthRange },
    });
    const lines = new THREE.LineSegments(this.edges, this.material);
    const mesh = new THREE.Mesh(this.plates, this.material);
    for (const object of [mesh, lines]) {
      object.frustumCulled = false;
      object.renderOrder = 1;
      this.object.add(object);
    }
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
function cornersOf(row: TableRow): THREE.Vector3[] | null {
  const { min, max } = row.box;
  const margin = 0.35 * row.spacing;
  if (max.x - min.x > 0.5 * row.spacing) return null;
  const x = (min.x + max.x) / 2;
  const [top, bottom, left, right] = [max.y + margin, min.y - margin, min.z - margin, max.z + margin];
  return [
    new THREE.Vector3(x, top, left), new THREE.Vector3(x, top, right),
    new THREE.Vector3(x, bottom, right), new THREE.Vector3(x, bottom, left),
  ];
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
