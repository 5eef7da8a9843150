/** Points in three dimensions, turned by dragging, in parallel projection: x and z lie, y stands. */

import type { Columns } from '../net/arrow';
import { formatTime, formatValue } from '../state/format';
import { classColour, lineColour } from '../state/palette';
import { token } from '../ui/dom';
import { FONT } from './axes';
import { Drawing } from './drawing';
import { follow, isSelected, type Target, targetOf } from './links';
import type { PanelContext, PanelOf, PanelView } from './panel';
import type { Pen } from './pen';
import { heading, type Sheet } from './sheet';

export const kind = 'scatter3d';

type Triple = readonly [number, number, number];
const NEAR_PX = 12;

const HEIGHT_PX = 240;
/** Where the axes' names stand, in the cube. */
const LABEL_PLACES: readonly Triple[] = [[0, -0.5, -0.62], [-0.5, 0.56, 0.5], [0.62, -0.5, 0]];

export function sheet(panel: PanelOf<'scatter3d'>, columns: Columns): Sheet {
  const names = [panel.x, panel.y, panel.z, ...(panel.group ? [panel.group] : []), ...(panel.links?.time_us ? [panel.links.time_us] : [])];
  const headings = [panel.x_axis, panel.y_axis, panel.z_axis].map((axis) => heading(axis.label, axis.unit));
  return {
    headings: [...headings, ...(panel.group ? ['group'] : []), ...(panel.links?.time_us ? ['time_us'] : [])],
    columns: names.map((name) => columns.list(name)),
  };
}

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'scatter3d'>> {
  let shown: PanelOf<'scatter3d'> | null = null;
  let data: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>] = [[], [], []];
  let groups: ArrayLike<unknown> = [];
  let spans: readonly [number, number][] = [];
  let times: ArrayLike<number> = [];
  let targets: Target[] = [];
  let turn = -0.6;
  let tilt = 0.45;
  let placed = new Float32Array();
  let here = -1;
  let moved = false;

  const draw = (pen: Pen, width: number, height: number): void => {
    if (shown === null) return;
    const scale = Math.min(width, height * 1.3) * 0.5;
    // From -0.5..0.5 on each axis to the canvas.
    const project = ([x, y, z]: Triple): [number, number] => {
      const right = x * Math.cos(turn) - z * Math.sin(turn);
      const away = x * Math.sin(turn) + z * Math.cos(turn);
      return [width / 2 + right * scale, height / 2 - (y * Math.cos(tilt) + away * Math.sin(tilt)) * scale];
    };
    const free = lineColour(0, context.view.get('theme'));
    pen.strokeStyle = token('--grid');
    const floor: Triple[] = [[-0.5, -0.5, -0.5], [0.5, -0.5, -0.5], [0.5, -0.5, 0.5], [-0.5, -0.5, 0.5]];
    pen.beginPath();
    floor.forEach((corner) => pen.lineTo(...project(corner)));
    pen.closePath();
    pen.moveTo(...project([-0.5, -0.5, 0.5]));
    pen.lineTo(...project([-0.5, 0.5, 0.5]));
    pen.stroke();
    const n = data[0].length;
    placed = new Float32Array(2 * n);
    const known = new Map(context.classes.map((name, at) => [name, classColour(at, context.classes.length)]));
    const place = (i: number): Triple => [0, 1, 2].map((axis) => {
      const [low, high] = spans[axis];
      return high > low ? (data[axis][i] - low) / (high - low) - 0.5 : 0;
    }) as unknown as Triple;
    for (let i = 0; i < n; i++) {
      const [x, y] = project(place(i));
      placed[2 * i] = x;
      placed[2 * i + 1] = y;
    }
    if (shown.path) {
      pen.strokeStyle = free;
      pen.globalAlpha = 0.35;
      pen.beginPath();
      for (let i = 0; i < n; i++) {
        // A point without a value breaks the path.
        if (Number.isNaN(data[0][i])) continue;
        if (i === 0 || Number.isNaN(data[0][i - 1])) pen.moveTo(placed[2 * i], placed[2 * i + 1]);
        else pen.lineTo(placed[2 * i], placed[2 * i + 1]);
      }
      pen.stroke();
      pen.globalAlpha = 1;
    }
    if (shown.curtains) {
      const sheets = curtainsOf(groups, data[0]).map((points) => ({ points, away: place(points[0])[2] * Math.cos(turn) }));
      for (const { points } of sheets.sort((a, b) => b.away - a.away)) {
        const top = points.map((i): [number, number] => [placed[2 * i], placed[2 * i + 1]]);
        const foot = [points[points.length - 1], points[0]].map((i) => project([place(i)[0], -0.5, place(i)[2]]));
        const colour = known.get(String(groups[points[0]])) ?? free;
        for (const [fill, alpha] of [[token('--surface'), 0.6], [colour, 0.3]] as const) {
          pen.beginPath();
          for (const corner of [...top, ...foot]) pen.lineTo(...corner);
          pen.closePath();
          pen.fillStyle = fill;
          pen.globalAlpha = alpha;
          pen.fill();
        }
        pen.globalAlpha = 1;
        pen.strokeStyle = colour;
        pen.beginPath();
        for (const corner of top) pen.lineTo(...corner);
        pen.stroke();
      }
    }
    const size = shown.curtains ? 0 : 3;
    for (let i = 0; i < n && size > 0; i++) {
      if (Number.isNaN(placed[2 * i])) continue;
      pen.fillStyle = known.get(String(groups[i])) ?? free;
      pen.fillRect(placed[2 * i] - size / 2, placed[2 * i + 1] - size / 2, size, size);
    }
    pen.strokeStyle = token('--text');
    for (let i = 0; i < n; i++) {
      if (i !== here && !(targets.length > 0 && isSelected(context, targets[i]))) continue;
      pen.beginPath();
      pen.arc(placed[2 * i], placed[2 * i + 1], 5, 0, 2 * Math.PI);
      pen.stroke();
    }
    labelAxes(pen, [shown.x_axis, shown.y_axis, shown.z_axis], spans, LABEL_PLACES.map(project), width, height);
  };
  const nearest = (x: number, y: number): number => {
    let best = -1;
    let near = NEAR_PX ** 2;
    for (let i = 0; i < data[0].length; i++) {
      const away = (placed[2 * i] - x) ** 2 + (placed[2 * i + 1] - y) ** 2;
      if (away < near) [near, best] = [away, i];
    }
    return best;
  };
  const drawing: Drawing = new Drawing(host, {
    className: 'scatter-points',
    height: () => HEIGHT_PX,
    draw,
    tell: (px, py) => {
      const best = nearest(px, py);
      if (shown === null || best < 0) return '';
      const axes = [shown.x_axis, shown.y_axis, shown.z_axis];
      const at = times.length > 0 ? `, at ${formatTime(times[best])}` : '';
      const group = groups.length > 0 ? `, ${String(groups[best]) || 'none'}` : '';
      return `${axes.map((axis, one) => `${axis.label} ${formatValue(data[one][best])}${axis.unit && axis.unit !== '1' ? ` ${axis.unit}` : ''}`).join(', ')}${group}${at}`;
    },
  });
  const { canvas } = drawing;
  canvas.title = 'Drag to turn';
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    moved = false;
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    if (event.movementX !== 0 || event.movementY !== 0) moved = true;
    turn += event.movementX * 0.01;
    tilt = Math.min(Math.PI / 2, Math.max(0, tilt + event.movementY * 0.01));
    drawing.paint();
  });
  canvas.addEventListener('pointerup', (event) => {
    if (moved) return;
    const box = canvas.getBoundingClientRect();
    const best = nearest(event.clientX - box.left, event.clientY - box.top);
    if (best >= 0 && targets.length > 0) follow(context, targets[best], event.shiftKey);
  });
  return {
    update(panel, columns: Columns) {
      shown = panel;
      data = [panel.x, panel.y, panel.z].map((name) => columns.list(name) as ArrayLike<number>) as unknown as typeof data;
      groups = panel.group ? (columns.list(panel.group) as ArrayLike<unknown>) : [];
      spans = data.map((values) => {
        let [low, high] = [Infinity, -Infinity];
        for (let i = 0; i < values.length; i++) {
          low = Math.min(low, values[i]);
          high = Math.max(high, values[i]);
        }
        return low <= high ? [low, high] : [0, 1];
      });
      times = panel.links?.time_us ? (columns.list(panel.links.time_us) as ArrayLike<number>) : [];
      targets = panel.links ? Array.from({ length: data[0].length }, (_, at) => targetOf(context, panel.links, columns, at)) : [];
      here = -1;
      drawing.label(`${panel.title}: ${data[0].length} points`);
      drawing.paint();
    },
    playhead(t_us) {
      // The last point that begins before the playhead.
      let found = -1;
      while (found + 1 < times.length && times[found + 1] <= t_us) found++;
      if (found === here) return;
      here = found;
      drawing.paint();
    },
    selection: () => drawing.paint(),
    resize: () => drawing.paint(),
    height: () => HEIGHT_PX * 1.3,
    draw,
    dispose: () => drawing.dispose(),
  };
}

