import { describe, expect, it } from 'vitest';

import { fitted, panned, pinched, zoomed } from './time_zoom';

const WHOLE = { t_start_us: 1_000_000, t_stop_us: 11_000_000 };
const BIN_US = 1000;

describe('zooming in time', () => {
  it('keeps the time under the pointer where it is', () => {
    const span = zoomed(WHOLE, 3_000_000, 0.5, WHOLE, BIN_US)!;
    expect(span).toEqual({ t_start_us: 2_000_000, t_stop_us: 7_000_000 });
    expect((3_000_000 - span.t_start_us) / 5_000_000).toBeCloseTo((3_000_000 - 1_000_000) / 10_000_000);
  });

  it('ends at the whole run and at thirty-two bins', () => {
    const near = zoomed({ t_start_us: 2_000_000, t_stop_us: 2_040_000 }, 2_020_000, 0.01, WHOLE, BIN_US);
    expect(near).toEqual({ t_start_us: 2_004_000, t_stop_us: 2_036_000 });
    expect(zoomed(near!, 2_020_000, 1e9, WHOLE, BIN_US)).toBeNull();
  });

  it('never makes a short run longer than it is', () => {
    const short = { t_start_us: 0, t_stop_us: 5000 };
    expect(zoomed(short, 100, 0.1, short, BIN_US)).toBeNull();
  });
});

describe('panning', () => {
  it('stops at the ends of the run and keeps the length', () => {
    const span = { t_start_us: 2_000_000, t_stop_us: 3_000_000 };
    expect(panned(span, -5_000_000, WHOLE)).toEqual({ t_start_us: 1_000_000, t_stop_us: 2_000_000 });
    expect(panned(span, 1e12, WHOLE)).toEqual({ t_start_us: 10_000_000, t_stop_us: 11_000_000 });
  });

  it('is the whole run where the span is as long', () => {
    expect(fitted({ t_start_us: 0, t_stop_us: 20_000_000 }, WHOLE)).toBeNull();
  });
});

describe('pinching', () => {
  it('keeps both times under their fingers', () => {
    expect(pinched([4_000_000, 6_000_000], [0.25, 0.75], WHOLE, BIN_US)).toEqual({ t_start_us: 3_000_000, t_stop_us: 7_000_000 });
  });

  it('waits for fingers that lie on one another', () => {
    expect(pinched([4_000_000, 6_000_000], [0.5, 0.5], WHOLE, BIN_US)).toBeNull();
  });
});
