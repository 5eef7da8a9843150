/**
 * Synapses as line segments. A segment is two point ids (8 bytes); its ends are gathered from the position texture and
 * its colour from a weight texture, so that moving layers or changing weights touch no geometry. Two sets: the chosen
 * ones of the whole network, and all of the selected neurons.
 */

import * as THREE from 'three';

import { ABSENT, PRUNED, type SegmentPart, segmentTexture, SegmentWeights, UNKNOWN, type Weights } from './segment_weights';
import { colourMapTexture } from '../legend/colour_maps';
import { CLIP_GLSL, LOT_GLSL, POINT_GLSL, type NeuronTable } from '../neurons/neuron_table';
import { STATE_GLSL } from '../neurons/neurons';

/** Of a synapse's length: the tail of a spike on its way. */
const TAIL = 0.25;

const VERTEX = /* glsl */ `
${POINT_GLSL}
${STATE_GLSL}
${LOT_GLSL}
in uint end;
uniform highp sampler2D weights;
uniform int weightBits;
uniform float strength;
uniform float threshold;
uniform float pulseGain;   // 0 where colour means something other than spikes
uniform sampler2D weightMap;
uniform vec2 depthRange;
uniform float part;  // of the segments, evenly chosen
uniform highp sampler2D delays;  // bins, 0 where unknown
uniform float travelling;        // 1 where spikes are placed along the synapses by their delays
flat out vec4 tint;
flat out float dashed;
flat out float delay;
out float age;     // bins since the pre neuron spiked, at its end; 0 at the other
out float pulse;
out float along;
out float recede;
out vec3 place;

void main() {
  int segment = gl_VertexID >> 1;
  ivec2 texel = ivec2(segment & ((1 << weightBits) - 1), segment >> weightBits);
  float weight = texelFetch(weights, texel, 0).r;
  Point point = pointOf(int(end));
  place = point.position;
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  recede = 1.0 - 0.6 * smoothstep(depthRange.x, depthRange.y, -view.z);

  float size = min(abs(weight), 1.0);
  bool pruned = weight == ${PRUNED}.0;
  bool unknown = weight == ${UNKNOWN}.0;
  vec3 colour = unknown ? vec3(0.38, 0.42, 0.52) : texture(weightMap, vec2(0.5 + 0.5 * sign(weight) * (0.35 + 0.5 * size), 0.5)).rgb;
  float alpha = unknown ? 0.3 : 0.04 + 0.96 * pow(size, 1.3);
  dashed = pruned ? 1.0 : 0.0;
  if (pruned) { colour = vec3(0.66, 0.70, 0.80); alpha = 0.5; }
  along = float(gl_VertexID & 1);
  tint = vec4(colour, alpha * strength);
  recede *= point.visible;
  // A neuron that has just spiked lights the near part of its outgoing synapses: the direction can be seen.
  pulse = along == 0.0 ? glowOf(int(end)) * gain * pulseGain : 0.0;
  delay = travelling > 0.5 && pulseGain > 0.0 ? texelFetch(delays, texel, 0).r : 0.0;
  age = along == 0.0 && delay > 0.0 ? ageOf(int(end)) : 0.0;
  if (lotOf(uint(segment)) >= part || weight == ${ABSENT}.0 || (!unknown && !pruned && size < threshold)) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = /* glsl */ `
