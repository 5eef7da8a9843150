import type { FrameStore } from './data/frame_store';

/** What an arrow key moves: a round interval, about a five-hundredth of the run. */
export function arrowStep_us({ t_start_us, t_stop_us, bin_us }: Pick<FrameStore, 't_start_us' | 't_stop_us' | 'bin_us'>): number {
  const wanted = Math.max((t_stop_us - t_start_us) / 500, bin_us);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return Math.max(bin_us, [1, 2, 5, 10].map((digit) => digit * power).find((value) => value >= wanted * 0.7) ?? power);
}
