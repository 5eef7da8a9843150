/**
 * The neurons: every one a point, in two draws over the same texels. The first draws quiet discs with depth, so that
 * the structure is readable at any moment; the second adds the light of the spikes.
 */

import * as THREE from 'three';

import { DIFFERENCE_GLSL, differenceUniforms, setDifference } from './difference';
import { HEALTH } from './measures';
import { POINT_GLSL, type NeuronTable } from './neuron_table';
import { AMOUNT, classTexture, colourMapTexture } from '../legend/colour_maps';
import type { AccumulatorKind } from '../spikes/accumulator';
import type { Activity } from '../spikes/activity';
import { HEALTH_COLOURS } from '../../state/palette';
import type { ColourMode } from '../../state/view';

/** The shader's numbers of the modes are their places here. */
export const MODES: readonly ColourMode[] = [
  'spikes', 'rate', 'potential', 'recruitment', 'count', 'persistence', 'selectivity', 'in_degree', 'health',
  'reconstruction',
];

/** Which accumulator a mode reads. */
const MEASURED: Record<ColourMode, AccumulatorKind> = {
  spikes: 'last', rate: 'rate', potential: 'value', recruitment: 'first', count: 'count', persistence: 'persistence',
  selectivity: 'value', in_degree: 'value', health: 'value', reconstruction: 'value',
};

/** Part of the spacing that a resting disc fills. */
const FILL = 0.5;

export interface Scale {
  min: number;
  max: number;
}

/** How the GPU's values of a side are read: value = (held - origin) * unit. */
export interface Reading {
  readonly origin: number;
  readonly unit: number;
}

/** B minus A instead of A. */
export interface Difference {
  readonly other: Activity;
  readonly a: Reading;
  readonly b: Reading;
  /** |B - A| of full colour. */
  readonly end: number;
}

const SIZE_GLSL = /* glsl */ `
uniform float pixelScale;  // pixels of one scene unit at distance 1
uniform float leastSize;
uniform float pointSize;   // the view's own factor
// Pixels of a point, and how much of the least size it really fills.
vec2 sizeOf(float spacing, float depth) {
  float size = pointSize * spacing * ${FILL.toFixed(2)} * pixelScale / depth;
  return vec2(clamp(size, leastSize, 75.0 * leastSize), clamp(size / leastSize, 0.0, 1.0));
}
`;

const STATE_GLSL = /* glsl */ `
uniform highp sampler2D lastSpike;
uniform float now;
uniform float halfLife;
uniform float gain;
float ageOf(int id) {  // bins; large for a spike that is still to come
  float age = now - texelFetch(lastSpike, texelOf(id), 0).r;
  return age < -0.001 ? 1e9 : min(age, 1e9);
}
float glowOf(int id) {
  return exp2(-min(ageOf(id) / halfLife, 30.0));
}
`;

function glslColour(hex: string): string {
  // As it is: the shaders speak display colours, and three.js would take it for one to convert.
  const { r, g, b } = new THREE.Color().setStyle(hex, THREE.LinearSRGBColorSpace);
  return `vec3(${[r, g, b].map((part) => part.toFixed(4)).join(', ')})`;
}

