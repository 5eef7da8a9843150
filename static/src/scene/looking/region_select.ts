/** Selects what lies inside a box (Shift and drag) or a drawn line (Alt and drag) on the screen. */

import * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import type { Side, Surface } from '../surface';
import type { SceneContext } from '../../state/frames';

type Point = readonly [x: number, y: number];
type Tool = 'box' | 'lasso';

/** A shorter drag is a click. */
const LEAST_PX = 6;

export class RegionSelect {
  private readonly overlay = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  private readonly shape = document.createElementNS('http://www.w3.org/2000/svg', 'polygon');
  private line: Point[] = [];
  private tool: Tool | null = null;
  private armed: Tool | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement, context: SceneContext, private readonly surface: Surface,
    private readonly rig: CameraRig,
  ) {
    this.overlay.classList.add('scene-region');
    this.overlay.append(this.shape);
    context.host.append(this.overlay);
    const { signal } = context;
    // Before the orbit: a drag that selects turns nothing.
    const first = { signal, capture: true };
    canvas.addEventListener('pointerdown', (event) => this.begin(event), first);
    canvas.addEventListener('pointermove', (event) => this.go(event), first);
    canvas.addEventListener('pointerup', (event) => this.end(event), first);
    canvas.addEventListener('pointercancel', () => this.stop(), first);
    window.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && (this.tool !== null || this.armed !== null)) {
        event.stopPropagation();
        this.stop();
      }
    }, first);
  }

  /** The next drag selects, without a key: for touch and pen. */
  arm(tool: Tool): void {
    this.armed = tool;
    this.canvas.style.cursor = 'crosshair';
  }

  dispose(): void {
    this.overlay.remove();
  }

  private begin(event: PointerEvent): void {
    const tool = this.armed ?? (event.shiftKey ? 'box' : event.altKey ? 'lasso' : null);
    if (tool === null || event.button !== 0) return;
    this.tool = tool;
    this.line = [[event.offsetX, event.offsetY]];
    this.canvas.setPointerCapture(event.pointerId);
    this.rig.enabled = false;
  }

  private go(event: PointerEvent): void {
    if (this.tool === null) return;
    const at: Point = [event.offsetX, event.offsetY];
    if (this.tool === 'lasso') this.line.push(at);
    else this.line = [this.line[0], [at[0], this.line[0][1]], at, [this.line[0][0], at[1]]];
    this.shape.setAttribute('points', this.line.map((point) => point.join(',')).join(' '));
    event.stopPropagation();
  }

  private end(event: PointerEvent): void {
    const { tool, line } = this;
    if (tool === null) return;
    this.stop();
    if (Math.max(...line.map(([x, y]) => Math.hypot(x - line[0][0], y - line[0][1]))) < LEAST_PX) return;
    event.stopPropagation();
    const side = this.surface.sideAt(line[0][0]);
    const inside = this.inside(side, line);
    const { view } = side;
    const before = view.get('selection');
    view.set({ selection: event.ctrlKey || event.metaKey ? [...new Set([...before, ...inside])] : inside });
  }

  private stop(): void {
    this.tool = null;
    this.armed = null;
    this.line = [];
    this.shape.setAttribute('points', '');
    this.canvas.style.cursor = '';
    this.rig.enabled = true;
  }

  /** Global indices of the neurons of shown layers whose middle lies inside, ascending. */
  private inside({ table, left, width }: Side, line: readonly Point[]): number[] {
    const { camera } = this.rig;
    camera.updateMatrixWorld();
    const matrix = new THREE.Matrix4().multiplyMatrices(camera.projectionMatrix, camera.matrixWorldInverse);
    const { clientHeight: height } = this.canvas;
    const point = new THREE.Vector4();
    const place = new THREE.Vector3();
    const found: number[] = [];
    for (const row of table.rows) {
      if (row.kind !== 'layer' || row.visible < 0.5) continue;
      for (let id = row.first; id < row.first + row.n; id++) {
        if (table.clips(table.position(id, place))) continue;
        point.set(place.x, place.y, place.z, 1).applyMatrix4(matrix);
        if (point.w <= 0) continue;
        if (insidePolygon(left + (point.x / point.w * 0.5 + 0.5) * width, (0.5 - point.y / point.w * 0.5) * height, line)) found.push(id);
      }
    }
    return found;
  }
}

/** True where a point lies inside a closed polygon, by the even-odd rule. */
export function insidePolygon(x: number, y: number, polygon: readonly Point[]): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
