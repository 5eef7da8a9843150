/** The dark room: a quiet vertical and radial gradient, dithered so that it does not band. */

import * as THREE from 'three';

const VERTEX = /* glsl */ `
uniform vec4 part;  // middle and size of what is drawn of the picture
out vec2 at;
void main() {
  vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
  at = part.xy + corner * part.zw;
  gl_Position = vec4(corner, 1.0, 1.0);
}`;

const FRAGMENT = /* glsl */ `
in vec2 at;
out vec4 pixel;
void main() {
  float far = length(at * vec2(0.8, 1.0) - vec2(0.0, 0.1));
  vec3 colour = mix(vec3(0.058, 0.074, 0.108), vec3(0.036, 0.045, 0.066), smoothstep(0.0, 1.35, far));
  float noise = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233))) * 43758.5453) - 0.5;
  pixel = vec4(colour + noise / 255.0, 1.0);
}`;

export class Backdrop {
  readonly object: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial>;
  /** Middle (x, y) and size of what is drawn, as parts of half the picture: all of it. */
  readonly part = new THREE.Vector4(0, 0, 1, 1);

  constructor() {
    const geometry = new THREE.BufferGeometry();
    geometry.setDrawRange(0, 3);
    this.object = new THREE.Mesh(
      geometry,
      new THREE.ShaderMaterial({
        glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, depthTest: false, depthWrite: false,
        uniforms: { part: { value: this.part } },
      }),
    );
    this.object.frustumCulled = false;
    this.object.renderOrder = -10;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}
