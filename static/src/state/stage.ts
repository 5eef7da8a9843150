/**
 * What a headset needs of the scene, as types: `scene/stage.ts` implements it, `xr/` uses it.
 *
 * The **room** is in metres, the reference space of the headset. The **network** is one group in it, drawn in scene units;
 * its matrix is where it stands in the room, how it is turned and how large it is. The **person** is the group that the
 * headset's own poses are relative to: moving it moves the viewer.
 */

import type * as THREE from 'three';

import type { Presence } from './session/presence';
import type { Camera } from './view';

export interface StageRow {
  readonly name: string;
  readonly kind: 'layer' | 'place';
  readonly n: number;
  readonly colour: string;
  readonly shown: boolean;
  /** In network coordinates; a copy. */
  readonly box: THREE.Box3;
}

export interface StageHit {
  /** Global index; -1 where a layer's sheet is hit between neurons. */
  readonly neuron: number;
  /** Name of the layer. */
  readonly layer: string;
  /** Metres along the ray. */
  readonly distance: number;
}

/** What a governor may take away. */
export interface Budget {
  /** Part of the neurons that is drawn, 0..1. */
  readonly points: number;
  /** Part of the synapses of the whole network, 0..1. */
  readonly synapses: number;
}

export interface StageWish {
  /** The real room is seen behind. */
  readonly passthrough: boolean;
  /** Sitting, the eyes are where the session began; standing, the floor is the floor. */
  readonly posture: 'standing' | 'seated';
  /** How many pixels are drawn, of those that the headset advises or has. */
  readonly resolution: 'usual' | 'full' | 'light';
}

export interface Stage {
  readonly renderer: THREE.WebGLRenderer;
  readonly room: THREE.Scene;
  readonly person: THREE.Group;
  readonly camera: THREE.PerspectiveCamera;
  readonly network: THREE.Group;
  /** True from `begin` to `end`. */
  readonly active: boolean;
  /** How far the headset's origin lies above the floor: 0 where it knows the floor. */
  readonly eyes_m: number;
  /** Draws into the session's layers from now on; `turn` is called before each picture. */
  begin(session: XRSession, wish: StageWish, turn: (now_ms: number, elapsed_ms: number) => void): Promise<void>;
  /** Back to the page: the canvas, its camera and its size. */
  end(): void;
  /** The neuron nearest to a ray (room coordinates) within an angle, else the layer whose sheet the ray meets. */
  along(origin: THREE.Vector3, direction: THREE.Vector3, spread_rad: number): StageHit | null;
  rows(): StageRow[];
  /** Box of everything shown, in network coordinates. */
  bounds(): THREE.Box3;
  setBudget(budget: Budget): void;
  /** Neurons drawn now, of all that are shown. */
  drawnPoints(): { readonly drawn: number; readonly total: number };
  /** The legend as lines, title first. */
  legendLines(): readonly string[];
  /** Colour stops of the first scale's bar, left to right; null where it has none. */
  legendBar(): readonly string[] | null;
  /** Where the person stands, in network coordinates. */
  presence(hands: Pick<Presence, 'left' | 'right'>): Presence;
  /** Where a recorded camera would have the network stand: so that the viewer sees what it saw. */
  ride(camera: Camera): void;
}
