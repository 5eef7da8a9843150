/** The clipping planes: what lies beyond them is not drawn and not picked, and they are shown as panes of glass. */

import * as THREE from 'three';

import { UNCUT, type NeuronTable } from '../neurons/neuron_table';
import type { Clip, View } from '../../state/view';

const VERTEX = /* glsl */ `
in float edge;
out float light;
void main() {
  light = edge;
  gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform vec3 tint;
in float light;
out vec4 pixel;
void main() { pixel = vec4(tint * light, 1.0); }`;

const EDGE = 0.55;
const PANE = 0.045;
const TINT = '#6cb2ff';
/** The panes stand out a little over what they cut. */
const MARGIN = 1.06;

export class Clipping {
  readonly object = new THREE.Group();
  private readonly panes = new THREE.BufferGeometry();
  private readonly edges = new THREE.BufferGeometry();
  private readonly material = new THREE.ShaderMaterial({
    glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
    blending: THREE.AdditiveBlending, side: THREE.DoubleSide,
    uniforms: { tint: { value: new THREE.Color().setStyle(TINT, THREE.LinearSRGBColorSpace) } },
  });
  private drawn: { clip: Clip | null; version: number } = { clip: null, version: -1 };

  constructor(private readonly view: View, private readonly table: NeuronTable) {
    for (const object of [new THREE.Mesh(this.panes, this.material), new THREE.LineSegments(this.edges, this.material)]) {
      object.frustumCulled = false;
      object.renderOrder = 6;
      this.object.add(object);
    }
  }

  /** Follows the view and the network's extent; hidden layers count, so that hiding one moves no plane. */
  update(): void {
    const clip = this.view.get('clip');
    const { version } = this.table;
    if (clip === this.drawn.clip && version === this.drawn.version) return;
    this.drawn = { clip, version };
    const box = this.extent();
    const { clipMin, clipMax } = this.table.uniforms as Record<string, THREE.IUniform<THREE.Vector3>>;
    const [panes, edges] = [new Lit(), new Lit()];
    const outer = box.clone().expandByVector(box.getSize(new THREE.Vector3()).multiplyScalar((MARGIN - 1) / 2));
    for (let axis = 0; axis < 3; axis++) {
      const [from, to] = [clip[2 * axis], clip[2 * axis + 1]];
      const [low, high] = [box.min.getComponent(axis), box.max.getComponent(axis)];
      const at = (part: number): number => low + part * (high - low);
      clipMin.value.setComponent(axis, from > 0 ? at(from) : -UNCUT);
      clipMax.value.setComponent(axis, to < 1 ? at(to) : UNCUT);
      for (const part of [from, to]) {
        if (part <= 0 || part >= 1) continue;
        const corners = paneCorners(outer, axis, at(part));
        for (const i of [0, 1, 2, 0, 2, 3]) panes.add(corners[i], PANE);
        corners.forEach((corner, i) => {
          edges.add(corner, EDGE);
          edges.add(corners[(i + 1) % 4], EDGE);
        });
      }
    }
    panes.into(this.panes);
    edges.into(this.edges);
    this.object.visible = isClipped(clip);
  }

  dispose(): void {
    this.panes.dispose();
    this.edges.dispose();
    this.material.dispose();
  }

  private extent(): THREE.Box3 {
    const box = new THREE.Box3();
    for (const row of this.table.rows) box.union(this.table.goalOf(row));
    return box;
  }
}

export function isClipped(clip: Clip): boolean {
  return clip.some((part, i) => part !== i % 2);
}

/** The corners of a pane across an axis, in turn. */
function paneCorners({ min, max }: THREE.Box3, axis: number, at: number): THREE.Vector3[] {
  const [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
  return [[min, min], [max, min], [max, max], [min, max]].map(([a, b]) => {
    const corner = new THREE.Vector3().setComponent(axis, at);
    return corner.setComponent(u, a.getComponent(u)).setComponent(v, b.getComponent(v));
  });
}

class Lit {
  private readonly places: number[] = [];
  private readonly lights: number[] = [];

  add(place: THREE.Vector3, light: number): void {
    this.places.push(place.x, place.y, place.z);
    this.lights.push(light);
  }

  into(geometry: THREE.BufferGeometry): void {
    geometry.dispose();
    geometry.setAttribute('position', new THREE.Float32BufferAttribute(this.places, 3));
    geometry.setAttribute('edge', new THREE.Float32BufferAttribute(this.lights, 1));
    geometry.setDrawRange(0, this.lights.length);
  }
}
