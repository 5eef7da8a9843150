/** Whether the browser can show the network in a headset, and if not, why. */

export type XrMode = 'immersive-vr' | 'immersive-ar';

export interface XrSupport {
  /** Why not; "" = it can. */
  readonly lacks: Readonly<Record<XrMode, string>>;
}

const MODES: readonly XrMode[] = ['immersive-vr', 'immersive-ar'];

export async function xrSupport(): Promise<XrSupport> {
  const { xr } = navigator;
  if (!window.isSecureContext) return none('The page came over plain HTTP: headsets want HTTPS. Start the server with --https.');
  if (xr === undefined) return none('This browser has no WebXR. The browsers of Quest, Pico and Vive have it, and Chrome with a headset at the computer.');
  const found = await Promise.all(MODES.map((mode) => xr.isSessionSupported(mode).catch(() => false)));
  return { lacks: {
    'immersive-vr': found[0] ? '' : 'No headset is connected.',
    'immersive-ar': found[1] ? '' : 'No headset with passthrough is connected.',
  } };
}

function none(why: string): XrSupport {
  return { lacks: { 'immersive-vr': why, 'immersive-ar': why } };
}
