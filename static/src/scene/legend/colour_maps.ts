/**
 * Perceptually uniform colour maps as control values, linearly interpolated.
 *
 * viridis and magma: matplotlib (van der Walt, Smith, Firing; CC0). berlin: Crameri, Scientific colour maps 8,
 * doi:10.5281/zenodo.1243862, dark in the middle. Largest error against the published 256 values: 5, 3 and 2 of 255.
 */

import * as THREE from 'three';

import { classColour } from '../../state/palette';

const CONTROL_VALUES = {
  viridis:
    '44015448186a472d7b4240863b528b33638d2c728e26828e21918c1fa08828ae803fbc735ec96284d44baddc30d8e219fde725',
  magma:
    '0000040a08221d114736106b51127c6a1c818326819c2e7fb73779d0416fe75263f56b5cfc8961fea772fec488fde2a3fcfdbf',
  berlin:
    '9eb0ff8caef679abed65a7e2519fd34194c13685ad2e76992868862259731d4b61183d4f14303e11242e111a20121214190c09220c022b0e01' +
    '3510004112014d16025b1d086c27117d341e8e422e9e513fae6051be6f63ce7f76df8f89f09f9cffadad',
} as const;

/** Amounts in the room: viridis without its darkest quarter, in which a neuron could hardly be told from the room. */
export const AMOUNT = { map: 'viridis', from: 0.25 } as const;

export type ColourMapName = keyof typeof CONTROL_VALUES;
type Rgb = [number, number, number];

function controls(name: ColourMapName): Rgb[] {
  const text = CONTROL_VALUES[name];
  const values: Rgb[] = [];
  for (let at = 0; at < text.length; at += 6) {
    const packed = parseInt(text.slice(at, at + 6), 16);
    values.push([packed >> 16, (packed >> 8) & 255, packed & 255]);
  }
  return values;
}

/** Colour of x in [0, 1] as 0..255 values; x is clamped. */
export function sample(name: ColourMapName, x: number): Rgb {
  const values = controls(name);
  const position = Math.min(1, Math.max(0, x)) * (values.length - 1);
  const below = Math.min(values.length - 2, Math.floor(position));
  const part = position - below;
  return values[below].map((value, k) => Math.round(value + (values[below + 1][k] - value) * part)) as Rgb;
}

/** A 256 x 1 texture of a map, filtered; `from` leaves out the part of the map below it. The caller disposes of it. */
export function colourMapTexture(name: ColourMapName, from = 0): THREE.DataTexture {
  const data = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) data.set([...sample(name, from + (i / 255) * (1 - from)), 255], 4 * i);
  const texture = new THREE.DataTexture(data, 256, 1);
  texture.minFilter = texture.magFilter = THREE.LinearFilter;
  texture.needsUpdate = true;
  return texture;
}

/** A 256 x 1 texture of class colours, by index. The caller disposes of it. */
export function classTexture(n_classes: number): THREE.DataTexture {
  const data = new Uint8Array(256 * 4);
  for (let i = 0; i < 256; i++) {
    const colour = parseInt(classColour(i, n_classes).slice(1), 16);
    data.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * i);
  }
  const texture = new THREE.DataTexture(data, 256, 1);
  texture.needsUpdate = true;
  return texture;
}

/** The map as a CSS gradient, left to right, for legends. `from` leaves out the part of the map below it. */
export function cssGradient(name: ColourMapName, from = 0): string {
  return `linear-gradient(to right, ${cssGradientStops(name, from).join(', ')})`;
}

/** The colours of that gradient, evenly spaced. */
export function cssGradientStops(name: ColourMapName, from = 0): string[] {
  return Array.from({ length: 17 }, (_, i) => `rgb(${sample(name, from + (i / 16) * (1 - from)).join(' ')})`);
}