const CORE_VERTEX = /* glsl */ `
${POINT_GLSL}
${STATE_GLSL}
${SIZE_GLSL}
uniform highp sampler2D measure;
uniform sampler2D spikeMap;
uniform sampler2D valueMap;
uniform int mode;
uniform int neurons;
const vec3 DEAD = ${glslColour(HEALTH_COLOURS.dead)};
const vec3 SILENT = ${glslColour(HEALTH_COLOURS.silent)};
const vec3 SATURATED = ${glslColour(HEALTH_COLOURS.saturated)};
uniform vec2 range;
uniform sampler2D classMap;
uniform float silence;   // bins without a spike after which a neuron is silent
uniform vec2 depthRange;
${DIFFERENCE_GLSL}
flat out vec4 colour;
flat out vec3 edge;
flat out float hollow;

void main() {
  int id = gl_VertexID;
  Point point = pointOf(id);
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  vec2 size = sizeOf(point.spacing, -view.z);
  gl_PointSize = size.x;
  hollow = 0.0;

  // Far things recede into the room.
  float near = 1.0 - 0.45 * smoothstep(depthRange.x, depthRange.y, -view.z);
  vec3 rest = point.colour * 0.42 * near;
  vec3 shown = rest;
  if (id >= neurons) {
    shown = point.colour * 0.55 * near;
  } else if (differ == 1) {
    shown = shownDifference(id, mode, rest) * mix(1.0, near, 0.5);
    if (mode == 2) shown = mix(rest, shown, gain);
  } else if (mode == 0) {
    float glow = glowOf(id) * gain;
    vec3 light = texture(spikeMap, vec2(0.28 + 0.72 * glow, 0.5)).rgb;
    shown = mix(rest, light, smoothstep(0.0, 0.35, glow));
  } else {
    float value = texelFetch(measure, texelOf(id), 0).r;
    bool none = mode == 2 || mode >= 6 ? value < -1e29 : mode == 5 ? value < 1e-3 : mode == 3 ? value > 1e29 : mode == 4 && value < 0.5;
    float x = mode == 5 ? sqrt(max(value, 0.0) / range.y) : mode == 4 ? log2(1.0 + value) / log2(1.0 + range.y) : (value - range.x) / max(range.y - range.x, 1e-12);
    if (none) { shown = rest * (mode == 2 ? 0.8 : 1.0); hollow = mode == 2 ? 1.0 : 0.0; }
    else shown = texture(valueMap, vec2(clamp(x, 0.0, 1.0), 0.5)).rgb * mix(1.0, near, 0.5);
    if (mode == 6 && !none) {
      // The class is the whole part, how exclusive the answer the rest.
      vec3 tint = texelFetch(classMap, ivec2(int(value + 0.0005) & 255, 0), 0).rgb;
      shown = mix(rest, tint, 0.15 + 0.85 * smoothstep(0.0, 0.8, fract(value + 0.0005))) * mix(1.0, near, 0.5);
    } else if (mode == 8) {
      int state = int(value + 0.5);
      bool silent = state == ${HEALTH.fine} && now - texelFetch(lastSpike, texelOf(id), 0).r > silence;
      shown = rest * 0.7;
      if (state == ${HEALTH.dead}) { shown = DEAD; hollow = 1.0; }
      else if (state == ${HEALTH.saturated}) shown = SATURATED;
      else if (silent) shown = SILENT * mix(1.0, near, 0.5);
      // What asks for a look is larger, unless so many closer than pixels do that they would cover all others.
      float few = max(size.y, 1.0 - smoothstep(0.01, 0.05, range.y));
      if (state == ${HEALTH.dead} || state == ${HEALTH.saturated}) gl_PointSize = max(size.x * mix(1.0, 1.7, few), mix(1.0, 2.5, few) * leastSize);
    }
    if (mode == 1) shown = mix(rest, shown, smoothstep(0.0, 0.15, value)); // a last spike fades into rest
    if (mode == 2) shown = mix(rest, shown, gain);
  }
  // Values around zero are as dark as the room: an edge in the layer's hue keeps the body visible.
  edge = mix(rest, shown, smoothstep(0.12, 0.32, max(shown.r, max(shown.g, shown.b))));
  colour = vec4(shown, visibleOf(point) * mix(0.4, 1.0, size.y));
  if (visibleOf(point) < 0.004 || view.z > -0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const CORE_FRAGMENT = /* glsl */ `
