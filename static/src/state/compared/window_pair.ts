/** The windows of both sides of a comparison: equally long where B is the same length of time later, and both inside their runs. */

import type { LoopRange } from '../playback';

export interface WindowPair {
  readonly a: LoopRange;
  readonly b: LoopRange;
}

/**
 * The windows of A and B for a window that is chosen for A.
 *
 * The whole of A's run is compared with the whole of another run; everything else with what lies `shift_us` later, both
 * cut to what the two runs have in common. Where they have nothing in common B's window lies outside its run, and its
 * panels say so.
 */
export function windowPair(window: LoopRange, run_a: LoopRange, run_b: LoopRange, shift_us: number, same_run: boolean): WindowPair {
  const whole = window.t_start_us <= run_a.t_start_us && window.t_stop_us >= run_a.t_stop_us;
  if (whole && !same_run) return { a: window, b: run_b };
  const t_start_us = Math.max(window.t_start_us, run_b.t_start_us - shift_us);
  const t_stop_us = Math.min(window.t_stop_us, run_b.t_stop_us - shift_us);
  const a = t_start_us < t_stop_us ? { t_start_us, t_stop_us } : window;
  return { a, b: { t_start_us: a.t_start_us + shift_us, t_stop_us: a.t_stop_us + shift_us } };
}
