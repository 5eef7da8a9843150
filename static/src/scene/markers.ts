/** Rings around the selected neurons and the one under the pointer, never hidden by what lies before them. */

import * as THREE from 'three';

import { POINT_GLSL, type NeuronTable } from './neuron_table';
import { SIZE_GLSL } from './neurons';
import { SELECTION_COLOUR } from '../state/palette';

const MOST = 512;

const VERTEX = /* glsl */ `
${POINT_GLSL}
${SIZE_GLSL}
in uint id;
in float kind;
uniform float ratio;
flat out float alpha;
flat out float width;
void main() {
  Point point = pointOf(int(id));
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  float size = max(sizeOf(point.spacing, -view.z).x * 1.5, 13.0 * ratio) + (kind < 0.5 ? 5.0 * ratio : 0.0);
  gl_PointSize = size;
  width = (kind < 0.5 ? 2.0 : 1.25) * 2.0 * ratio / size;
  alpha = kind < 0.5 ? 1.0 : 0.7;
  if (point.visible < 0.5 || view.z > -0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform vec3 colour;
flat in float alpha;
flat in float width;
out vec4 pixel;
void main() {
  float r = length(gl_PointCoord * 2.0 - 1.0);
  float soft = fwidth(r);
  float ring = smoothstep(1.0 - width - soft, 1.0 - width, r) * (1.0 - smoothstep(1.0 - soft, 1.0, r));
  if (ring < 0.01) discard;
  pixel = vec4(colour, ring * alpha);
}`;

export class Markers {
  readonly object: THREE.Points<THREE.BufferGeometry, THREE.ShaderMaterial>;
  private readonly ids = new THREE.BufferAttribute(new Uint32Array(MOST), 1);
  private readonly kinds = new THREE.BufferAttribute(new Float32Array(MOST), 1);

  constructor(table: NeuronTable, shared: Record<string, THREE.IUniform>) {
    this.ids.gpuType = THREE.IntType;
    const geometry = new THREE.BufferGeometry().setAttribute('id', this.ids).setAttribute('kind', this.kinds);
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
          colour: { value: new THREE.Color(SELECTION_COLOUR) },
        },
      }),
    );
    this.object.frustumCulled = false;
    this.object.renderOrder = 9;
    this.object.visible = false;
  }

  set(selection: readonly number[], hover: number, pixelRatio: number): void {
    const shown = selection.slice(-(MOST - 1));
    shown.forEach((id, i) => {
      this.ids.setX(i, id);
      this.kinds.setX(i, 0);
    });
    let n = shown.length;
    if (hover >= 0 && !shown.includes(hover)) {
      this.ids.setX(n, hover);
      this.kinds.setX(n, 1);
      n++;
    }
    this.ids.needsUpdate = this.kinds.needsUpdate = true;
    this.object.geometry.setDrawRange(0, n);
    this.object.visible = n > 0;
    this.object.material.uniforms.ratio.value = pixelRatio;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}