flat in vec4 colour;
flat in vec3 edge;
flat in float hollow;
out vec4 pixel;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float r = length(at);
  float soft = min(fwidth(r), 0.5); // what is a pixel or two wide would else come and go with its place
  float alpha = 1.0 - smoothstep(1.0 - 1.5 * soft, 1.0, r);
  alpha *= mix(1.0, smoothstep(0.55 - soft, 0.55, r), hollow); // a ring: not recorded
  if (alpha < 0.3) discard;
  float shade = 1.06 - 0.22 * dot(at - vec2(-0.25, -0.3), at - vec2(-0.25, -0.3));
  vec3 body = mix(colour.rgb, edge, smoothstep(0.68 - soft, 0.68, r));
  pixel = vec4(body * shade, alpha * colour.a);
}`;

const HALO_VERTEX = /* glsl */ `
${POINT_GLSL}
${STATE_GLSL}
${SIZE_GLSL}
uniform sampler2D spikeMap;
uniform float strength;
flat out vec3 light;

void main() {
  int id = gl_VertexID;
  float glow = glowOf(id) * gain;
  if (glow < 0.03) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); gl_PointSize = 1.0; light = vec3(0.0); return; }
  Point point = pointOf(id);
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  vec2 size = sizeOf(point.spacing, -view.z);
  gl_PointSize = min(size.x * (2.4 + 2.2 * glow), 100.0 * leastSize);
  light = texture(spikeMap, vec2(0.30 + 0.62 * glow, 0.5)).rgb * glow * strength * size.y * visibleOf(point);
  if (view.z > -0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const HALO_FRAGMENT = /* glsl */ `
flat in vec3 light;
out vec4 pixel;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  float r2 = dot(at, at);
  if (r2 > 1.0) discard;
  float fall = exp(-4.5 * r2) * (1.0 - r2);
  pixel = vec4(light * fall, 1.0);
}`;

const ID_VERTEX = /* glsl */ `
${POINT_GLSL}
${SIZE_GLSL}
flat out vec4 code;
void main() {
  Point point = pointOf(gl_VertexID);
  vec4 view = modelViewMatrix * vec4(point.position, 1.0);
  gl_Position = projectionMatrix * view;
  gl_PointSize = max(sizeOf(point.spacing, -view.z).x, 2.0);
  int id = gl_VertexID + 1;
  code = vec4(id & 255, (id >> 8) & 255, (id >> 16) & 255, (id >> 24) & 255) / 255.0;
  if (visibleOf(point) < 0.5 || view.z > -0.01) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}`;

const ID_FRAGMENT = /* glsl */ `
flat in vec4 code;
out vec4 pixel;
void main() {
  vec2 at = gl_PointCoord * 2.0 - 1.0;
  if (dot(at, at) > 1.0) discard;
  pixel = code;
}`;

export class Neurons {
  readonly object = new THREE.Group();
  /** Drawn into the picking target only. */
  readonly idObject: THREE.Points;
  /** Shared by everything that draws points at their size, or spikes at their age. */
  readonly uniforms: Record<string, THREE.IUniform>;
  private readonly spikeMap = colourMapTexture('magma');
  private readonly valueMap = colourMapTexture(AMOUNT.map, AMOUNT.from);
  private readonly signedMap = colourMapTexture('berlin');
  private classMap: THREE.DataTexture;
  private readonly geometry = new THREE.BufferGeometry();
  private readonly idGeometry = new THREE.BufferGeometry();
  private readonly core: THREE.ShaderMaterial;
  private readonly halo: THREE.ShaderMaterial;
  private readonly id: THREE.ShaderMaterial;
  private readonly haloPoints: THREE.Points;
  private readonly n_points: number;
  private withHalo = true;

  constructor(table: NeuronTable, activity: Activity, n_classes: number) {
    this.classMap = classTexture(n_classes);
    // No attributes at all: the vertex number is the neuron.
    this.n_points = table.n_points;
    this.geometry.setDrawRange(0, table.n_points);
    this.idGeometry.setDrawRange(0, table.n_neurons);
    this.uniforms = {
      ...table.uniforms,
      lastSpike: { value: activity.texture('last') },
      now: { value: 0 },
      halfLife: { value: 1 },
      gain: { value: 1 },
      pixelScale: { value: 1 },
      leastSize: { value: 1.5 },
      pointSize: { value: 1 },
      spikeMap: { value: this.spikeMap },
      neurons: { value: table.n_neurons },
    };
    this.core = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: CORE_VERTEX, fragmentShader: CORE_FRAGMENT, transparent: true, depthWrite: true,
      uniforms: {
        ...this.uniforms,
        measure: { value: activity.texture('last') },
        valueMap: { value: this.valueMap },
        classMap: { value: this.classMap },
        silence: { value: 1 },
        mode: { value: 0 },
        range: { value: new THREE.Vector2(0, 1) },
        ...differenceUniforms(activity),
        depthRange: { value: new THREE.Vector2(1, 1000) },
      },
    });
    this.halo = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: HALO_VERTEX, fragmentShader: HALO_FRAGMENT, transparent: true,
      depthWrite: false, blending: THREE.AdditiveBlending,
      uniforms: { ...this.uniforms, strength: { value: 0.6 } },
    });
    this.id = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: ID_VERTEX, fragmentShader: ID_FRAGMENT, blending: THREE.NoBlending,
      uniforms: { ...this.uniforms, leastSize: { value: 1.5 } },
    });
    const core = pointsOf(this.geometry, this.core, 2);
    this.haloPoints = pointsOf(this.geometry, this.halo, 4);
    this.idObject = pointsOf(this.idGeometry, this.id, 0);
    this.object.add(core, this.haloPoints);
  }

  /** Takes over the time, the mode and its colour range. */
  update(activity: Activity, mode: ColourMode, scale: Scale, gain: number, difference: Difference | null = null): void {
    this.uniforms.now.value = activity.now;
    this.uniforms.halfLife.value = activity.halfLife_bins;
    this.uniforms.gain.value = gain;
    const { uniforms } = this.core;
    uniforms.mode.value = MODES.indexOf(mode);
    uniforms.range.value.set(scale.min, scale.max);
    uniforms.measure.value = activity.texture(MEASURED[mode]);
    uniforms.valueMap.value = scale.min < 0 && (mode === 'in_degree' || mode === 'reconstruction') ? this.signedMap : this.valueMap;
    uniforms.silence.value = activity.silence_bins;
    this.haloPoints.visible = mode === 'spikes' && difference === null && this.withHalo;
    setDifference(uniforms, MEASURED[mode], difference);
    if (difference !== null) uniforms.valueMap.value = this.signedMap;
  }

  /** Light around spikes: not in a headset, where it costs the most and flashes the largest part of the view. */
  set glows(on: boolean) {
    this.withHalo = on;
  }

  /** Draws only these points; null: all of them. Where there is an index, the vertex number is what stands in it. */
  only(ids: Uint32Array | null): void {
    const { geometry } = this;
    geometry.dispose(); // three.js would keep the buffer of the index before
    geometry.setIndex(ids === null ? null : new THREE.BufferAttribute(ids, 1));
    geometry.setDrawRange(0, ids?.length ?? this.n_points);
  }

  /** @param pixelScale pixels of one scene unit at distance 1 */
  resize(pixelScale: number, pixelRatio: number): void {
    this.uniforms.pixelScale.value = pixelScale;
    this.uniforms.leastSize.value = 1.6 * pixelRatio;
  }

  /** The number of classes is known only when the facts have come. */
  setClasses(n_classes: number): void {
    this.classMap.dispose();
    this.classMap = classTexture(n_classes);
    this.core.uniforms.classMap.value = this.classMap;
  }

  setDepthRange(near: number, far: number): void {
    this.core.uniforms.depthRange.value.set(near, far);
  }

  dispose(): void {
    for (const geometry of [this.geometry, this.idGeometry]) geometry.dispose();
    for (const material of [this.core, this.halo, this.id]) material.dispose();
    this.spikeMap.dispose();
    this.valueMap.dispose();
    this.signedMap.dispose();
    this.classMap.dispose();
  }
}

function pointsOf(geometry: THREE.BufferGeometry, material: THREE.Material, order: number): THREE.Points {
  const object = new THREE.Points(geometry, material);
  object.frustumCulled = false;
  object.renderOrder = order;
  return object;
}

export { SIZE_GLSL, STATE_GLSL };
