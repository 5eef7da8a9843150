/** How somebody likes to be in the headset; kept in the browser. */

import { kept } from '../state/kept';

export interface XrSettings {
  /** The hand that points, picks and scrubs; the other one carries the menu and moves the person. */
  readonly hand: 'right' | 'left';
  readonly posture: 'standing' | 'seated';
  readonly moving: 'teleport' | 'fly';
  /** Nothing moves by itself: no flight, no easing, no riding along. */
  readonly still: boolean;
  /** Of the frame, where the headset lets one choose; null = its own. */
  readonly rate_hz: number | null;
  /** Of the picture that is drawn: as the headset advises, all of its pixels, or fewer for a slow one. */
  readonly resolution: 'usual' | 'full' | 'light';
  /** Less is drawn where frames come late; else everything, however slow. */
  readonly governed: boolean;
}

const KEY = 'synaptarium.xr';

export function loadSettings(): XrSettings {
  const otherwise: XrSettings = {
    hand: 'right', posture: 'standing', moving: 'teleport', still: matchMedia('(prefers-reduced-motion: reduce)').matches, rate_hz: null,
    resolution: 'usual', governed: true,
  };
  try {
    return { ...otherwise, ...(JSON.parse(kept.getItem(KEY) ?? '{}') as Partial<XrSettings>) };
  } catch {
    return otherwise;
  }
}

export function saveSettings(settings: XrSettings): void {
  kept.setItem(KEY, JSON.stringify(settings));
}