${CLIP_GLSL}
const vec3 SPIKE = vec3(1.0, 0.95, 0.8);
uniform float gain;
in vec3 place;
flat in vec4 tint;
flat in float dashed;
flat in float delay;
in float age;
in float pulse;
in float along;
in float recede;
out vec4 pixel;
void main() {
  if (clipped(place)) discard; // at the plane, not where its neurons lie
  if (dashed > 0.5 && fract(along * 28.0) > 0.45) discard;
  float lit = pulse * pulse;
  pixel = vec4(tint.rgb * (1.0 + 0.9 * lit), min(1.0, tint.a * recede * (1.0 - 0.3 * along) * (1.0 + 2.0 * lit)));
  if (delay > 0.0) {
    // What the pre end knows reaches here in proportion to what is left of the way.
    float behind = age / max(1e-3, 1.0 - along) / delay - along;
    float spike = gain * smoothstep(-0.03, 0.0, behind) * pow(clamp(1.0 - behind / ${TAIL.toFixed(2)}, 0.0, 1.0), 1.5);
    pixel = vec4(mix(tint.rgb, SPIKE, 0.75 * spike), min(1.0, tint.a * recede * (1.0 - 0.3 * along) + 0.55 * recede * spike));
  }
}`;

/** One segment to draw: which synapse of which projection. */
export interface Segments {
  /** Point ids, 2 a segment: pre, post. */
  readonly ends: Uint32Array;
  /** Parts of one projection each, in order. */
  readonly parts: readonly SegmentPart[];
}

export class SynapseLines {
  readonly object: THREE.LineSegments<THREE.BufferGeometry, THREE.ShaderMaterial>;
  n_segments = 0;
  private parts: Segments['parts'] = [];
  weights = new SegmentWeights([], UNKNOWN);
  private delays: THREE.DataTexture | null = null;
  private readonly none = segmentTexture(1, 0);
  private readonly map = colourMapTexture('berlin');

  constructor(table: NeuronTable, shared: Record<string, THREE.IUniform>, order: number) {
    const material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
      uniforms: {
        ...table.uniforms,
        lastSpike: shared.lastSpike, now: shared.now, halfLife: shared.halfLife, gain: shared.gain,
        weights: { value: this.weights.texture },
        weightBits: { value: 0 },
        weightMap: { value: this.map },
        strength: { value: 1 },
        threshold: { value: 0 },
        pulseGain: { value: 1 },
        part: { value: 1 },
        delays: { value: this.none },
        travelling: { value: 0 },
        depthRange: { value: new THREE.Vector2(1, 1000) },
      },
    });
    this.object = new THREE.LineSegments(new THREE.BufferGeometry(), material);
    this.object.frustumCulled = false;
    this.object.renderOrder = order;
    this.object.visible = false;
  }

  get uniforms(): Record<string, THREE.IUniform> {
    return this.object.material.uniforms;
  }

  /**
   * Draws these segments from now on; their weights are unknown until `setWeights`, unless they are pruned.
   *
   * @param delays_bins of each segment, 0 where unknown; null where none is known
   */
  setSegments({ ends, parts }: Segments, { pruned = false, delays_bins = null }: { pruned?: boolean; delays_bins?: Float32Array | null } = {}): void {
    this.n_segments = ends.length / 2;
    this.parts = parts;
    const { geometry } = this.object;
    geometry.dispose();
    const attribute = new THREE.BufferAttribute(ends, 1);
    attribute.gpuType = THREE.IntType;
    geometry.setAttribute('end', attribute);
    geometry.setDrawRange(0, ends.length);
    this.weights.dispose();
    this.weights = new SegmentWeights(parts, pruned ? PRUNED : UNKNOWN);
    this.delays?.dispose();
    this.delays = delays_bins === null ? null : segmentTexture(this.n_segments, 0, delays_bins);
    this.uniforms.delays.value = this.delays ?? this.none;
    this.uniforms.weights.value = this.weights.texture;
    this.uniforms.weightBits.value = Math.log2(this.weights.texture.image.width);
    this.object.visible = this.n_segments > 0;
  }

  /**
   * Takes over a projection's weights where they changed.
   *
   * @param scale |weight| of full colour
   * @param minus where given, the weights minus these are drawn instead; a synapse that one of the two lacks counts as 0 there
   * @returns true when something changed
   */
  setWeights(projection: string, weights: Weights, scale: number, minus: Weights | null = null): boolean {
    return this.weights.set(projection, weights, scale, minus);
  }

  /** Whether spikes are seen on their way where delays are known; else they light the near part of a line. */
  setTravelling(travelling: boolean): void {
    this.uniforms.travelling.value = travelling && this.delays !== null ? 1 : 0;
  }

  /** How many segments are of a projection. */
  countOf(projection: string): number {
    return this.parts.reduce((sum, part) => sum + (part.projection === projection ? part.synapses.length : 0), 0);
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
    this.weights.dispose();
    this.delays?.dispose();
    this.none.dispose();
    this.map.dispose();
  }
}

/** One array of several. */
export function joined(arrays: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
