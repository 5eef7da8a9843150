import { describe, expect, it } from 'vitest';

import { cameraAt, passings, pathOf } from './camera_path';
import { VIEW_DEFAULTS, type Camera } from './view';

const at = (x: number, y: number, z: number, target: readonly [number, number, number] = [0, 0, 0]): Camera => ({ position: [x, y, z], target });
const distance = ({ position, target }: Camera): number => Math.hypot(...position.map((value, axis) => value - target[axis]));

describe('cameraAt', () => {
  const path = { stops: [at(0, 0, 10), at(10, 0, 0), at(20, 0, 0, [10, 0, 0])], duration_s: 8 };

  it('passes every place at its time, and stays at the ends', () => {
    passings(path).forEach((t_s, i) => {
      const camera = cameraAt(path, t_s);
      path.stops[i].position.forEach((value, axis) => expect(camera.position[axis]).toBeCloseTo(value, 6));
      path.stops[i].target.forEach((value, axis) => expect(camera.target[axis]).toBeCloseTo(value, 6));
    });
    expect(cameraAt(path, -1)).toEqual(path.stops[0]);
    expect(cameraAt(path, 99)).toEqual(path.stops[2]);
  });

  it('turns around the target instead of going through it, the shorter way', () => {
    const half = { stops: [at(0, 0, 10), at(0.1, 0, -10)], duration_s: 2 };
    for (let t = 0; t <= 2; t += 0.1) expect(distance(cameraAt(half, t))).toBeCloseTo(10, 2);
    expect(cameraAt(half, 1).position[0]).toBeGreaterThan(9.9);
  });

  it('starts and ends gently, and never jumps', () => {
    const moved = (t: number, dt: number): number =>
      Math.hypot(...cameraAt(path, t + dt).position.map((value, axis) => value - cameraAt(path, t).position[axis]));
    expect(moved(0, 0.01)).toBeLessThan(0.001);
    expect(moved(7.99, 0.01)).toBeLessThan(0.001);
    for (let t = 0; t < 8; t += 0.05) expect(moved(t, 0.05)).toBeLessThan(0.5);
  });

  it('rests where two places are the same, and swings beyond none', () => {
    const rest = { stops: [at(0, 0, 10), at(0, 0, 10), at(0, 0, 30)], duration_s: 10 };
    for (let t = 0; t <= 10; t += 0.25) {
      const z = cameraAt(rest, t).position[2];
      expect(z).toBeGreaterThan(9.999);
      expect(z).toBeLessThan(30.001);
    }
  });
});

describe('pathOf', () => {
  it('needs two places', () => {
    const place = { name: 'a', camera: at(0, 0, 1) };
    expect(pathOf({ ...VIEW_DEFAULTS, bookmarks: [place] })).toBeNull();
    expect(pathOf({ ...VIEW_DEFAULTS, bookmarks: [place, place], path_s: 4 })).toEqual({ stops: [place.camera, place.camera], duration_s: 4 });
  });
});
