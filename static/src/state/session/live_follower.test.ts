import { expect, test } from 'vitest';

import { LiveFollower } from './live_follower';
import { cameraAt } from '../camera_path';
import { PlaybackClock, type Supply } from '../playback';
import { type Camera, View } from '../view';
import { viewTake } from '../../film/take';

const LAYERS = [{ index: 0, name: 'a', n_neurons: 9, offset: 0 }] as never;
const AT = { position: [0, 0, 9], target: [0, 0, 0] } as const;

function setUp() {
  const supply: Supply = {
    t_start_us: 0, t_stop_us: 10e6, open: false, version: 1, loadedUntil: (_, direction) => (direction > 0 ? 10e6 : 0), levelFor: () => 0, frame_us: () => 1000,
  };
  const clock = new PlaybackClock(supply);
  const view = new View();
  const page = { now_ms: 1000, camera: { ...AT } as Camera | null, placed: 0 };
  const follower = new LiveFollower({
    layers: LAYERS, view, clock, now_ms: () => page.now_ms, camera: () => page.camera, showModules: () => undefined, changed: () => undefined,
    place: (camera) => {
      page.camera = camera;
      page.placed += 1;
    },
  }, new AbortController().signal);
  const turns = (ms: number): void => {
    for (const end = page.now_ms + ms; page.now_ms < end;) {
      page.now_ms += 20;
      clock.tick(page.now_ms);
      follower.turn(page.now_ms);
    }
  };
  return { clock, view, page, follower, turns };
}

const playing = { op: 'clock', at_ms: 1000, t_us: 2e6, speed: 0.5, playing: true, loop: null } as const;
const moved = { op: 'pose', at_ms: 1000, position: [5, 0, 0], target: [0, 1, 0] } as never;

test('a follower is where the formula says, without another message', () => {
  const { clock, page, follower, turns } = setUp();
  follower.use({}, true);
  follower.take(playing);
  turns(3000);
  expect(clock.t_us).toBeCloseTo(2e6 + 0.5 * (page.now_ms - 1000) * 1000, -1);
});

test('the camera eases to the presenter’s and stays there', () => {
  const { page, follower, turns } = setUp();
  follower.use({}, true);
  follower.take(moved);
  turns(40);
  expect(page.camera?.position[0]).toBeGreaterThan(1);
  expect(page.camera?.position[0]).toBeLessThan(4);
  turns(1000);
  expect(page.camera).toEqual({ position: [5, 0, 0], target: [0, 1, 0] });
  const { placed } = page;
  turns(500);
  expect(page.placed).toBe(placed);
});

test('whoever moves the camera keeps it, and the playhead goes on', () => {
  const { clock, page, follower, turns } = setUp();
  follower.use({}, true);
  follower.lookAround();
  follower.take(moved);
  follower.take(playing);
  turns(500);
  expect([page.placed, follower.following]).toEqual([0, 'around']);
  expect(clock.t_us).toBeGreaterThan(2.1e6);
  follower.follow('along');
  turns(1000);
  expect(page.camera?.position).toEqual([5, 0, 0]);
});

test('whoever takes the transport is apart, and nothing is applied until they follow again', () => {
  const { clock, view, follower } = setUp();
  follower.use({}, true);
  clock.seek(7e6);
  expect(follower.following).toBe('apart');
  follower.take(playing);
  follower.take({ op: 'view', at_ms: 1000, changes: { selection: [{ layer: 'a', neuron: 4 }] } });
  expect([clock.t_us, view.get('selection')]).toEqual([7e6, []]);
  follower.follow('along');
  expect(view.get('selection')).toEqual([4]);
  expect(clock.t_us).toBeCloseTo(2e6, -1);
});

test('a head in a headset is not moved', () => {
  const { page, follower, turns } = setUp();
  page.camera = null;
  follower.use({}, true);
  follower.take(moved);
  turns(500);
  expect(page.placed).toBe(0);
});

test('who presents is not led', () => {
  const { clock, follower } = setUp();
  follower.use({}, false);
  follower.take(playing);
  clock.seek(4e6);
  expect([clock.t_us, follower.following]).toEqual([4e6, 'along']);
});

test('a film of a camera path has the camera and the playhead of each of its times', async () => {
  const { clock, view } = setUp();
  const path = { stops: [AT, { position: [9, 0, 0], target: [0, 0, 0] }, { position: [0, 9, 1], target: [1, 0, 0] }] as Camera[], duration_s: 4 };
  const take = viewTake({ clock, view, layers: LAYERS }, 1e6, 9e6, 0.25, path);
  expect(take.duration_s).toBe(4);
  for (const film_s of [0, 1.3, 2, 3.9]) {
    const { camera } = await take.at(film_s);
    expect(camera).toEqual(cameraAt(path, film_s));
    expect(clock.t_us).toBeCloseTo(1e6 + 0.25e6 * film_s, 3);
  }
});

test('a film in reverse begins at the end', async () => {
  const { clock, view } = setUp();
  const take = viewTake({ clock, view, layers: LAYERS }, 1e6, 3e6, -2, null);
  expect(take.duration_s).toBe(1);
  await take.at(0.25);
  expect(clock.t_us).toBe(2.5e6);
});
