/**
 * How bright neurons are on average, as the shaders of neurons.ts draw them: discs that fill a part of their cells, and
 * the light around spikes, which adds up where it overlaps. Relative luminance, 0..1, as WCAG counts it.
 */

/** Of a fully lit sheet as it is drawn by default: discs and their light, room between them, seen at a slant. */
export const FULL = 0.75;
/** Diameter of a disc in spacings at size 1, and the light's strength (neurons.ts). */
const [FILL, STRENGTH] = [0.5, 0.6];
/** Mean of exp(-4.5 r^2) (1 - r^2) over a disc: how much of its square's light a halo keeps, with pi/4. */
const HALO = 0.136;
const REST = 0.25; // display brightness of a resting disc

/** Mean luminance of neurons whose glow this is. */
export function spikeLight(glow: number, size: number): number {
  const disc = FILL * size;
  const covered = Math.min(1, (Math.PI / 4) * disc * disc);
  const rising = Math.min(1, glow / 0.35);
  const mixed = rising * rising * (3 - 2 * rising);
  const core = REST + (0.28 + 0.72 * glow - REST) * mixed;
  const halo = STRENGTH * glow * (0.3 + 0.62 * glow) * HALO * (disc * (2.4 + 2.2 * glow)) ** 2;
  const drawn = covered * (luminance(core + halo) - luminance(REST)) + (1 - covered) * luminance(halo);
  return Math.max(FULL * glow, drawn);
}

/** The factor of all glow that leaves this share of the light of neurons that spike at once. */
export function glowFor(share: number, size: number): number {
  if (share >= 1) return 1;
  const wanted = share * spikeLight(1, size);
  let [low, high] = [0, 1];
  for (let i = 0; i < 16; i++) {
    const middle = (low + high) / 2;
    if (spikeLight(middle, size) < wanted) low = middle;
    else high = middle;
  }
  return low;
}

/** Mean luminance of values on the map viridis, whose lightness goes from 15 to 91 in even steps; of at most 256 of them. */
export function valueLight(values: ArrayLike<number>, min: number, max: number): number {
  const step = Math.ceil(values.length / 256);
  let [sum, n] = [0, 0];
  for (let i = 0; i < values.length; i += step, n++) {
    const value = values[i];
    if (value === value) sum += ((31 + 76 * Math.min(1, Math.max(0, (value - min) / Math.max(max - min, 1e-12)))) / 116) ** 3;
  }
  return FULL * (sum / Math.max(1, n));
}

function luminance(display: number): number {
  return Math.min(1, display) ** 2.2;
}
