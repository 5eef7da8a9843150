import { expect, test } from 'vitest';

import { lookAt, PresenceSource, turned, type Quaternion } from './presence';

/** The direction in which a camera of that rotation looks. */
function forward([x, y, z, w]: Quaternion): number[] {
  return [-2 * (x * z + w * y), -2 * (y * z - w * x), -(1 - 2 * (x * x + y * y))];
}

test.each([[[0, 0, 5]], [[5, 0, 0]], [[-3, 0, 0]], [[0, 0, -2]], [[1, 2, 3]], [[-4, -1, 0.5]], [[0.1, 3, -0.2]]] as [number, number, number][][])(
  'a camera at %j looks at the origin', (from) => {
    const length = Math.hypot(...from);
    forward(lookAt(from, [0, 0, 0])).forEach((part, i) => expect(part).toBeCloseTo(-from[i] / length, 6));
  },
);

test('half of a quarter turn is an eighth', () => {
  const half = turned([0, 0, 0, 1], [0, Math.SQRT1_2, 0, Math.SQRT1_2], 0.5);
  expect(half[1]).toBeCloseTo(Math.sin(Math.PI / 8), 6);
  expect(half[3]).toBeCloseTo(Math.cos(Math.PI / 8), 6);
});

test('the person at a desk is the camera, until a headset is put on', () => {
  const source = new PresenceSource(() => ({ position: [0, 0, 9], target: [0, 0, 1] }));
  expect(source.now()).toEqual({
    head: { position: [0, 0, 9], rotation: [0, 0, 0, 1] }, target: [0, 0, 1], left: null, right: null, scale: 0, headset: false,
  });
  const worn = { ...source.now()!, scale: 4, headset: true };
  source.wear(worn);
  expect(source.now()).toBe(worn);
  source.wear(null);
  expect(source.headset).toBeNull();
});
