/** Numbers as people read them: units, sensible digits, times as h:mm:ss.mmm as far as needed. */

/** A time of the recording; `step_us` says how fine it has to be. */
export function formatTime(t_us: number, step_us = 1000, total_us = t_us): string {
  const negative = t_us < 0;
  const abs = Math.abs(t_us);
  const digits = step_us >= 1_000_000 ? 0 : ([3, 4, 5].find((d) => step_us % 10 ** (6 - d) === 0) ?? 6);
  const whole = Math.floor(abs / 1e6);
  const fraction = digits === 0 ? '' : `.${String(Math.floor((abs % 1e6) / 10 ** (6 - digits))).padStart(digits, '0')}`;
  const seconds = String(whole % 60).padStart(2, '0');
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const clock = hours > 0 || total_us >= 3600e6
    ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}`
    : `${String(minutes).padStart(2, '0')}:${seconds}`;
  return `${negative ? '-' : ''}${clock}${fraction}`;
}

/** A duration: 12.48 s, 3 min 20 s, 120 ms. */
export function formatDuration(us: number): string {
  if (us < 1000) return `${trim(us)} us`;
  if (us < 1e6) return `${trim(us / 1000)} ms`;
  if (us < 120e6) return `${trim(us / 1e6)} s`;
  const seconds = Math.round(us / 1e6);
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** A count: 941, 12,480, 3.7 M. */
export function formatCount(n: number): string {
  if (n < 100_000) return minus(Math.round(n).toLocaleString('en-US'));
  if (n < 1e6) return `${trim(n / 1e3)} k`;
  if (n < 1e9) return `${trim(n / 1e6)} M`;
  return `${trim(n / 1e9)} G`;
}

export function formatBytes(n: number): string {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${trim(n / 1e3)} kB`;
  if (n < 1e9) return `${trim(n / 1e6)} MB`;
  return `${trim(n / 1e9)} GB`;
}

export function formatRate(hz: number): string {
  if (!Number.isFinite(hz)) return '-';
  return `${hz >= 100 ? Math.round(hz) : hz.toFixed(1)} Hz`;
}

/** Speed as a factor of real time: 0.1x, 1x, -2x. */
export function formatSpeed(speed: number): string {
  return `${trim(speed)}x`;
}

/** A value with three significant digits at most. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return 'none';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return minus(value.toExponential(2).replace(/\.?0+e/, 'e'));
  return minus(trim(value, 4));
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatCount(n)} ${n === 1 ? one : many}`;
}

/** With a real minus sign, which is as wide as the digits. */
function minus(text: string): string {
  return text.replaceAll('-', '−');
}

function trim(value: number, digits = 3): string {
  return String(Number(value.toPrecision(digits)));
}
