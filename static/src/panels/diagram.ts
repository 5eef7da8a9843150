/**
 * Boxes below each other with arcs between them: forward ones on the right, backward ones and loops on the left. A click on the
 * box of a layer selects its neurons; the boxes of selected neurons are framed.
 */

import type { Columns } from '../net/arrow';
import { layerColour, SELECTION_COLOUR } from '../state/palette';
import { token } from '../ui/dom';
import { fitted, FONT } from './axes';
import { Drawing } from './drawing';
import { selectedIn } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import type { Pen } from './pen';
import type { Sheet } from './sheet';

export const kind = 'diagram';

const BOX_PX = 34;
const GAP_PX = 16;
const NEAR_PX = 8;
/** A larger selection than this tells nothing, and takes the scene a while. */
const MOST_SELECTED = 4096;

interface Arc {
  readonly source: number;
  readonly target: number;
  readonly size: number;
  readonly note: string;
}

export function sheet(panel: PanelOf<'diagram'>, columns: Columns): Sheet {
  const names = columns.list(panel.names);
  const named = (column: string): unknown[] => Array.from(columns.list(column) as ArrayLike<number>, (at) => names[at]);
  return { headings: ['from', 'to', 'size', 'note'], columns: [named(panel.sources), named(panel.targets), columns.list(panel.sizes), columns.list(panel.arc_notes)] };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'diagram'>> {
  let names: string[] = [];
  let notes: string[] = [];
  let arcs: Arc[] = [];
  let hovered = -1;
  const height = (): number => names.length * (BOX_PX + GAP_PX) - GAP_PX + 8;
  const middle = (at: number): number => 4 + at * (BOX_PX + GAP_PX) + BOX_PX / 2;
  const boxOf = (width: number): { left: number; width: number } => {
    const back = arcs.some((arc) => arc.target <= arc.source);
    const room = Math.min(88, 28 + 9 * names.length);
    const left = back ? room : 0;
    return { left, width: Math.max(60, width - left - (arcs.some((arc) => arc.target > arc.source) ? room : 0)) };
  };
  /** Corners of an arc's curve. */
  const curve = (arc: Arc, width: number): number[] => {
    const box = boxOf(width);
    const forward = arc.target > arc.source;
    const x = forward ? box.left + box.width : box.left;
    const reach = (forward ? 1 : -1) * Math.min(forward ? (width - x) * 1.3 : x * 1.3, 18 + 16 * Math.abs(arc.target - arc.source));
    const from = middle(arc.source) + (forward ? 6 : arc.source === arc.target ? 10 : -6);
    const to = middle(arc.target) + (forward ? -6 : arc.source === arc.target ? -10 : 6);
    return [x, from, x + reach, from, x + reach, to, x, to];
  };
  const draw = (pen: Pen, width: number): void => {
    const box = boxOf(width);
    const top = Math.max(1, ...arcs.map((arc) => Math.log1p(arc.size)));
    arcs.forEach((arc, at) => {
      const [x0, y0, x1, y1, x2, y2, x3, y3] = curve(arc, width);
      pen.strokeStyle = layerColour(layerOf(arc.source), context.view.get('theme'));
      pen.fillStyle = pen.strokeStyle;
      pen.globalAlpha = hovered < 0 ? 0.75 : at === hovered ? 1 : 0.15;
      pen.lineWidth = 0.75 + (2.5 * Math.log1p(arc.size)) / top;
      pen.beginPath();
      pen.moveTo(x0, y0);
      pen.bezierCurveTo(x1, y1, x2, y2, x3, y3);
      pen.stroke();
      // The head of the arrow.
      const side = arc.target > arc.source ? 6 : -6;
      pen.beginPath();
      pen.moveTo(x3, y3);
      pen.lineTo(x3 + side, y3 - 4);
      pen.lineTo(x3 + side, y3 + 4);
      pen.closePath();
      pen.fill();
    });
    pen.globalAlpha = 1;
    pen.lineWidth = 1.5;
    names.forEach((name, at) => {
      const y = middle(at);
      pen.fillStyle = token('--raised');
      pen.fillRect(box.left, y - BOX_PX / 2, box.width, BOX_PX);
      const chosen = selectedIn(context, name).length > 0;
      pen.lineWidth = chosen ? 2.5 : 1.5;
      pen.strokeStyle = chosen ? selectionColour() : layerColour(layerOf(at), context.view.get('theme'));
      pen.strokeRect(box.left, y - BOX_PX / 2, box.width, BOX_PX);
      pen.textAlign = 'center';
      pen.textBaseline = 'middle';
      pen.font = FONT;
      pen.fillStyle = token('--text');
      pen.fillText(fitted(name, box.width - 8), box.left + box.width / 2, notes[at] ? y - 7 : y);
      pen.fillStyle = token('--muted');
      if (notes[at]) pen.fillText(fitted(notes[at], box.width - 8), box.left + box.width / 2, y + 8);
    });
  };
  // White is no colour on a white page.
  const selectionColour = (): string => (context.view.get('theme') === 'dark' ? SELECTION_COLOUR : token('--accent'));
  const boxAt = (x: number, y: number, width: number): number => {
    const box = boxOf(width);
    return x < box.left || x > box.left + box.width ? -1 : names.findIndex((_, at) => Math.abs(y - middle(at)) <= BOX_PX / 2);
  };
  const layerOf = (at: number): number => context.layers.find((layer) => layer.name === names[at])?.index ?? at;
  const nearest = (x: number, y: number, width: number): number => {
    let best = -1;
    let least = NEAR_PX ** 2;
    arcs.forEach((arc, at) => {
      const [x0, y0, x1, y1, x2, y2, x3, y3] = curve(arc, width);
      for (let step = 0; step <= 16; step++) {
        const t = step / 16;
        const u = 1 - t;
        const px = u ** 3 * x0 + 3 * u * u * t * x1 + 3 * u * t * t * x2 + t ** 3 * x3;
        const py = u ** 3 * y0 + 3 * u * u * t * y1 + 3 * u * t * t * y2 + t ** 3 * y3;
        const away = (px - x) ** 2 + (py - y) ** 2;
        if (away < least) [least, best] = [away, at];
      }
    });
    return best;
  };
  const drawing: Drawing = new Drawing(host, {
    className: 'diagram-arcs',
    height,
    draw,
    tell: (x, y) => {
      const found = nearest(x, y, drawing.canvas.clientWidth);
      if (found !== hovered) {
        hovered = found;
        drawing.paint();
      }
      const at = boxAt(x, y, drawing.canvas.clientWidth);
      drawing.canvas.style.cursor = at < 0 ? '' : 'pointer';
      if (found < 0 && at >= 0) return names[at];
      return found < 0 ? '' : `${names[arcs[found].source]} to ${names[arcs[found].target]}: ${arcs[found].note}`;
    },
  });
  drawing.canvas.addEventListener('click', (event) => {
    const place = drawing.canvas.getBoundingClientRect();
    const at = boxAt(event.clientX - place.left, event.clientY - place.top, drawing.canvas.clientWidth);
    const layer = context.layers.find((candidate) => candidate.name === names[at]);
    if (layer === undefined) return;
    const own = Array.from({ length: Math.min(layer.n_neurons, MOST_SELECTED) }, (_, id) => layer.offset + id);
    context.view.set({ selection: event.shiftKey ? [...new Set([...context.view.get('selection'), ...own])] : own });
  });
  return {
    selection: () => drawing.paint(),
    update(panel, columns: Columns) {
      const texts = (name: string): string[] => Array.from(columns.list(name) as ArrayLike<unknown>, String);
      names = texts(panel.names);
      notes = texts(panel.notes);
      const [sources, targets, sizes] = [panel.sources, panel.targets, panel.sizes].map((name) => columns.list(name) as ArrayLike<number>);
      const told = texts(panel.arc_notes);
      arcs = told.map((note, at) => ({ source: sources[at], target: targets[at], size: sizes[at], note }));
      drawing.label(`${panel.title}: ${arcs.map((arc) => `${names[arc.source]} to ${names[arc.target]}, ${arc.note}`).join('; ') || names.join(', ')}`);
      drawing.paint();
    },
    resize: () => drawing.paint(),
    height,
    draw: (pen, width) => draw(pen, width),
    dispose: () => drawing.dispose(),
  };
}
