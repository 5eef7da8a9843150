/** The minimap: the layers from above or from the side, with the camera and what it sees; a click flies there. */

import * as THREE from 'three';

import type { CameraRig } from './camera_rig';
import type { NeuronTable, TableRow } from '../neurons/neuron_table';
import type { View } from '../../state/view';

const [WIDTH, HEIGHT] = [172, 116];
const MARGIN = 16;
/** A flat layer seen from its edge. */
const LEAST_PX = 3;
/** Room around the network for the camera, of its extent; a camera farther away stands at the edge. */
const ROOM = 0.35;
const STEP = 0.06;

export class Minimap {
  private readonly root = document.createElement('div');
  private readonly canvas = document.createElement('canvas');
  private readonly turn = document.createElement('button');
  private readonly drawn = { from: '', version: -1, aspect: 0, position: new THREE.Vector3(), target: new THREE.Vector3() };

  constructor(
    private readonly host: HTMLElement, private readonly view: View, private readonly table: NeuronTable, private readonly rig: CameraRig,
    private readonly flyToLayer: (index: number) => void, signal: AbortSignal,
  ) {
    this.root.className = 'scene-minimap';
    this.root.setAttribute('role', 'group');
    this.root.setAttribute('aria-label', 'Minimap');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.canvas.style.cssText = `width: ${WIDTH}px; height: ${HEIGHT}px`;
    this.turn.type = 'button';
    this.turn.addEventListener('click', () => view.set({ minimap: view.get('minimap') === 'above' ? 'side' : 'above' }));
    this.root.append(this.canvas, this.turn);
    this.canvas.addEventListener('click', (event) => this.onClick(event.offsetX, event.offsetY), { signal });
    this.canvas.addEventListener('pointermove', (event) => {
      const row = this.rowAt(event.offsetX, event.offsetY);
      this.canvas.title = row === null ? 'Fly here' : `Fly to ${row.name}`;
    }, { signal });
    this.canvas.addEventListener('keydown', (event) => this.onKey(event), { signal });
    this.update();
  }

  /** Draws where something of it has changed. */
  update(): void {
    const from = this.view.get('minimap');
    // On the page only while it is shown: the scene's own canvas is then the only one.
    if (from === 'off') return this.root.remove();
    if (!this.root.isConnected) this.host.append(this.root);
    const { camera, target } = this.rig;
    const { drawn } = this;
    const same = drawn.from === from && drawn.version === this.table.version && drawn.aspect === camera.aspect;
    if (same && drawn.position.equals(camera.position) && drawn.target.equals(target)) return;
    Object.assign(drawn, { from, version: this.table.version, aspect: camera.aspect });
    drawn.position.copy(camera.position);
    drawn.target.copy(target);
    const other = from === 'above' ? 'side' : 'above';
    this.turn.textContent = from === 'above' ? 'from above' : 'from the side';
    this.turn.title = `Show it from ${other === 'side' ? 'the side' : other} (M: the next)`;
    this.canvas.setAttribute('aria-label', `The layers ${this.turn.textContent}, and the camera; arrow keys move it`);
    this.draw();
  }

  dispose(): void {
    this.root.remove();
  }

  private draw(): void {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.canvas.width = WIDTH * ratio;
    this.canvas.height = HEIGHT * ratio;
    const context = this.canvas.getContext('2d');
    if (context === null) return;
    context.scale(ratio, ratio);
    const map = this.mapping();
    for (const row of this.table.rows) {
      if (row.visible < 0.05) continue;
      const { x, y, w, h } = map.rect(this.table.boxOf(row));
      context.globalAlpha = row.visible;
      context.fillStyle = `#${row.colour.getHexString()}`;
      context.fillRect(x, y, w, h);
    }
    context.globalAlpha = 1;
    this.drawCamera(context, map);
  }

