/**
 * The scene as a picture of any size: drawn in tiles into a target of its own, so that neither the window nor the
 * graphics card bounds it, only the browser's canvas does.
 */

import * as THREE from 'three';

import type { Backdrop } from './backdrop';
import type { ShownLabel } from './legend/labels';
import { FIELD_OF_VIEW_DEG } from './looking/camera_rig';
import type { Neurons } from './neurons/neurons';

const TILE = 1536;
/** Light reaches beyond the tile of the neuron that it belongs to. */
const MARGIN = 176;
/** What browsers' canvases hold. */
export const MOST_PX = 16_384;

export interface PictureWish {
  readonly width: number;
  readonly height: number;
  /** Without the room: over black it looks as in the page. */
  readonly transparent: boolean;
}

export interface PictureParts {
  readonly renderer: THREE.WebGLRenderer;
  readonly scene: THREE.Scene;
  readonly camera: THREE.PerspectiveCamera;
  readonly neurons: Neurons;
  readonly backdrop: Backdrop;
  /** Size of the scene in the page, CSS pixels: points grow with the picture. */
  readonly page: { readonly width: number; readonly height: number };
}

/** Draws the picture; the caller sets the neurons' sizes back by resizing. */
export function drawPicture({ renderer, scene, camera, neurons, backdrop, page }: PictureParts, wish: PictureWish): HTMLCanvasElement {
  const { width, height, transparent } = wish;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('No 2D canvas for the picture.');
  const side = TILE + 2 * MARGIN;
  const target = new THREE.WebGLRenderTarget(side, side, { samples: 4 });
  const before = { target: renderer.getRenderTarget(), colour: renderer.getClearColor(new THREE.Color()), alpha: renderer.getClearAlpha(), aspect: camera.aspect };
  backdrop.object.visible = !transparent;
  neurons.resize(height / (2 * Math.tan(THREE.MathUtils.degToRad(FIELD_OF_VIEW_DEG) / 2)), height / page.height);
  camera.aspect = width / height;
  camera.updateProjectionMatrix();
  const pixels = new Uint8Array(side * side * 4);
  try {
    renderer.setRenderTarget(target);
    renderer.setClearColor(0, 0);
    for (let top = 0; top < height; top += TILE) {
      for (let left = 0; left < width; left += TILE) {
        const [x, y] = [left - MARGIN, top - MARGIN];
        camera.setViewOffset(width, height, x, y, side, side);
        backdrop.part.set((2 * x + side) / width - 1, 1 - (2 * y + side) / height, side / width, side / height);
        renderer.clear();
        renderer.render(scene, camera);
        renderer.readRenderTargetPixels(target, 0, 0, side, side, pixels);
        const [w, h] = [Math.min(TILE, width - left), Math.min(TILE, height - top)];
        context.putImageData(tileOf(pixels, side, w, h, transparent), left, top);
      }
    }
  } finally {
    camera.clearViewOffset();
    camera.aspect = before.aspect;
    camera.updateProjectionMatrix();
    renderer.setRenderTarget(before.target);
    renderer.setClearColor(before.colour, before.alpha);
    backdrop.object.visible = true;
    backdrop.part.set(0, 0, 1, 1);
    target.dispose();
  }
  return canvas;
}

/** Writes the labels, which the page has as text over the canvas, into the picture. */
export function drawLabels(canvas: HTMLCanvasElement, labels: readonly ShownLabel[], page: PictureParts['page']): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const scale = canvas.height / page.height;
  context.save();
  context.translate(canvas.width / 2, 0);
  context.scale(scale, scale);
  context.textAlign = 'center';
  for (const { text, detail, colour, x, y } of labels) {
    context.fillStyle = colour;
    context.font = '500 13px system-ui, sans-serif';
    context.fillText(text, x - page.width / 2, y + 13);
    context.fillStyle = '#9aa4b8';
    context.font = '12px system-ui, sans-serif';
    context.fillText(detail, x - page.width / 2, y + 30);
  }
  context.restore();
}

/** Pictures beside each other, cut at a width. */
export function joined(pictures: readonly HTMLCanvasElement[], width: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = pictures[0].height;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('No 2D canvas for the picture.');
  let left = 0;
  for (const picture of pictures) {
    context.drawImage(picture, left, 0);
    left += picture.width;
  }
  return canvas;
}

/** The inner part of a tile, top row first. */
function tileOf(pixels: Uint8Array, side: number, width: number, height: number, transparent: boolean): ImageData {
  const image = new ImageData(width, height);
  for (let row = 0; row < height; row++) {
    let from = 4 * ((side - 1 - MARGIN - row) * side + MARGIN);
    let to = 4 * row * width;
    for (let column = 0; column < width; column++, from += 4, to += 4) {
      const [r, g, b] = [pixels[from], pixels[from + 1], pixels[from + 2]];
      // What shines is as opaque as it is bright: laid over black it is the picture again.
      const alpha = transparent ? Math.max(r, g, b) : 255;
      const gain = transparent && alpha > 0 ? 255 / alpha : 1;
      image.data[to] = r * gain;
      image.data[to + 1] = g * gain;
      image.data[to + 2] = b * gain;
      image.data[to + 3] = alpha;
    }
  }
  return image;
}
