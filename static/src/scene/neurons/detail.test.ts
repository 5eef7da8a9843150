import * as THREE from 'three';
import { expect, test } from 'vitest';

import { Detail } from './detail';
import type { TableRow } from './neuron_table';

const rows = [row('wide', 0, 1_000_000), row('few', 1_000_000, 100)];
const table = { rows, n_points: 1_000_100 };
const PIXELS = 1000;

function row(name: string, first: number, n: number): TableRow {
  const box = new THREE.Box3(new THREE.Vector3(-1, -1, -1), new THREE.Vector3(1, 1, 0));
  return { name, kind: 'layer', first, n, frame: null, spacing: 1, colour: new THREE.Color(), box, shift: new THREE.Vector3(), visible: 1, stands: 1 };
}

function at(z: number): THREE.PerspectiveCamera {
  const camera = new THREE.PerspectiveCamera();
  camera.position.set(0, 0, z);
  return camera;
}

/** Pictures of a length for so many seconds; says how often something else was to be drawn. */
function play(detail: Detail, seconds: number, frame_ms: number, from_ms = 0): number {
  let changes = 0;
  for (let now = from_ms; now < from_ms + 1000 * seconds; now += frame_ms) if (detail.update(at(100), PIXELS, now, 2, true, 0)) changes++;
  return changes;
}

test('near by everything is drawn, from far one of those that share a pixel, of small layers all', () => {
  const detail = new Detail(table);
  expect(detail.update(at(500), PIXELS, 0, 1, false, 0)).toBe(false);
  expect(detail.words()).toBe('');

  expect(detail.update(at(4000), PIXELS, 16, 1, false, 0)).toBe(true); // a quarter of a pixel apart

  expect(detail.ids).toHaveLength(250_000 + 100);
  expect(detail.words()).toBe('Drawn: 250,100 of 1,000,100 neurons: the others lie closer than a pixel');
  // A little nearer is not yet near enough.
  expect(detail.update(at(3800), PIXELS, 32, 1, false, 0)).toBe(false);
  expect(detail.update(at(900), PIXELS, 48, 1, false, 0)).toBe(true);
  expect(detail.ids).toBeNull();
});

test('late pictures take neurons, then synapses; at rest all of them are back', () => {
  const detail = new Detail(table);
  expect(play(detail, 30, 200)).toBeGreaterThan(3);
  expect(detail.ids).toHaveLength(125_000 + 100);
  expect(detail.synapses).toBe(0.25);
  expect(detail.words()).toBe('Drawn: 125,100 of 1,000,100 neurons and 25 % of the synapses, to keep pace; all of them at rest');

  expect(detail.update(at(100), PIXELS, 31_000, 2, false, 0)).toBe(true);

  expect(detail.ids).toBeNull();
  expect(detail.synapses).toBe(1);
  expect(detail.words()).toBe('');
});

test('pictures in time and small networks lose nothing', () => {
  expect(play(new Detail(table), 20, 33)).toBe(0);
  expect(play(new Detail({ rows: [row('few', 0, 9000)], n_points: 9000 }), 20, 300)).toBe(0);
});

test('what others have drawn whole is left out again at the next turn', () => {
  const detail = new Detail(table);
  detail.update(at(4000), PIXELS, 0, 1, false, 0);

  detail.forget();

  expect(detail.ids).toBeNull();
  expect(detail.words()).toBe('');
  expect(detail.update(at(4000), PIXELS, 16, 1, false, 0)).toBe(true);
  expect(detail.ids).toHaveLength(250_000 + 100);
});
