/**
 * One float per neuron, kept on the GPU: the time of the last spike, of the first one, a fading rate, the
 * part of the frames with a spike, a count, any value.
 *
 * A frame's spikes are scattered into it by drawing k points of 4 bytes each; how a point lands is the blending: the
 * last spike overwrites, the first is the minimum, rate and count add. Dense values (potentials, group counts) land the
 * same way, one point a neuron. Nothing of it is ever read back.
 */

import * as THREE from 'three';

import { framesPerBatch, haveCounts, packingFor, packSpikes } from './spike_batch';
import { LANDS, SpikePass, type Landing } from './spike_pass';
import { textureWidth } from '../neurons/neuron_table';
import { LANDED_GLSL } from '../gl_program';
import type { SpikeSlice } from '../../state/frames';

export type AccumulatorKind = 'last' | 'first' | 'rate' | 'persistence' | 'count' | 'value';

/** What a texel holds before anything has landed. */
export const NEVER = -1e30;
const EMPTY: Record<AccumulatorKind, number> = { last: NEVER, first: -NEVER, rate: 0, persistence: 0, count: 0, value: NEVER };

export class Accumulator {
  readonly kind: AccumulatorKind;
  readonly target: THREE.WebGLRenderTarget;

  constructor(kind: AccumulatorKind, n_points: number, blendableFloat: boolean) {
    this.kind = kind;
    const { width, height } = sizeFor(n_points);
    // Blending into 32-bit floats needs EXT_float_blend; half floats hold rates and counts well enough without it.
    const half = !blendableFloat && (kind === 'rate' || kind === 'persistence' || kind === 'count');
    this.target = new THREE.WebGLRenderTarget(width, height, {
      format: THREE.RedFormat,
      type: half ? THREE.HalfFloatType : THREE.FloatType,
      minFilter: THREE.NearestFilter,
      magFilter: THREE.NearestFilter,
      depthBuffer: false,
      generateMipmaps: false,
    });
  }

  get texture(): THREE.Texture {
    return this.target.texture;
  }

  dispose(): void {
    this.target.dispose();
  }
}

const DENSE_VERTEX = /* glsl */ `
in float dense;
uniform int base;
uniform ivec2 size;
uniform int widthBits;
flat out float value;

void main() {
  int id = base + gl_VertexID;
  value = dense;
  ivec2 texel = ivec2(id & ((1 << widthBits) - 1), id >> widthBits);
  gl_Position = vec4((vec2(texel) + 0.5) / vec2(size) * 2.0 - 1.0, 0.0, 1.0);
  gl_PointSize = 1.0;
}`;

