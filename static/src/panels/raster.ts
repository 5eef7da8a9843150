/** A dot for each spike: time to the right over the window, neurons upwards; a drag seeks, a click selects a neuron, Alt and a drag several. */

import type { Columns } from '../net/arrow';
import { formatTime } from '../state/format';
import { layerColour, SELECTION_COLOUR } from '../state/palette';
import { token } from '../ui/dom';
import { drawAxes, type Box } from './axes';
import { Drawing } from './drawing';
import { globalNeuron, select, selectedIn } from './links';
import { NeuronBrush } from './neuron_brush';
import type { PanelContext, PanelOf, PanelView, Span } from './panel';
import type { Pen } from './pen';
import { listed, type Sheet } from './sheet';
import { TimeDrag } from './time_drag';

export const kind = 'raster';

const HEIGHT_PX = 180;
const LEFT_PX = 42;
/** More dots than this are set pixel by pixel on the screen: a rectangle each would take too long. */
const MAX_RECTANGLES = 20_000;

export function sheet(panel: PanelOf<'raster'>, columns: Columns): Sheet {
  const [steps, neurons] = listed(columns, panel.time_us, panel.neuron);
  const { first_us = 0, step_us = 1 } = panel;
  return { headings: ['time_us', `neuron of ${panel.layer}`], columns: [Array.from(steps as ArrayLike<number>, (step) => first_us + step * step_us), neurons] };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'raster'>> {
  /** In steps since the first. */
  let times: ArrayLike<number> = [];
  let neurons: ArrayLike<number> = [];
  let shown: PanelOf<'raster'> | null = null;
  let window: Span = { t_start_us: 0, t_stop_us: 1 };
  const boxOf = (width: number, height: number): Box => ({ left: LEFT_PX, top: 4, width: Math.max(1, width - LEFT_PX - 8), height: height - 24 });
  /** Pixels in a step, and from the window's start to the first. */
  const scaleOf = (box: Box): { x: number; offset: number; y: number } => {
    const of_us = box.width / (window.t_stop_us - window.t_start_us);
    return { x: of_us * (shown?.step_us ?? 1), offset: ((shown?.first_us ?? 0) - window.t_start_us) * of_us, y: box.height / (shown?.n_neurons ?? 1) };
  };
  const row = (y: number, box: Box): number => Math.floor((1 - (y - box.top) / box.height) * (shown?.n_neurons ?? 1));

  const draw = (pen: Pen, width: number, height: number): void => {
    if (shown === null) return;
    const box = boxOf(width, height);
    drawAxes(pen, box, [window.t_start_us, window.t_stop_us], [0, shown.n_neurons], true);
    const layer = context.layers.find((candidate) => candidate.name === shown?.layer);
    const size = Math.max(1, Math.min(3, (box.height / shown.n_neurons) * 0.8));
    const { x, offset, y } = scaleOf(box);
    const chosen = new Set(selectedIn(context, shown.layer));
    for (const id of chosen) {
      pen.globalAlpha = 0.25;
      pen.fillStyle = token('--muted');
      pen.fillRect(box.left, box.top + box.height - (id + 1) * y, box.width, Math.max(1, y));
      pen.globalAlpha = 1;
    }
    const colour = layerColour(layer?.index ?? 0, context.view.get('theme'));
    const marked = context.view.get('theme') === 'light' ? token('--text') : SELECTION_COLOUR;
    if (times.length > MAX_RECTANGLES && pen instanceof CanvasRenderingContext2D) {
      setPixels(pen, box, times, neurons, { x, offset, y, size, colour, chosen, marked });
      return;
    }
    for (const of_chosen of [false, true]) {
      pen.fillStyle = of_chosen ? marked : colour;
      for (let i = 0; i < times.length; i++) {
        if (chosen.has(neurons[i]) !== of_chosen) continue;
        pen.fillRect(box.left + offset + times[i] * x, box.top + box.height - (neurons[i] + 1) * y, 1.2, size);
      }
    }
  };
  const drawing: Drawing = new Drawing(host, {
    className: 'raster-dots over-time',
    height: () => HEIGHT_PX,
    draw,
    tell: (px, py) => {
      const box = boxOf(drawing.canvas.clientWidth, HEIGHT_PX);
      const id = row(py, box);
      const t_us = window.t_start_us + ((px - box.left) / box.width) * (window.t_stop_us - window.t_start_us);
      return shown !== null && id >= 0 && id < shown.n_neurons && px >= box.left ? `neuron ${id}, ${formatTime(t_us)}. Alt and a drag selects several.` : '';
    },
  });
  const drag = new TimeDrag(drawing.element, drawing.canvas, context, {
    span: () => (shown === null ? null : { ...boxOf(drawing.canvas.clientWidth, HEIGHT_PX), window }),
    click: (event) => {
      if (shown === null) return;
      const at = drawing.canvas.getBoundingClientRect();
      const neuron = globalNeuron(context, shown.layer, nearest(event.clientX - at.left, event.clientY - at.top));
      if (neuron !== null) select(context, neuron, event.shiftKey);
    },
  });

  const brush = new NeuronBrush(drawing.element, context, (inside) => {
    const box = boxOf(drawing.canvas.clientWidth, HEIGHT_PX);
    const { x, offset, y } = scaleOf(box);
    const layer = context.layers.find((candidate) => candidate.name === shown?.layer);
    if (layer === undefined) return null;
    const found = new Set<number>();
    const bottom = box.top + box.height;
    for (let i = 0; i < times.length; i++) {
      const across = box.left + offset + times[i] * x;
      const middle = bottom - (neurons[i] + 0.5) * y;
      if (across >= inside.left && across <= inside.right && middle >= inside.top && middle <= inside.bottom) found.add(layer.offset + neurons[i]);
    }
    return [...found].sort((a, b) => a - b);
  });

  /** The neuron of the dot next to a place; of the place's row where no dot is near. */
  const nearest = (px: number, py: number): number => {
    const box = boxOf(drawing.canvas.clientWidth, HEIGHT_PX);
    const { x, offset, y } = scaleOf(box);
    let best = row(py, box);
    let least = 8 ** 2;
    for (let i = 0; i < times.length; i++) {
      const away = (box.left + offset + times[i] * x - px) ** 2 + (box.top + box.height - (neurons[i] + 0.5) * y - py) ** 2;
      if (away < least) [least, best] = [away, neurons[i]];
    }
    return best;
  };
  return {
    update(panel, columns: Columns, asked) {
      shown = panel;
      window = asked;
      times = columns.list(panel.time_us) as ArrayLike<number>;
      neurons = columns.list(panel.neuron) as ArrayLike<number>;
      drawing.label(`${panel.title}: ${times.length} spikes of ${panel.n_neurons} neurons`);
      drawing.paint();
    },
    playhead: (t_us) => drag.playhead(t_us),
    selection: () => drawing.paint(),
    resize: () => drawing.paint(),
    height: () => HEIGHT_PX * 1.5,
    draw,
    dispose() {
      drag.dispose();
      brush.dispose();
      drawing.dispose();
    },
  };
}

interface Dots {
  /** Pixels in a step of time, from the box's left edge to the first step, and in a neuron. */
  readonly x: number;
  readonly offset: number;
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  readonly chosen: ReadonlySet<number>;
  readonly marked: string;
}

/** A million dots in some milliseconds: one pixel array, put over the axes at once. */
function setPixels(pen: CanvasRenderingContext2D, box: Box, times: ArrayLike<number>, neurons: ArrayLike<number>, dots: Dots): void {
  const { a: scale, e: dx, f: dy } = pen.getTransform();
  const [left, top] = [Math.round(box.left * scale + dx), Math.round(box.top * scale + dy)];
  const [width, height] = [Math.round(box.width * scale), Math.round(box.height * scale)];
  const image = pen.getImageData(left, top, width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const packed = (hex: string): number => ((255 << 24) | (parseInt(hex.slice(5, 7), 16) << 16) | (parseInt(hex.slice(3, 5), 16) << 8) | parseInt(hex.slice(1, 3), 16)) >>> 0;
  const [plain, marked] = [packed(dots.colour), packed(dots.marked)];
  const rows = Math.max(1, Math.round(dots.size * scale));
  const [x, offset, y] = [dots.x * scale, dots.offset * scale, dots.y * scale];
  const some = dots.chosen.size > 0;
  for (let i = 0; i < times.length; i++) {
    const column = Math.floor(offset + times[i] * x);
    if (column < 0 || column >= width) continue;
    const first = Math.max(0, Math.floor(height - (neurons[i] + 1) * y));
    const colour = some && dots.chosen.has(neurons[i]) ? marked : plain;
    for (let at = first; at < Math.min(height, first + rows); at++) pixels[at * width + column] = colour;
  }
  pen.putImageData(image, left, top);
}