  /** The camera as a dot, and the wedge that its picture shows. */
  private drawCamera(context: CanvasRenderingContext2D, map: Mapping): void {
    const { camera } = this.rig;
    const tall = Math.tan(THREE.MathUtils.degToRad(camera.fov) / 2);
    const ahead = camera.getWorldDirection(new THREE.Vector3());
    const reach = Math.max(map.extent, camera.position.distanceTo(this.rig.target) * 1.6);
    const [across, half] = map.from === 'above'
      ? [new THREE.Vector3().setFromMatrixColumn(camera.matrixWorld, 0), tall * camera.aspect]
      : [new THREE.Vector3().setFromMatrixColumn(camera.matrixWorld, 1), tall];
    const [x, y] = map.point(camera.position);
    const ends = [-1, 1].map((side) => map.point(
      camera.position.clone().addScaledVector(ahead, reach).addScaledVector(across, side * half * reach),
    ));
    context.beginPath();
    context.moveTo(x, y);
    for (const end of ends) context.lineTo(...end);
    context.closePath();
    context.fillStyle = 'rgb(108 178 255 / 13%)';
    context.strokeStyle = 'rgb(108 178 255 / 75%)';
    context.fill();
    context.stroke();
    const [cx, cy] = [Math.max(5, Math.min(WIDTH - 5, x)), Math.max(5, Math.min(HEIGHT - 5, y))];
    context.beginPath();
    context.arc(cx, cy, 3.5, 0, 2 * Math.PI);
    context.fillStyle = '#ffffff';
    context.fill();
  }

  private onClick(px: number, py: number): void {
    const row = this.rowAt(px, py);
    if (row?.kind === 'layer') return this.flyToLayer(this.table.rows.indexOf(row));
    const map = this.mapping();
    const place = map.place(px, py, this.rig.target);
    this.moveTo(place);
  }

  private onKey(event: KeyboardEvent): void {
    const steps: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const map = this.mapping();
    const [x, y] = map.point(this.rig.target);
    this.moveTo(map.place(x + step[0] * STEP * WIDTH, y + step[1] * STEP * WIDTH, this.rig.target));
  }

  /** The camera goes along: it looks at the place as it looked at the one before. */
  private moveTo(target: THREE.Vector3): void {
    const position = this.rig.camera.position.clone().sub(this.rig.target).add(target);
    this.rig.flyTo({ position: position.toArray(), target: target.toArray() });
  }

  /** The layer under a pixel, the smallest first where several lie there. */
  private rowAt(px: number, py: number): TableRow | null {
    const map = this.mapping();
    const hit = this.table.rows
      .filter((row) => row.visible > 0.5)
      .map((row) => ({ row, ...map.rect(this.table.boxOf(row)) }))
      .filter(({ x, y, w, h }) => px >= x - 2 && px <= x + w + 2 && py >= y - 2 && py <= y + h + 2)
      .sort((a, b) => a.w * a.h - b.w * b.h);
    return hit[0]?.row ?? null;
  }

  private mapping(): Mapping {
    const from = this.view.get('minimap') === 'side' ? 'side' : 'above';
    const box = new THREE.Box3();
    for (const row of this.table.rows) if (row.visible > 0.5) box.union(this.table.boxOf(row));
    if (box.isEmpty()) box.copy(this.table.bounds());
    return new Mapping(from, box);
  }
}

/** Between scene and map: x to the right; from above z down, from the side y up. */
class Mapping {
  readonly extent: number;
  private readonly middle: THREE.Vector3;
  private readonly scale: number;

  constructor(readonly from: 'above' | 'side', box: THREE.Box3) {
    const size = box.getSize(new THREE.Vector3());
    this.middle = box.getCenter(new THREE.Vector3());
    this.extent = size.length();
    const tall = from === 'above' ? size.z : size.y;
    const room = 1 + ROOM;
    this.scale = Math.min((WIDTH - MARGIN) / (Math.max(size.x, 1e-6) * room), (HEIGHT - MARGIN) / (Math.max(tall, 1e-6) * room));
  }

  point(place: THREE.Vector3): [number, number] {
    const down = this.from === 'above' ? place.z - this.middle.z : this.middle.y - place.y;
    return [WIDTH / 2 + this.scale * (place.x - this.middle.x), HEIGHT / 2 + this.scale * down];
  }

  /** The place at a pixel, as deep as another one. */
  place(px: number, py: number, like: THREE.Vector3): THREE.Vector3 {
    const place = like.clone();
    place.x = this.middle.x + (px - WIDTH / 2) / this.scale;
    const down = (py - HEIGHT / 2) / this.scale;
    if (this.from === 'above') place.z = this.middle.z + down;
    else place.y = this.middle.y - down;
    return place;
  }

  rect({ min, max }: THREE.Box3): { x: number; y: number; w: number; h: number } {
    const [x0, y0] = this.point(min);
    const [x1, y1] = this.point(max);
    const [w, h] = [Math.max(LEAST_PX, Math.abs(x1 - x0)), Math.max(LEAST_PX, Math.abs(y1 - y0))];
    return { x: (x0 + x1 - w) / 2, y: (y0 + y1 - h) / 2, w, h };
  }
}
