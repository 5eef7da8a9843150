import { expect, test } from 'vitest';

import { PlaybackClock, type Supply } from './playback';

/** Ten seconds of 1 ms bins; `loaded` says how far data goes. */
function setUp(changes: Partial<Supply> & { loaded_us?: number } = {}) {
  const supply = {
    t_start_us: 0, t_stop_us: 10e6, open: false, version: 1, loaded_us: changes.loaded_us ?? 10e6,
    loadedUntil(t_us: number, direction: 1 | -1): number {
      return direction > 0 ? Math.max(t_us, this.loaded_us) : 0;
    },
    levelFor: (speed: number) => (Math.abs(speed) > 1 ? 1 : 0),
    frame_us: (level: number) => 1000 * 16 ** level,
    ...changes,
  };
  const clock = new PlaybackClock(supply as Supply);
  let now = 0;
  const run = (ms: number): void => {
    for (const end = now + ms; now < end; ) clock.tick((now += 10));
  };
  clock.tick(now);
  return { supply, clock, run };
}

test('moves at its speed on the wall clock', () => {
  const { clock, run } = setUp();
  clock.play();
  run(10); // the first tick after play only notes the time
  run(1000);
  expect(clock.t_us).toBeCloseTo(1e6, -3);
  clock.setSpeed(0.1);
  run(1000);
  expect(clock.t_us).toBeCloseTo(1.1e6, -4);
});

test('a second tick at the same time does nothing', () => {
  const { clock, run } = setUp();
  clock.play();
  run(100);
  const t = clock.t_us;
  clock.tick(100);
  expect(clock.t_us).toBe(t);
});

test('a long gap between ticks is not made up for', () => {
  const { clock, run } = setUp();
  clock.play();
  run(20);
  clock.tick(60_000);
  expect(clock.t_us).toBeLessThan(0.3e6);
});

test('waits where data ends and goes on when half a second is there', () => {
  const { clock, supply, run } = setUp({ loaded_us: 1e6 });
  clock.play();
  run(1500);
  expect(clock.status).toBe('buffering');
  expect(clock.t_us).toBeLessThanOrEqual(1e6);
  supply.loaded_us = 1.2e6;
  supply.version = 2;
  run(100);
  expect(clock.status).toBe('buffering');
  supply.loaded_us = 3e6;
  supply.version = 3;
  run(100);
  expect(clock.status).toBe('playing');
  expect(clock.t_us).toBeGreaterThan(1e6);
});

test('stops at the end, and playing again starts over', () => {
  const { clock, run } = setUp();
  clock.seek(9.9e6);
  clock.play();
  run(500);
  expect(clock.status).toBe('ended');
  expect(clock.playing).toBe(false);
  clock.play();
  run(100);
  expect(clock.t_us).toBeLessThan(0.2e6);
});

test('runs backwards to the start', () => {
  const { clock, run } = setUp();
  clock.seek(0.5e6);
  clock.setSpeed(-1);
  clock.play();
  run(200);
  expect(clock.t_us).toBeLessThan(0.4e6);
  run(1000);
  expect(clock.t_us).toBe(0);
  expect(clock.status).toBe('ended');
});

test('a loop goes round in both directions and counts a jump', () => {
  const { clock, run } = setUp();
  clock.setLoop({ t_start_us: 2e6, t_stop_us: 3e6 });
  expect(clock.t_us).toBe(2e6);
  clock.play();
  const { jump } = clock;
  run(1300);
  expect(clock.jump).toBe(jump + 1);
  expect(clock.t_us).toBeGreaterThan(2.1e6);
  expect(clock.t_us).toBeLessThan(2.5e6);
  clock.setSpeed(-1);
  run(500);
  expect(clock.t_us).toBeGreaterThan(2.5e6);
  expect(clock.t_us).toBeLessThan(3e6);
});

test('seek counts a jump and stays inside the span', () => {
  const { clock } = setUp();
  const { jump } = clock;
  clock.seek(50e6);
  expect(clock.t_us).toBe(10e6 - 1);
  clock.seek(-5);
  expect(clock.t_us).toBe(0);
  expect(clock.jump).toBe(jump + 2);
});

test('a step lands on the start of a frame and pauses', () => {
  const { clock } = setUp();
  clock.seek(5_500);
  clock.play();
  clock.step(1);
  expect(clock.playing).toBe(false);
  expect(clock.t_us).toBe(6000);
  clock.step(-1);
  expect(clock.t_us).toBe(5000);
});

test('does not move while the user scrubs', () => {
  const { clock, run } = setUp();
  clock.play();
  clock.startScrub();
  clock.seek(4e6);
  run(500);
  expect(clock.t_us).toBe(4e6);
  clock.stopScrub();
  run(500);
  expect(clock.t_us).toBeGreaterThan(4.3e6);
});

test('the speed chooses the level', () => {
  const { clock } = setUp();
  clock.setSpeed(10);
  expect(clock.level).toBe(1);
  clock.setSpeed(0.5);
  expect(clock.level).toBe(0);
});

test('an unreachable database shows, lets loaded data play, and heals', () => {
  const { clock, supply, run } = setUp({ loaded_us: 1e6 });
  clock.play();
  run(300);
  clock.setUnavailable(true);
  run(200);
  expect(clock.status).toBe('playing');
  run(1500);
  expect(clock.status).toBe('unavailable');
  supply.loaded_us = 10e6;
  supply.version = 2;
  clock.setUnavailable(false);
  run(200);
  expect(clock.status).toBe('playing');
});

test('at the end of an open recording it waits and goes on with it', () => {
  const { clock, supply, run } = setUp({ open: true, t_stop_us: 1e6, loaded_us: 1e6 });
  clock.play();
  run(1500);
  expect(clock.status).toBe('live');
  supply.t_stop_us = 2e6;
  supply.loaded_us = 2e6;
  supply.version = 2;
  clock.spanChanged();
  run(300);
  expect(clock.status).toBe('playing');
  expect(clock.t_us).toBeGreaterThan(1e6);
});
