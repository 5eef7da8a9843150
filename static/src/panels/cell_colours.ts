/**
 * Colours of heat maps: viridis, grey, and around zero a map whose middle is that of the surface: after Crameri's berlin on
 * dark ones, after his vik on light ones; interpolated linearly.
 */

const CELL_MAPS: Readonly<Record<string, readonly string[]>> = {
  sequential: ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'],
  logarithmic: ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'],
  diverging: ['#9eb0ff', '#4d8cb8', '#1c3f57', '#11181d', '#4f2116', '#a4563e', '#ffacac'],
  grey: ['#000000', '#ffffff'],
};

const VIK = ['#00125f', '#0b5288', '#6ba3c3', '#efe9e4', '#d1906f', '#96350f', '#590008'];

/** Anchors of the map of a scale. */
export function cellMap(scale: string, theme: 'dark' | 'light'): readonly string[] {
  return scale === 'diverging' && theme === 'light' ? VIK : (CELL_MAPS[scale] ?? CELL_MAPS['sequential'] ?? []);
}

/** So many colours as little-endian RGBA, from the anchors of a map. */
export function tableOf(anchors: readonly string[], n = 256): Uint32Array {
  const table = new Uint32Array(Math.max(1, n));
  for (let i = 0; i < n && anchors.length > 0; i++) {
    const at = n > 1 ? (i / (n - 1)) * (anchors.length - 1) : 0;
    const from = Math.max(0, Math.min(anchors.length - 2, Math.floor(at)));
    const to = Math.min(anchors.length - 1, from + 1);
    const part = (shift: number): number => {
      const channel = (hex: string): number => (parseInt(hex.slice(1), 16) >> shift) & 255;
      return Math.round(channel(anchors[from]) + (channel(anchors[to]) - channel(anchors[from])) * (at - from));
    };
    table[i] = (255 << 24) | (part(0) << 16) | (part(8) << 8) | part(16);
  }
  return table;
}
