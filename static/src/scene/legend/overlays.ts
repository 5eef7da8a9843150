/** What lies over the picture of the network: the legend, the card of the stimulus, the minimap. */

import * as THREE from 'three';

/** Legends are as high as they have something to say; for the camera all are the same, so that a view is too. */
const CORNER = { width: 300, height: 260 };
const STRIP = { height: 168 };
const STIMULUS = { width: 176, height: 96 };
const GAP_PX = 8;

/** Below that there is no room for the columns of a low legend. */
export const STRIP_FROM_PX = 560;

/**
 * @param host the scene's element
 * @param pictures one, or two beside each other
 * @param legend whether it is shown
 * @returns rectangles in the pixels of a picture, y down
 */
export function lyingOver(host: HTMLElement, pictures: number, legend: boolean): THREE.Box2[] {
  const { clientWidth: full, clientHeight: height } = host;
  const width = Math.floor(full / pictures);
  const found: THREE.Box2[] = [];
  if (legend && pictures > 1 && full >= STRIP_FROM_PX) found.push(box(0, height - STRIP.height, full, STRIP.height));
  else if (legend) found.push(box(full - CORNER.width, height - CORNER.height, CORNER.width, CORNER.height));
  const stage = host.closest('.stage');
  if (stage?.querySelector('.stimulus:not([hidden])')) found.push(box(0, 0, STIMULUS.width, STIMULUS.height));
  const map = stage?.querySelector<HTMLElement>('.scene-minimap');
  if (map?.offsetWidth) found.push(box(map.offsetLeft, map.offsetTop, map.offsetWidth, map.offsetHeight).expandByScalar(GAP_PX));
  // Both pictures show the network at the same place.
  const window = box(0, 0, width, height);
  return Array.from({ length: pictures }, (_, part) => found.map((one) => one.clone().translate(new THREE.Vector2(-part * width, 0))))
    .flat().filter((one) => one.intersectsBox(window));
}

function box(left: number, top: number, width: number, height: number): THREE.Box2 {
  return new THREE.Box2(new THREE.Vector2(left, top), new THREE.Vector2(left + width, top + height));
}