const FILL_VERTEX = /* glsl */ `
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;

const FILL_FRAGMENT = /* glsl */ `
uniform vec4 colour;
out vec4 texel;
void main() { texel = colour; }`;

/** Writes into accumulators. Owns the one array of packed spikes, which grows and never shrinks. */
export class Scatter {
  /** Points drawn by the last call, and the spikes they stand for. */
  lastSpikes = 0;
  private readonly renderer: THREE.WebGLRenderer;
  private readonly camera = new THREE.Camera();
  private readonly n_points: number;
  private readonly pass: SpikePass;
  private readonly dense: THREE.Points<THREE.BufferGeometry, THREE.ShaderMaterial>;
  private readonly fill: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial>;
  private readonly scenes: Record<'dense' | 'fill', THREE.Scene>;
  private packed = new Uint32Array(4096);
  private denseAttribute: THREE.BufferAttribute;

  constructor(renderer: THREE.WebGLRenderer, n_points: number) {
    this.renderer = renderer;
    this.n_points = n_points;
    const size = {
      size: { value: new THREE.Vector2(1, 1) },
      widthBits: { value: Math.log2(textureWidth(n_points)) },
    };
    this.pass = new SpikePass(renderer, sizeFor(n_points));
    this.denseAttribute = new THREE.BufferAttribute(new Float32Array(1), 1);
    this.dense = points(
      'dense', this.denseAttribute, scatterMaterial(DENSE_VERTEX, LANDED_GLSL, { ...size, base: { value: 0 } }),
    );
    const triangle = new THREE.BufferGeometry();
    triangle.setDrawRange(0, 3);
    this.fill = new THREE.Mesh(
      triangle, scatterMaterial(FILL_VERTEX, FILL_FRAGMENT, { colour: { value: new THREE.Vector4() } }),
    );
    this.fill.frustumCulled = false;
    this.scenes = { dense: sceneOf(this.dense), fill: sceneOf(this.fill) };
  }

  /** Sets every texel to what the kind holds before anything has landed. */
  clear(into: Accumulator): void {
    this.fillWith(into, new THREE.Vector4(EMPTY[into.kind], 0, 0, 1), THREE.NoBlending);
  }

  /** Multiplies every texel by a factor (fading rates). */
  fade(into: Accumulator, factor: number): void {
    this.fillWith(into, new THREE.Vector4(0, 0, 0, factor), THREE.CustomBlending);
  }

  /**
   * Lands the spikes of frames [frame_start, frame_stop) of a level.
   *
   * @param timeOf start of a frame in bins, relative to the scene's time base
   * @param fadePerFrame what a rate loses per frame
   * @param perRow adds the spikes of each layer, by index
   */
  spikes(
    into: readonly Accumulator[], slices: readonly SpikeSlice[], frame_start: number, frame_stop: number,
    timeOf: (frame: number) => number, frameBins: number, fadePerFrame: number, perRow: Float64Array | null,
  ): void {
    this.lastSpikes = 0;
    const packing = packingFor(this.n_points, haveCounts(slices));
    const step = framesPerBatch(packing);
    for (let from = frame_start; from < frame_stop; from += step) {
      const to = Math.min(frame_stop, from + step);
      const batch = packSpikes(slices, from, to, packing, this.room, perRow);
      this.lastSpikes += batch.spikes;
      if (batch.length === 0) continue;
      this.pass.send(this.packed, batch.length);
      for (const { kind, target } of into) {
        // Frames before `to` have faded until the newest one of the whole span.
        if (kind === 'last') this.pass.overwrite();
        else this.pass.blend(kind === 'first' ? 'min' : 'add', fades(kind) ? fadePerFrame ** (frame_stop - to) : 1);
        this.pass.draw(target, { packing, newest: timeOf(to - 1), frameBins, fade: fadePerFrame, lands: landsAs(kind) });
      }
    }
  }

  /** Lands one value for each of n consecutive neurons; NaN or NEVER where there is none. */
  values(into: Accumulator, base: number, values: Float32Array, n: number): void {
    if (this.denseAttribute.array.length < n) {
      this.dense.geometry.dispose();
      this.denseAttribute = new THREE.BufferAttribute(new Float32Array(n), 1).setUsage(THREE.DynamicDrawUsage);
      this.dense.geometry.setAttribute('dense', this.denseAttribute);
    }
    const sent = this.denseAttribute.array as Float32Array;
    for (let i = 0; i < n; i++) sent[i] = values[i] === values[i] ? values[i] : NEVER; // no NaN on the GPU
    update(this.denseAttribute, n);
    this.dense.geometry.setDrawRange(0, n);
    this.dense.material.uniforms.base.value = base;
    this.dense.material.blending = THREE.NoBlending;
    this.draw('dense', this.dense.material, into);
  }

  /** The graphics card has lost everything. */
  restore(): void {
    this.pass.restore();
  }

  dispose(): void {
    this.pass.dispose();
    for (const object of [this.dense, this.fill]) {
      object.geometry.dispose();
      object.material.dispose();
    }
  }

  private readonly room = (n: number): Uint32Array => {
    if (this.packed.length < n) {
      const grown = new Uint32Array(2 ** Math.ceil(Math.log2(n)));
      grown.set(this.packed);
      this.packed = grown;
    }
    return this.packed;
  };

  private fillWith(into: Accumulator, colour: THREE.Vector4, blending: THREE.Blending): void {
    const { material } = this.fill;
    material.uniforms.colour.value.copy(colour);
    material.blending = blending;
    material.blendSrc = THREE.ZeroFactor;
    material.blendDst = THREE.SrcAlphaFactor;
    this.draw('fill', material, into);
  }

  private draw(scene: 'dense' | 'fill', material: THREE.ShaderMaterial, into: Accumulator): void {
    const { renderer } = this;
    if (material.uniforms.size !== undefined) material.uniforms.size.value.set(into.target.width, into.target.height);
    const before = renderer.getRenderTarget();
    const autoClear = renderer.autoClear;
    const xr = renderer.xr.enabled;
    renderer.autoClear = false;
    renderer.xr.enabled = false;
    renderer.setRenderTarget(into.target);
    renderer.render(this.scenes[scene], this.camera);
    renderer.setRenderTarget(before);
    renderer.autoClear = autoClear;
    renderer.xr.enabled = xr;
  }
}

/** True for what is kept as a fading sum. */
export function fades(kind: AccumulatorKind): boolean {
  return kind === 'rate' || kind === 'persistence';
}

function sizeFor(n_points: number): { width: number; height: number } {
  const width = textureWidth(n_points);
  return { width, height: Math.max(1, Math.ceil(n_points / width)) };
}

function landsAs(kind: AccumulatorKind): Landing['lands'] {
  return kind === 'rate' ? LANDS.rate : kind === 'count' ? LANDS.count : kind === 'persistence' ? LANDS.activeFrames : LANDS.time;
}

function update(attribute: THREE.BufferAttribute, n: number): void {
  attribute.clearUpdateRanges();
  attribute.addUpdateRange(0, n);
  attribute.needsUpdate = true;
}

function points(
  name: string, attribute: THREE.BufferAttribute, material: THREE.ShaderMaterial,
): THREE.Points<THREE.BufferGeometry, THREE.ShaderMaterial> {
  // No attribute called "position": three.js would clamp the number of points to its length.
  const geometry = new THREE.BufferGeometry().setAttribute(name, attribute);
  const object = new THREE.Points(geometry, material);
  object.frustumCulled = false;
  return object;
}

function scatterMaterial(
  vertexShader: string, fragmentShader: string, uniforms: Record<string, THREE.IUniform>,
): THREE.ShaderMaterial {
  return new THREE.ShaderMaterial({
    glslVersion: THREE.GLSL3, vertexShader, fragmentShader, uniforms, depthTest: false, depthWrite: false,
    blending: THREE.NoBlending, transparent: true,
  });
}

function sceneOf(object: THREE.Object3D): THREE.Scene {
  const scene = new THREE.Scene();
  scene.add(object);
  scene.matrixWorldAutoUpdate = false;
  return scene;
}

