import { describe, expect, it } from 'vitest';

import { RoomClock } from './room_clock';

describe('the clock of a shared session', () => {
  it('reads the middle between question and answer', () => {
    let now = 1000;
    const clock = new RoomClock(() => now);
    expect(clock.known).toBe(false);
    clock.learn(1000, 1020, 5000); // the server read 5000 when it was 1010 here
    expect(clock.now()).toBe(4990);
    now = 1510;
    expect([clock.now(), clock.roundTrip_ms]).toEqual([5500, 20]);
  });

  it('trusts the quickest answer, and the newest of two as quick', () => {
    const clock = new RoomClock(() => 0);
    clock.learn(0, 10, 105); // offset 100, right
    clock.learn(0, 300, 210); // a slow way back: offset 60
    expect(clock.now()).toBe(100);
    clock.learn(0, 10, 106);
    expect(clock.now()).toBe(101);
  });

  it('lets old answers go, as clocks drift', () => {
    const clock = new RoomClock(() => 0);
    clock.learn(0, 2, 101);
    for (let i = 0; i < 16; i++) clock.learn(0, 10, 155);
    expect(clock.now()).toBe(150);
  });

  it('is within half of the round trip of the truth, whichever way took longer', () => {
    for (const [out, back] of [[1, 99], [50, 50], [99, 1]]) {
      const clock = new RoomClock(() => 0);
      clock.learn(0, out + back, out + 7000); // offset 7000
      expect(Math.abs(clock.now() - 7000)).toBeLessThanOrEqual((out + back) / 2);
    }
  });
});
