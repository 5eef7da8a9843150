/**
 * Draws weights that have changed into the texture of all, in plain WebGL and one point each: sending the texture anew would
 * be 4 MB a frame for a million segments, of which one in a hundred changes.
 *
 * As in `SpikePass`, what three.js remembers of the context stays true.
 */

import * as THREE from 'three';

import type { SegmentWeights } from './segment_weights';
import { boundVertices, glProgram, LANDED_GLSL } from '../gl_program';

const VERTEX = /* glsl */ `#version 300 es
precision highp float;
precision highp int;
in uint place;
in float weight;
uniform ivec2 size;
flat out float value;

void main() {
  value = weight;
  ivec2 texel = ivec2(int(place) % size.x, int(place) / size.x);
  gl_Position = vec4((vec2(texel) + 0.5) / vec2(size) * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = 1.0;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
${LANDED_GLSL}`;

/** Of a point: its texel and its weight. */
const POINT_BYTES = 8;

/** What lives on the graphics card. */
interface Held {
  readonly program: WebGLProgram;
  readonly vertices: WebGLVertexArrayObject;
  readonly buffer: WebGLBuffer;
  readonly frame: WebGLFramebuffer;
  readonly size: WebGLUniformLocation | null;
  /** Points that the buffer has room for. */
  room: number;
  /** What the frame draws into. */
  into: WebGLTexture | null;
}

export class WeightPass {
  /** No blending, no depth, in three.js's words; it is never drawn with. */
  private readonly how = new THREE.Material();
  private readonly area = new THREE.Vector4();
  private readonly gl: WebGL2RenderingContext;
  private held: Held | null = null;

  constructor(private readonly renderer: THREE.WebGLRenderer) {
    this.gl = renderer.getContext() as WebGL2RenderingContext;
    Object.assign(this.how, { depthTest: false, depthWrite: false, blending: THREE.NoBlending });
  }

  /** Lands what has changed, unless three.js will send the whole texture anyway. */
  land({ texture, changed }: SegmentWeights): void {
    const { renderer, gl } = this;
    const { points, n } = changed;
    changed.n = 0;
    const { __webglTexture: into, __version: sent } = renderer.properties.get(texture) as { __webglTexture?: WebGLTexture; __version?: number };
    if (n === 0 || sent !== texture.version || into === undefined || gl.isContextLost()) return;
    const held = (this.held ??= this.make());
    const { width, height } = texture.image;
    gl.bindBuffer(gl.ARRAY_BUFFER, held.buffer);
    if (held.room < points.length) {
      gl.bufferData(gl.ARRAY_BUFFER, points.byteLength, gl.DYNAMIC_DRAW);
      held.room = points.length;
    }
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, points, 0, (n * POINT_BYTES) / 4);
    const before = renderer.getRenderTarget();
    renderer.state.bindFramebuffer(gl.FRAMEBUFFER, held.frame);
    if (held.into !== into) {
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, into, 0);
      held.into = into;
    }
    renderer.state.viewport(this.area.set(0, 0, width, height));
    renderer.state.setScissorTest(false);
    renderer.state.setMaterial(this.how, false, 0);
    renderer.state.useProgram(held.program);
    gl.uniform2i(held.size, width, height);
    const vertices = boundVertices(gl);
    gl.bindVertexArray(held.vertices);
    gl.drawArrays(gl.POINTS, 0, n);
    gl.bindVertexArray(vertices);
    renderer.setRenderTarget(before);
  }

  /** The graphics card has lost everything. */
  restore(): void {
    this.held = null;
  }

  dispose(): void {
    const { gl, held } = this;
    this.how.dispose();
    if (held === null) return;
    gl.deleteProgram(held.program);
    gl.deleteVertexArray(held.vertices);
    gl.deleteBuffer(held.buffer);
    gl.deleteFramebuffer(held.frame);
    this.held = null;
  }

  private make(): Held {
    const { gl } = this;
    const { program, uniform } = glProgram(gl, VERTEX, FRAGMENT, ['place', 'weight'], 'lands weights');
    const before = boundVertices(gl);
    const [vertices, buffer, frame] = [gl.createVertexArray(), gl.createBuffer(), gl.createFramebuffer()];
    gl.bindVertexArray(vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    for (const at of [0, 1]) gl.enableVertexAttribArray(at);
    gl.vertexAttribIPointer(0, 1, gl.UNSIGNED_INT, POINT_BYTES, 0);
    gl.vertexAttribPointer(1, 1, gl.FLOAT, false, POINT_BYTES, 4);
    gl.bindVertexArray(before);
    return { program, vertices, buffer, frame, size: uniform('size'), room: 0, into: null };
  }
}