/** Numbers of the points of each group, by ascending x; those without a value are left out. */
function curtainsOf(groups: ArrayLike<unknown>, x: ArrayLike<number>): number[][] {
  const found = new Map<string, number[]>();
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i])) continue;
    const name = String(groups[i] ?? '');
    const points = found.get(name);
    if (points === undefined) found.set(name, [i]);
    else points.push(i);
  }
  return [...found.values()].map((points) => points.sort((a, b) => x[a] - x[b]));
}

type Axis = PanelOf<'scatter3d'>['x_axis'];

/** Names of the axes with their ends, over the points and beside each other. */
function labelAxes(pen: Pen, axes: readonly Axis[], spans: readonly (readonly [number, number])[], places: readonly (readonly [number, number])[], width: number, height: number): void {
  const put: [x: number, y: number, half: number][] = [];
  pen.font = FONT;
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  axes.forEach((axis, at) => {
    const unit = axis.unit && axis.unit !== '1' ? ` ${axis.unit}` : '';
    const text = `${axis.label}: ${formatValue(spans[at][0])} to ${formatValue(spans[at][1])}${unit}`;
    const half = text.length * 2.9 + 3;
    const x = Math.min(width - half, Math.max(half, places[at][0]));
    let y = Math.min(height - 8, Math.max(8, places[at][1]));
    // Two names at one place stand above each other.
    for (const other of put) if (Math.abs(other[1] - y) < 15 && Math.abs(other[0] - x) < other[2] + half) y = other[1] + (other[1] + 23 > height ? -15 : 15);
    put.push([x, y, half]);
    pen.fillStyle = token('--surface');
    pen.globalAlpha = 0.75;
    pen.fillRect(x - half, y - 7, 2 * half, 14);
    pen.globalAlpha = 1;
    pen.fillStyle = token('--muted');
    pen.fillText(text, x, y);
  });
}
