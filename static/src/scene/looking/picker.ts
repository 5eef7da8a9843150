/**
 * Which neuron is at a pixel: an id pass with depth into a small target around the pointer, of which 9 x 9 pixels are
 * drawn and read. Its cost does not depend on the picture's size, and hovering never waits for the GPU.
 */

import * as THREE from 'three';

import type { Neurons } from '../neurons/neurons';

/** The target is wide enough that a large disc whose middle lies beside the pointer is not clipped with its middle. */
const SIZE = 129;
const REACH = 4;
const READ = 2 * REACH + 1;

export class Picker {
  private readonly renderer: THREE.WebGLRenderer;
  private readonly target = new THREE.WebGLRenderTarget(SIZE, SIZE, {
    minFilter: THREE.NearestFilter, magFilter: THREE.NearestFilter, generateMipmaps: false,
  });
  private readonly scene = new THREE.Scene();
  private readonly clearColour = new THREE.Color();
  private busy = false;

  constructor(renderer: THREE.WebGLRenderer, neurons: Neurons) {
    this.renderer = renderer;
    this.scene.add(neurons.idObject);
    const from = (SIZE - READ) / 2;
    this.target.scissorTest = true;
    this.target.scissor.set(from, from, READ, READ);
  }

  /** The neuron at a pixel of the drawing buffer (y down), or -1. Waits for the GPU. */
  pick(camera: THREE.PerspectiveCamera, x: number, y: number, width: number, height: number): number {
    this.draw(camera, x, y, width, height);
    const pixels = new Uint8Array(READ * READ * 4);
    const from = (SIZE - READ) / 2;
    this.renderer.readRenderTargetPixels(this.target, from, from, READ, READ, pixels);
    return nearest(pixels);
  }

  /** The same without waiting; null while another answer is still on its way. */
  async hover(
    camera: THREE.PerspectiveCamera, x: number, y: number, width: number, height: number,
  ): Promise<number | null> {
    if (this.busy) return null;
    this.busy = true;
    try {
      this.draw(camera, x, y, width, height);
      const pixels = new Uint8Array(READ * READ * 4);
      const from = (SIZE - READ) / 2;
      await this.renderer.readRenderTargetPixelsAsync(this.target, from, from, READ, READ, pixels);
      return nearest(pixels);
    } finally {
      this.busy = false;
    }
  }

  dispose(): void {
    this.target.dispose();
  }

  private draw(camera: THREE.PerspectiveCamera, x: number, y: number, width: number, height: number): void {
    const { renderer } = this;
    const half = (SIZE - 1) / 2;
    camera.setViewOffset(width, height, Math.floor(x) - half, Math.floor(y) - half, SIZE, SIZE);
    const before = renderer.getRenderTarget();
    const alpha = renderer.getClearAlpha();
    const autoClear = renderer.autoClear;
    renderer.getClearColor(this.clearColour);
    renderer.setRenderTarget(this.target);
    renderer.setClearColor(0, 0);
    renderer.autoClear = true;
    renderer.render(this.scene, camera);
    renderer.setRenderTarget(before);
    renderer.setClearColor(this.clearColour, alpha);
    renderer.autoClear = autoClear;
    camera.clearViewOffset();
  }
}

/** The id nearest to the middle of the read square. */
function nearest(pixels: Uint8Array): number {
  let best = -1;
  let least = Infinity;
  for (let row = 0; row < READ; row++) {
    for (let column = 0; column < READ; column++) {
      const at = 4 * (row * READ + column);
      const id = pixels[at] + pixels[at + 1] * 256 + pixels[at + 2] * 65536 + pixels[at + 3] * 16777216 - 1;
      const distance = (row - REACH) ** 2 + (column - REACH) ** 2;
      if (id >= 0 && distance < least) {
        least = distance;
        best = id;
      }
    }
  }
  return best;
}
