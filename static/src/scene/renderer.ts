/** The canvas of the scene, and what draws into it. */

import * as THREE from 'three';

import { drawsInSoftware } from './graphics';
import { windowRatio } from './surface';

/** Puts a canvas into the host. */
export function createRenderer(host: HTMLElement): THREE.WebGLRenderer {
  const canvas = document.createElement('canvas');
  canvas.tabIndex = 0;
  canvas.setAttribute('aria-label', 'The network in 3D');
  const renderer = new THREE.WebGLRenderer({ canvas, antialias: !drawsInSoftware(), powerPreference: 'high-performance' });
  renderer.outputColorSpace = THREE.LinearSRGBColorSpace; // the shaders speak display colours
  THREE.ColorManagement.enabled = false;
  renderer.autoClear = true;
  renderer.setPixelRatio(windowRatio());
  host.append(canvas);
  return renderer;
}
