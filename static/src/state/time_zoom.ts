/** Zooming and panning of a part of the run: pure functions of spans, half-open, in microseconds. */

export interface TimeSpan {
  readonly t_start_us: number;
  readonly t_stop_us: number;
}

/** Fewer bins than this are not zoomed to: nothing more could be seen. */
const LEAST_BINS = 32;

export const lengthOf = (span: TimeSpan): number => span.t_stop_us - span.t_start_us;

/** A span moved and, where it must be, shortened so that it lies within the run; null where it is all of it. */
export function fitted(span: TimeSpan, whole: TimeSpan): TimeSpan | null {
  const length = Math.min(lengthOf(span), lengthOf(whole));
  if (length >= lengthOf(whole)) return null;
  const start = Math.min(Math.max(span.t_start_us, whole.t_start_us), whole.t_stop_us - length);
  return { t_start_us: start, t_stop_us: start + length };
}

/** A span `factor` times as long, in which `at_us` stays where it is; null for the whole run. */
export function zoomed(span: TimeSpan, at_us: number, factor: number, whole: TimeSpan, bin_us: number): TimeSpan | null {
  const length = lengthOf(span);
  const wanted = Math.max(length * factor, Math.min(bin_us * LEAST_BINS, lengthOf(whole)));
  const start = at_us - ((at_us - span.t_start_us) / length) * wanted;
  return fitted({ t_start_us: start, t_stop_us: start + wanted }, whole);
}

/** A span moved by so many microseconds, as far as the run goes. */
export function panned(span: TimeSpan, by_us: number, whole: TimeSpan): TimeSpan | null {
  return fitted({ t_start_us: span.t_start_us + by_us, t_stop_us: span.t_stop_us + by_us }, whole);
}

/** The span at which two fingers, now at parts `a` and `b` of the bar's width, hold the times that they took hold of. */
export function pinched(
  held_us: readonly [number, number], parts: readonly [number, number], whole: TimeSpan, bin_us: number,
): TimeSpan | null {
  const apart = parts[1] - parts[0];
  if (Math.abs(apart) < 1e-3) return null;
  const per_part = (held_us[1] - held_us[0]) / apart;
  const length = Math.max(Math.abs(per_part), Math.min(bin_us * LEAST_BINS, lengthOf(whole)));
  const start = held_us[0] - parts[0] * length;
  return fitted({ t_start_us: start, t_stop_us: start + length }, whole);
}
