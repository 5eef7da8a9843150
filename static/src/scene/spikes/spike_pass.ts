/**
 * Draws a frame's packed spikes into an accumulator, in plain WebGL: it happens in every frame, and for these points three.js
 * would do a whole picture's work (object graph, lights, sorting, state), a third of all that a frame costs.
 *
 * What three.js remembers of the context stays true: program, blending and framebuffer are set through it, the vertex array is
 * put back, and buffers it binds anew whenever it sends some.
 */

import * as THREE from 'three';

import type { Packing } from './spike_batch';
import { boundVertices, glProgram, LANDED_GLSL } from '../gl_program';

/** What a spike adds to its texel. */
export const LANDS = { time: 0, rate: 1, count: 2, activeFrames: 3 } as const;

/** How the points of a batch are read and land. */
export interface Landing {
  readonly packing: Packing;
  /** Time of the batch's newest frame, bins. */
  readonly newest: number;
  /** Bins of a frame. */
  readonly frameBins: number;
  /** Per frame of age, for rates. */
  readonly fade: number;
  readonly lands: (typeof LANDS)[keyof typeof LANDS];
}

const VERTEX = /* glsl */ `#version 300 es
precision highp float;
precision highp int;
in uint packed;
uniform ivec3 reading;     // bits of the id, bits of the age, what lands
uniform vec3 timing;       // newest, frameBins, fade
uniform ivec3 table;       // width, height and bits of the width of the texture
flat out float value;

void main() {
  int id = int(packed & ((1u << reading.x) - 1u));
  float age = float((packed >> reading.x) & ((1u << reading.y) - 1u));
  int countBits = reading.x + reading.y;
  float count = countBits >= 32 ? 1.0 : float((packed >> countBits) + 1u);
  float late = pow(timing.z, age);
  value = reading.z == ${LANDS.time} ? timing.x - age * timing.y : reading.z == ${LANDS.rate} ? count * late
    : reading.z == ${LANDS.activeFrames} ? late : count;
  ivec2 texel = ivec2(id & ((1 << table.z) - 1), id >> table.z);
  gl_Position = vec4((vec2(texel) + 0.5) / vec2(table.xy) * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = 1.0;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
${LANDED_GLSL}`;

/** What lives on the graphics card. */
interface Held {
  readonly program: WebGLProgram;
  readonly vertices: WebGLVertexArrayObject;
  readonly buffer: WebGLBuffer;
  readonly reading: WebGLUniformLocation | null;
  readonly timing: WebGLUniformLocation | null;
  /** Spikes that the buffer has room for. */
  room: number;
}

export class SpikePass {
  /** Blending and depth, in three.js's words; it is never drawn with. */
  private readonly how = new THREE.Material();
  private readonly gl: WebGL2RenderingContext;
  private held: Held | null = null;
  private sent = 0;

  /** @param size width and height of the accumulators, texels; the width is a power of two */
  constructor(private readonly renderer: THREE.WebGLRenderer, private readonly size: { readonly width: number; readonly height: number }) {
    this.gl = renderer.getContext() as WebGL2RenderingContext;
    Object.assign(this.how, { depthTest: false, depthWrite: false, transparent: true, blendDst: THREE.OneFactor });
  }

  /** Sends the first `n` of packed spikes. */
  send(packed: Uint32Array, n: number): void {
    const { gl } = this;
    this.sent = gl.isContextLost() ? 0 : n;
    if (this.sent === 0) return;
    const held = (this.held ??= this.make());
    gl.bindBuffer(gl.ARRAY_BUFFER, held.buffer);
    if (held.room < packed.length) {
      gl.bufferData(gl.ARRAY_BUFFER, packed.byteLength, gl.DYNAMIC_DRAW);
      held.room = packed.length;
    }
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, packed, 0, n);
  }

  /** What is drawn next takes the place of what a texel holds. */
  overwrite(): this {
    this.how.blending = THREE.NoBlending;
    return this;
  }

  /** What is drawn next is added to it, multiplied by `part`; or the lesser of the two stays. */
  blend(equation: 'add' | 'min', part = 1): this {
    const { how } = this;
    how.blending = THREE.CustomBlending;
    how.blendEquation = equation === 'min' ? THREE.MinEquation : THREE.AddEquation;
    how.blendSrc = part === 1 ? THREE.OneFactor : THREE.ConstantColorFactor;
    how.blendColor.setRGB(part, part, part);
    return this;
  }

  /** Lands what was sent. */
  draw(into: THREE.WebGLRenderTarget, { packing, newest, frameBins, fade, lands }: Landing): void {
    const { renderer, gl, held } = this;
    if (held === null || this.sent === 0) return;
    const before = renderer.getRenderTarget();
    renderer.setRenderTarget(into);
    renderer.state.setMaterial(this.how, false, 0);
    renderer.state.useProgram(held.program);
    gl.uniform3i(held.reading, packing.idBits, packing.ageBits, lands);
    gl.uniform3f(held.timing, newest, frameBins, fade);
    const vertices = boundVertices(gl);
    gl.bindVertexArray(held.vertices);
    gl.drawArrays(gl.POINTS, 0, this.sent);
    gl.bindVertexArray(vertices);
    renderer.setRenderTarget(before);
  }

  /** The graphics card has lost everything. */
  restore(): void {
    this.held = null;
    this.sent = 0;
  }

  dispose(): void {
    const { gl, held } = this;
    this.how.dispose();
    if (held === null) return;
    gl.deleteProgram(held.program);
    gl.deleteVertexArray(held.vertices);
    gl.deleteBuffer(held.buffer);
    this.held = null;
  }

  private make(): Held {
    const { gl, size } = this;
    const { program, uniform } = glProgram(gl, VERTEX, FRAGMENT, ['packed'], 'lands spikes');
    this.renderer.state.useProgram(program);
    gl.uniform3i(uniform('table'), size.width, size.height, Math.log2(size.width));
    const before = boundVertices(gl);
    const [vertices, buffer] = [gl.createVertexArray(), gl.createBuffer()];
    gl.bindVertexArray(vertices);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribIPointer(0, 1, gl.UNSIGNED_INT, 0, 0);
    gl.bindVertexArray(before);
    return { program, vertices, buffer, reading: uniform('reading'), timing: uniform('timing'), room: 0 };
  }
}
