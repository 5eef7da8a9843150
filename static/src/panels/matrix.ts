/** A heat map as an image, one pixel a cell: viridis, or blue-white-red around zero for signed values. */

import type { Columns } from '../net/arrow';
import { formatValue } from '../state/format';
import { h, setText } from '../ui/dom';
import type { PanelOf, PanelView } from './panel';

export const kind = 'matrix';

// Anchors of viridis and of a dark-centred diverging map (after Crameri's berlin), interpolated linearly.
const VIRIDIS = ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'];
const DIVERGING = ['#9eb0ff', '#4d8cb8', '#1c3f57', '#11181d', '#4f2116', '#a4563e', '#ffacac'];

// The CSS's max-height.
const MAX_HEIGHT_PX = 320;

export function create(host: HTMLElement): PanelView<PanelOf<'matrix'>> {
  const canvas = h('canvas.heat', { role: 'img' });
  const low = h('span.numbers');
  const high = h('span.numbers');
  const scale = h('span.heat-scale');
  const hover = h('p.hint.numbers', ' ');
  host.replaceChildren(canvas, h('div.heat-legend', low, scale, high), hover);
  let values: ArrayLike<number> = [];
  let shown: PanelOf<'matrix'> | null = null;
  canvas.addEventListener('pointermove', (event) => {
    if (shown === null) return;
    const box = canvas.getBoundingClientRect();
    const column = Math.min(shown.columns - 1, Math.floor(((event.clientX - box.left) / box.width) * shown.columns));
    const row = Math.min(shown.rows - 1, Math.floor(((event.clientY - box.top) / box.height) * shown.rows));
    const unit = shown.unit && shown.unit !== '1' ? ` ${shown.unit}` : '';
    setText(hover, `${shown.y_axis.label} ${row}, ${shown.x_axis.label} ${column}: ${formatValue(values[row * shown.columns + column])}${unit}`);
  });
  return {
    update(panel, columns: Columns) {
      shown = panel;
      values = columns.list(panel.values) as ArrayLike<number>;
      let min = Infinity;
      let max = -Infinity;
      for (let i = 0; i < values.length; i++) {
        if (values[i] < min) min = values[i];
        if (values[i] > max) max = values[i];
      }
      if (panel.diverging) {
        max = Math.max(Math.abs(min), Math.abs(max));
        min = -max;
      }
      canvas.width = panel.columns;
      canvas.height = panel.rows;
      canvas.style.aspectRatio = `${panel.columns} / ${panel.rows}`;
      // A picture keeps its cells square; other matrices fill the width.
      const picture = panel.x_axis.unit === 'px' && panel.y_axis.unit === 'px';
      canvas.style.width = picture ? `min(100%, ${(MAX_HEIGHT_PX * panel.columns) / panel.rows}px)` : '100%';
      canvas.setAttribute('aria-label', `${panel.title}: ${panel.rows} rows, ${panel.columns} columns, ${formatValue(min)} to ${formatValue(max)}`);
      const map = panel.diverging ? DIVERGING : VIRIDIS;
      const table = colours(map);
      const image = new ImageData(panel.columns, panel.rows);
      const pixels = new Uint32Array(image.data.buffer);
      const factor = max > min ? 255 / (max - min) : 0;
      for (let i = 0; i < pixels.length; i++) pixels[i] = Number.isNaN(values[i]) ? 0 : table[Math.round((values[i] - min) * factor)];
      canvas.getContext('2d')?.putImageData(image, 0, 0);
      scale.style.background = `linear-gradient(to right, ${map.join(', ')})`;
      setText(low, formatValue(min));
      setText(high, formatValue(max));
    },
  };
}

/** 256 colours as little-endian RGBA. */
function colours(anchors: readonly string[]): Uint32Array {
  const table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (anchors.length - 1);
    const from = Math.min(anchors.length - 2, Math.floor(at));
    const part = (shift: number): number => {
      const channel = (hex: string): number => (parseInt(hex.slice(1), 16) >> shift) & 255;
      return Math.round(channel(anchors[from]) + (channel(anchors[from + 1]) - channel(anchors[from])) * (at - from));
    };
    table[i] = (255 << 24) | (part(0) << 16) | (part(8) << 8) | part(16);
  }
  return table;
}
