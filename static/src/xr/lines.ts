/** Rays of the hands, the arc of a jump, and where a recorded viewer was: all in one draw call. */

import * as THREE from 'three';

const MOST = 512;

export class Lines {
  readonly object: THREE.LineSegments<THREE.BufferGeometry, THREE.ShaderMaterial>;
  private readonly positions = new THREE.BufferAttribute(new Float32Array(6 * MOST), 3);
  private readonly colours = new THREE.BufferAttribute(new Float32Array(8 * MOST), 4);
  private n = 0;

  constructor() {
    const geometry = new THREE.BufferGeometry().setAttribute('position', this.positions).setAttribute('colour', this.colours);
    this.object = new THREE.LineSegments(geometry, new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, transparent: true, depthWrite: false,
      vertexShader: 'in vec4 colour; out vec4 tint; void main() { tint = colour; gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0); }',
      fragmentShader: 'in vec4 tint; out vec4 pixel; void main() { pixel = tint; }',
    }));
    this.object.frustumCulled = false;
    this.object.renderOrder = 18;
  }

  begin(): void {
    this.n = 0;
  }

  /** A line that may fade towards its end. */
  add(a: THREE.Vector3, b: THREE.Vector3, colour: THREE.Color, from = 1, to = from): void {
    if (this.n >= MOST) return;
    const at = 2 * this.n++;
    this.positions.setXYZ(at, a.x, a.y, a.z);
    this.positions.setXYZ(at + 1, b.x, b.y, b.z);
    this.colours.setXYZW(at, colour.r, colour.g, colour.b, from);
    this.colours.setXYZW(at + 1, colour.r, colour.g, colour.b, to);
  }

  end(): void {
    this.object.geometry.setDrawRange(0, 2 * this.n);
    this.object.visible = this.n > 0;
    this.positions.needsUpdate = this.colours.needsUpdate = true;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}
