/** Points in three dimensions, turned by dragging, in parallel projection: x and z lie, y stands. */

import type { Columns } from '../net/arrow';
import { formatValue } from '../state/format';
import { classColour } from '../state/palette';
import { fitCanvas, h, setText, token } from '../ui/dom';
import type { PanelContext, PanelOf, PanelView } from './panel';

export const kind = 'scatter3d';

type Triple = readonly [number, number, number];
const FREE = '#8fb8de';
const NEAR_PX = 12;

export function create(host: HTMLElement, context: PanelContext): PanelView<PanelOf<'scatter3d'>> {
  const canvas = h('canvas.scatter-points', { role: 'img', title: 'Drag to turn' });
  const hover = h('p.hint.numbers', ' ');
  host.replaceChildren(canvas, hover);
  let shown: PanelOf<'scatter3d'> | null = null;
  let data: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>] = [[], [], []];
  let groups: ArrayLike<unknown> = [];
  let spans: readonly [number, number][] = [];
  let turn = -0.6;
  let tilt = 0.45;
  let placed = new Float32Array();

  const paint = (): void => {
    const fit = fitCanvas(canvas);
    if (fit === null || shown === null) return;
    const { context: pen, width, height } = fit;
    pen.clearRect(0, 0, width, height);
    const scale = Math.min(width, height * 1.3) * 0.5;
    // From -0.5..0.5 on each axis to the canvas.
    const project = ([x, y, z]: Triple): [number, number] => {
      const right = x * Math.cos(turn) - z * Math.sin(turn);
      const away = x * Math.sin(turn) + z * Math.cos(turn);
      return [width / 2 + right * scale, height / 2 - (y * Math.cos(tilt) + away * Math.sin(tilt)) * scale];
    };
    pen.strokeStyle = token('--grid');
    pen.fillStyle = token('--muted');
    pen.font = '11px system-ui';
    pen.textAlign = 'center';
    const floor: Triple[] = [[-0.5, -0.5, -0.5], [0.5, -0.5, -0.5], [0.5, -0.5, 0.5], [-0.5, -0.5, 0.5]];
    pen.beginPath();
    floor.forEach((corner) => pen.lineTo(...project(corner)));
    pen.closePath();
    pen.moveTo(...project([-0.5, -0.5, 0.5]));
    pen.lineTo(...project([-0.5, 0.5, 0.5]));
    pen.stroke();
    const places: readonly Triple[] = [[0, -0.5, -0.62], [-0.5, 0.56, 0.5], [0.62, -0.5, 0]];
    [shown.x_axis, shown.y_axis, shown.z_axis].forEach((axis, at) => {
      const [x, y] = project(places[at]);
      const unit = axis.unit && axis.unit !== '1' ? ` ${axis.unit}` : '';
      pen.fillText(`${axis.label} ${formatValue(spans[at][0])} to ${formatValue(spans[at][1])}${unit}`, Math.min(width - 60, Math.max(60, x)), Math.min(height - 4, Math.max(12, y)));
    });
    const n = data[0].length;
    placed = new Float32Array(2 * n);
    const known = new Map(context.classes.map((name, at) => [name, classColour(at, context.classes.length)]));
    for (let i = 0; i < n; i++) {
      const [x, y] = project([0, 1, 2].map((axis) => {
        const [low, high] = spans[axis];
        return high > low ? (data[axis][i] - low) / (high - low) - 0.5 : 0;
      }) as unknown as Triple);
      placed[2 * i] = x;
      placed[2 * i + 1] = y;
      pen.fillStyle = known.get(String(groups[i])) ?? FREE;
      pen.fillRect(x - 1, y - 1, 2, 2);
    }
  };
  const tell = (event: PointerEvent): void => {
    if (shown === null) return;
    const box = canvas.getBoundingClientRect();
    let best = -1;
    let near = NEAR_PX ** 2;
    for (let i = 0; i < data[0].length; i++) {
      const away = (placed[2 * i] - event.clientX + box.left) ** 2 + (placed[2 * i + 1] - event.clientY + box.top) ** 2;
      if (away < near) [near, best] = [away, i];
    }
    const axes = [shown.x_axis, shown.y_axis, shown.z_axis];
    setText(hover, best < 0 ? ' ' : axes.map((axis, at) => {
      const value = at === 2 && groups.length > 0 ? String(groups[best]) : formatValue(data[at][best]);
      return `${axis.label} ${value}${axis.unit && axis.unit !== '1' ? ` ${axis.unit}` : ''}`;
    }).join(', '));
  };
  canvas.addEventListener('pointerdown', (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) {
      tell(event);
      return;
    }
    turn += event.movementX * 0.01;
    tilt = Math.min(Math.PI / 2, Math.max(0, tilt + event.movementY * 0.01));
    paint();
  });
  const observer = new ResizeObserver(paint);
  observer.observe(canvas);
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
      canvas.setAttribute('aria-label', `${panel.title}: ${data[0].length} points`);
      paint();
    },
    resize: paint,
    dispose: () => observer.disconnect(),
  };
}
