/**
 * A way of the camera through its kept places: a smooth curve, played over a set time. Pure: the page plays it, and what
 * makes a video of it asks for the camera at each frame's time.
 */

import type { Camera, ViewValues } from './view';

export interface CameraPath {
  /** The places that the camera passes, in order. */
  readonly stops: readonly Camera[];
  readonly duration_s: number;
}

/** Target x, y, z; azimuth and elevation of the camera as seen from the target, radians; log of its distance. */
type Pose = readonly [x: number, y: number, z: number, azimuth: number, elevation: number, log_distance: number];

const MOST_ELEVATION = Math.PI / 2 - 0.01;
/** Two places that are the same still take a part of the time: a rest. */
const LEAST_PART = 0.05;

/** The path that a view keeps; null with fewer than two places. */
export function pathOf({ bookmarks, path_s }: Pick<ViewValues, 'bookmarks' | 'path_s'>): CameraPath | null {
  return bookmarks.length < 2 ? null : { stops: bookmarks.map(({ camera }) => camera), duration_s: path_s };
}

/**
 * The camera at a time of a path.
 *
 * It starts and ends gently and turns around what it looks at, so that it passes beside the network where a straight line
 * would lead through it. Between, it goes at about the same pace: places get time by how different they look.
 *
 * @param t_s seconds since the path's start; before it the first place, after its end the last
 */
export function cameraAt(path: CameraPath, t_s: number): Camera {
  const { stops, duration_s } = path;
  if (stops.length === 0) throw new Error('A camera path has at least one place.');
  const at = duration_s > 0 ? t_s / duration_s : 1;
  if (stops.length === 1 || at <= 0) return stops[0];
  if (at >= 1) return stops[stops.length - 1];
  const poses = posesOf(stops);
  const times = timesOf(poses);
  const i = Math.max(0, times.findLastIndex((time) => time <= at));
  const span = times[i + 1] - times[i];
  const part = (at - times[i]) / span;
  const mixed = poses[i].map((_, axis) => hermite(
    poses[i][axis], poses[i + 1][axis], span * slope(poses, times, i, axis), span * slope(poses, times, i + 1, axis), part,
  )) as unknown as Pose;
  return cameraOf(mixed);
}

/** When each place is passed, seconds since the start. */
export function passings({ stops, duration_s }: CameraPath): number[] {
  return stops.length < 2 ? stops.map(() => 0) : timesOf(posesOf(stops)).map((time) => time * duration_s);
}

function posesOf(stops: readonly Camera[]): Pose[] {
  let before = 0;
  return stops.map(({ position, target }) => {
    const [dx, dy, dz] = position.map((value, axis) => value - target[axis]);
    const distance = Math.max(1e-9, Math.hypot(dx, dy, dz));
    let azimuth = Math.atan2(dx, dz);
    // The shorter way around.
    azimuth += 2 * Math.PI * Math.round((before - azimuth) / (2 * Math.PI));
    before = azimuth;
    return [...target, azimuth, Math.asin(dy / distance), Math.log(distance)] as Pose;
  });
}

function cameraOf([x, y, z, azimuth, elevation, log_distance]: Pose): Camera {
  const up = Math.max(-MOST_ELEVATION, Math.min(MOST_ELEVATION, elevation));
  const distance = Math.exp(log_distance);
  const flat = distance * Math.cos(up);
  return {
    position: [x + flat * Math.sin(azimuth), y + distance * Math.sin(up), z + flat * Math.cos(azimuth)],
    target: [x, y, z],
  };
}

/** When each place is passed, as parts of the whole: by how far the picture changes between them. */
function timesOf(poses: readonly Pose[]): number[] {
  const lengths = poses.slice(1).map((pose, i) => {
    const before = poses[i];
    const distance = Math.exp((pose[5] + before[5]) / 2);
    const moved = Math.hypot(pose[0] - before[0], pose[1] - before[1], pose[2] - before[2]) / distance;
    return Math.hypot(moved, pose[3] - before[3], pose[4] - before[4], pose[5] - before[5]);
  });
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const shares = lengths.map((length) => Math.max(length, LEAST_PART * mean, 1e-9));
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const times = [0];
  for (const share of shares) times.push(times[times.length - 1] + share / whole);
  times[times.length - 1] = 1;
  return times;
}

/** Change of an axis with time at a place, from its neighbours; none at the ends. */
function slope(poses: readonly Pose[], times: readonly number[], i: number, axis: number): number {
  if (i === 0 || i === poses.length - 1) return 0;
  const before = (poses[i][axis] - poses[i - 1][axis]) / (times[i] - times[i - 1]);
  const after = (poses[i + 1][axis] - poses[i][axis]) / (times[i + 1] - times[i]);
  // A turning point is passed without swinging beyond it (Fritsch and Carlson, doi:10.1137/0717021).
  if (before * after <= 0) return 0;
  const mean = (poses[i + 1][axis] - poses[i - 1][axis]) / (times[i + 1] - times[i - 1]);
  return Math.sign(mean) * Math.min(Math.abs(mean), 3 * Math.min(Math.abs(before), Math.abs(after)));
}

function hermite(from: number, to: number, slope_from: number, slope_to: number, x: number): number {
  const [x2, x3] = [x * x, x * x * x];
  return (2 * x3 - 3 * x2 + 1) * from + (x3 - 2 * x2 + x) * slope_from + (3 * x2 - 2 * x3) * to + (x3 - x2) * slope_to;
}
