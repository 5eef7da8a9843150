/** Values of a layer as a small picture in its shape, diverging around zero; channels side by side. */

import { h } from './dom';
import { sample } from '../scene/legend/colour_maps';
import type { LayerInfo } from '../state/frames';

const MOST_PX = 168;

export function patternImage({ name, shape, frame, n_neurons }: LayerInfo, values: Float32Array): HTMLCanvasElement {
  const flat = shape.length < 2;
  const columns = flat ? (frame !== null && frame.columns > 0 ? frame.columns : Math.ceil(Math.sqrt(n_neurons))) : shape[shape.length - 1];
  const height = flat ? Math.ceil(n_neurons / columns) : shape[shape.length - 2];
  const channels = flat ? 1 : Math.max(1, n_neurons / (columns * height));
  const width = channels * columns + (channels - 1);
  const canvas = h('canvas.pattern', { width, height, role: 'img', 'aria-label': `Reconstructed input on ${name}` });
  const scale = Math.max(1, Math.floor(MOST_PX / Math.max(width, height)));
  canvas.style.width = `${Math.min(MOST_PX, width * scale)}px`;
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  const image = context.createImageData(width, height);
  values.forEach((value, id) => {
    const [channel, within] = [Math.floor(id / (columns * height)), id % (columns * height)];
    const at = 4 * (Math.floor(within / columns) * width + channel * (columns + 1) + (within % columns));
    image.data.set([...sample('berlin', 0.5 + 0.5 * (Number.isNaN(value) ? 0 : value)), 255], at);
  });
  context.putImageData(image, 0, 0);
  return canvas;
}
