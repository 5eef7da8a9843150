/** B minus A, neuron by neuron: the shader's part that reads both sides' accumulators, and its uniforms. */

import * as THREE from 'three';

import { HEALTH } from './measures';
import type { Difference } from './neurons';
import type { AccumulatorKind } from '../spikes/accumulator';
import type { Activity } from '../spikes/activity';

/** Goes into the neurons' shader, after the modes' uniforms. */
export const DIFFERENCE_GLSL = /* glsl */ `
uniform int differ;
uniform highp sampler2D otherMeasure;
uniform highp sampler2D otherLast;
uniform int otherWidthBits;
uniform vec3 otherTime;    // B's now, half life and silence, in its own bins
uniform vec4 readings;     // A's origin and unit, B's origin and unit
uniform float differenceEnd;

float flagged(float value, float age, float limit) {
  int state = int(value + 0.5);
  return value < -1e29 ? 0.0 : state == ${HEALTH.dead} || state == ${HEALTH.saturated} || (state == ${HEALTH.fine} && age > limit) ? 1.0 : 0.0;
}

vec3 shownDifference(int id, int mode, vec3 rest) {
  ivec2 there = ivec2(id & ((1 << otherWidthBits) - 1), id >> otherWidthBits);
  float a = texelFetch(measure, texelOf(id), 0).r;
  float b = texelFetch(otherMeasure, there, 0).r;
  if (mode == 6) {
    // Classes have no difference: those that are another one in B have B's colour.
    bool same = b < -1e29 || (a > -1e29 && int(a + 0.0005) == int(b + 0.0005));
    return same ? rest * 0.6 : texelFetch(classMap, ivec2(int(b + 0.0005) & 255, 0), 0).rgb;
  }
  float ageA = now - texelFetch(lastSpike, texelOf(id), 0).r;
  float ageB = otherTime.x - texelFetch(otherLast, there, 0).r;
  float d = (b - readings.z) * readings.w - (a - readings.x) * readings.y;
  bool none = mode == 3 ? a > 1e29 || b > 1e29 : a < -1e29 || b < -1e29;
  if (mode == 0) {
    d = (ageB < -0.001 ? 0.0 : exp2(-min(ageB / otherTime.y, 30.0))) - glowOf(id);
    none = false;
  } else if (mode == 8) {
    d = flagged(b, ageB, otherTime.z) - flagged(a, ageA, silence);
    none = false;
  }
  float x = none ? 0.0 : clamp(d / differenceEnd, -1.0, 1.0);
  vec3 tint = texture(valueMap, vec2(0.5 + 0.5 * x, 0.5)).rgb;
  return mix(rest * 0.6, tint, smoothstep(0.0, 0.12, abs(x)));
}
`;

export function differenceUniforms(activity: Activity): Record<string, THREE.IUniform> {
  return {
    differ: { value: 0 },
    otherMeasure: { value: activity.texture('last') },
    otherLast: { value: activity.texture('last') },
    otherWidthBits: { value: 0 },
    otherTime: { value: new THREE.Vector3(0, 1, 1) },
    readings: { value: new THREE.Vector4(0, 1, 0, 1) },
    differenceEnd: { value: 1 },
  };
}

/** Takes over B's state; null: A alone is drawn. */
export function setDifference(uniforms: Record<string, THREE.IUniform>, kind: AccumulatorKind, difference: Difference | null): void {
  uniforms.differ.value = difference === null ? 0 : 1;
  if (difference === null) {
    // B's textures may be gone by the next draw.
    uniforms.otherMeasure.value = uniforms.otherLast.value = uniforms.lastSpike.value;
    return;
  }
  const { other, a, b, end } = difference;
  const texture = other.texture(kind);
  uniforms.otherMeasure.value = texture;
  uniforms.otherLast.value = other.texture('last');
  uniforms.otherWidthBits.value = Math.log2((texture.image as { width: number }).width);
  uniforms.otherTime.value.set(other.now, other.halfLife_bins, other.silence_bins);
  uniforms.readings.value.set(a.origin, a.unit, b.origin, b.unit);
  uniforms.differenceEnd.value = Math.max(end, 1e-12);
}
