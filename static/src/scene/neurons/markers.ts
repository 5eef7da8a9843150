/**
 * Rings around the selected neurons, the one under the pointer, what a panel lights, and the selection sets in their
 * colours; never hidden by what lies before them. Few are large and can be found; a crowd (a whole layer) is a veil of
 * fine rings, none wider than the place its neuron has, through which colours and spikes are seen.
 */

import * as THREE from 'three';

import { POINT_GLSL, type NeuronTable } from './neuron_table';
import { SIZE_GLSL } from './neurons';
import { LIT_COLOUR, SELECTION_COLOUR } from '../../state/palette';
import type { Lit, NeuronSet } from '../../state/view';

/** No more rings than this are drawn: of a larger selection evenly chosen ones. */
const MOST = 8192;
/** Up to so many rings are large; from so many on they are a crowd. */
const FEW = 40;
const CROWD = 160;

const VERTEX = /* glsl */ `
${POINT_GLSL}
${SIZE_GLSL}
in uint id;
in float kind;  // 0 selected or lit, 1 in a set, 2 under the pointer
in vec3 tint;
flat out vec3 ring_colour;
uniform float ratio;
uniform float crowd;  // 0 few .. 1 many
flat out float alpha;
flat out float width;
void main() {
  ring_colour = tint;
  Point point = pointOf(int(id));
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  float size = max(sizeOf(point.spacing, -view.z).x * 1.5, 13.0 * ratio) + (kind < 0.5 ? 5.0 * ratio : 0.0);
  float line = (kind < 0.5 ? 2.0 : 1.25) * ratio;
  alpha = kind < 0.5 ? 1.0 : 0.7;
  if (kind < 1.5) {
    float place = point.spacing * pixelScale / -view.z;
    float fine = clamp(0.75 * place, 3.0 * ratio, size);
    // Where there is no room for a ring it is a dot, and fainter, so that the dots together cover nothing.
    alpha *= mix(1.0, mix(0.3, 0.65, smoothstep(4.0, 14.0, fine / ratio)), crowd);
    size = mix(size, fine, crowd);
    line = mix(line, ratio, crowd);
  }
  gl_PointSize = size;
  width = 2.0 * line / size;
  if (visibleOf(point) < 0.5 || view.z > -0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = /* glsl */ `
flat in vec3 ring_colour;
flat in float alpha;
flat in float width;
out vec4 pixel;
void main() {
  float r = length(gl_PointCoord * 2.0 - 1.0);
  float soft = fwidth(r);
  float ring = smoothstep(1.0 - width - soft, 1.0 - width, r) * (1.0 - smoothstep(1.0 - soft, 1.0, r));
  if (ring < 0.01) discard;
  pixel = vec4(ring_colour, ring * alpha);
}`;

export class Markers {
  readonly object: THREE.Points<THREE.BufferGeometry, THREE.ShaderMaterial>;
  private readonly ids = new THREE.BufferAttribute(new Uint32Array(MOST), 1);
  private readonly tints = new THREE.BufferAttribute(new Float32Array(3 * MOST), 3);
  private readonly kinds = new THREE.BufferAttribute(new Float32Array(MOST), 1);

  constructor(table: NeuronTable, shared: Record<string, THREE.IUniform>) {
    this.ids.gpuType = THREE.IntType;
    const geometry = new THREE.BufferGeometry().setAttribute('id', this.ids).setAttribute('kind', this.kinds).setAttribute('tint', this.tints);
    geometry.setDrawRange(0, 0);
    this.object = new THREE.Points(
      geometry,
      new THREE.ShaderMaterial({
        glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthTest: false,
        depthWrite: false,
        uniforms: {
          ...table.uniforms,
          pixelScale: shared.pixelScale,
          leastSize: shared.leastSize,
          pointSize: shared.pointSize,
          ratio: { value: 1 },
          crowd: { value: 0 },
        },
      }),
    );
    this.object.frustumCulled = false;
    this.object.renderOrder = 9;
    this.object.visible = false;
  }

  set(selection: readonly number[], hover: number, sets: readonly NeuronSet[], lit: readonly Lit[], pixelRatio: number): void {
    const marked = new Set(evenly(selection, MOST - 1));
    const own = new THREE.Color(SELECTION_COLOUR);
    let n = 0;
    const add = (id: number, kind: number, colour: THREE.Color): void => {
      if (n >= MOST) return;
      this.ids.setX(n, id);
      this.kinds.setX(n, kind);
      this.tints.setXYZ(n, colour.r, colour.g, colour.b);
      n++;
    };
    if (hover >= 0 && (!marked.has(hover) || marked.size > FEW)) add(hover, 2, own);
    for (const id of marked) add(id, 0, own);
    const glow = new THREE.Color(LIT_COLOUR);
    // The weakest can still be seen.
    for (const { neuron, strength } of lit) if (!marked.has(neuron)) add(neuron, 0, glow.clone().multiplyScalar(0.35 + 0.65 * strength));
    for (const { neurons, colour } of sets) {
      const tint = new THREE.Color(colour);
      for (const id of neurons) if (!marked.has(id)) add(id, 1, tint);
    }
    this.ids.needsUpdate = this.kinds.needsUpdate = this.tints.needsUpdate = true;
    this.object.geometry.setDrawRange(0, n);
    this.object.visible = n > 0;
    const { uniforms } = this.object.material;
    uniforms.ratio.value = pixelRatio;
    uniforms.crowd.value = THREE.MathUtils.smoothstep(n, FEW, CROWD);
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

/** So many of them at most, the last among them. */
function evenly(ids: readonly number[], most: number): readonly number[] {
  if (ids.length <= most) return ids;
  const step = ids.length / most;
  return Array.from({ length: most }, (_, i) => ids[Math.ceil((i + 1) * step) - 1]);
}
