import { describe, expect, it } from 'vitest';

import { closer, shifted, turned } from './steering';
import type { Camera } from './view';

const CAMERA: Camera = { position: [0, 0, 10], target: [0, 0, 0] };
const near = (vector: readonly number[], wanted: readonly number[]): void => wanted.forEach((x, i) => expect(vector[i]).toBeCloseTo(x, 6));

describe('steering by key', () => {
  it('turns around the target, to the right and upwards, never over the top', () => {
    near(turned(CAMERA, Math.PI / 2, 0).position, [10, 0, 0]);
    near(turned(CAMERA, 0, Math.PI / 6).position, [0, 5, 10 * Math.cos(Math.PI / 6)]);
    const top = turned(CAMERA, 0, 9);
    expect(top.position[2]).toBeGreaterThan(0);
    near(turned(top, 0, 9).position, top.position);
    near(turned(turned(CAMERA, 0.3, 0.2), -0.3, -0.2).position, CAMERA.position);
  });

  it('moves square to the line of sight, by parts of the distance', () => {
    const { position, target } = shifted(CAMERA, 0.1, 0.2);
    near(position, [1, 2, 10]);
    near(target, [1, 2, 0]);
    const tilted = shifted({ position: [3, 4, 12], target: [0, 0, 0] }, 0.1, -0.3);
    expect(tilted.target[0] * 3 + tilted.target[1] * 4 + tilted.target[2] * 12).toBeCloseTo(0, 6);
    expect(Math.hypot(...tilted.target)).toBeCloseTo(13 * Math.hypot(0.1, 0.3), 6);
  });

  it('comes closer along the line of sight', () => {
    near(closer({ position: [2, 2, 2], target: [1, 1, 1] }, 0.5).position, [1.5, 1.5, 1.5]);
  });
});
