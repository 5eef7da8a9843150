/**
 * Everything flat in the room: menu, boards, names, legend, time. One texture holds them all and one draw call shows them,
 * however many there are. Each is drawn on a canvas of its own, which is sent only when it says that it has changed.
 */

import * as THREE from 'three';

const ATLAS = { width: 2048, height: 4096 };
const MOST = 48;
/** Between neighbours, so that none bleeds into another. */
const GAP_PX = 4;

export interface PanePointer {
  /** Pixels of the pane's own canvas, from the top left. */
  readonly x: number;
  readonly y: number;
}

/** What a pane does with a ray; absent for one that is only looked at. */
export interface PaneHandler {
  hover?(at: PanePointer | null): void;
  press?(at: PanePointer): void;
  move?(at: PanePointer): void;
  release?(at: PanePointer | null): void;
  /** Notches, positive = down. */
  scroll?(at: PanePointer, notches: number): void;
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Pane {
  readonly canvas = document.createElement('canvas');
  readonly context: CanvasRenderingContext2D;
  /** Its middle, towards +z; unit scale. */
  readonly matrix = new THREE.Matrix4();
  readonly texture: THREE.CanvasTexture;
  width_m: number;
  visible = true;
  alpha = 1;
  /** Its picture has changed: all of it, or where `part` says so that part, in pixels. */
  stale = true;
  part: THREE.Box2 | null = null;
  /** True for what a hand may carry about. */
  movable = false;
  handler: PaneHandler = {};

  constructor(readonly name: string, readonly cell: Cell, width_m: number) {
    this.canvas.width = cell.width;
    this.canvas.height = cell.height;
    this.width_m = width_m;
    const context = this.canvas.getContext('2d');
    if (context === null) throw new Error('No 2D canvas for a pane.');
    this.context = context;
    this.texture = new THREE.CanvasTexture(this.canvas);
  }

  get height_m(): number {
    return (this.width_m * this.cell.height) / this.cell.width;
  }

  /** A part of its picture has changed, whole pixels. */
  touch(part: THREE.Box2): void {
    if (!this.stale) this.part = part.clone();
    else this.part?.union(part);
    this.stale = true;
  }

  /** Puts it somewhere, facing a place (upright, as far as it can be). */
  face(position: THREE.Vector3, eyes: THREE.Vector3): void {
    this.matrix.lookAt(eyes, position, UP).setPosition(position);
  }
}

export interface PaneHit {
  readonly pane: Pane;
  readonly distance: number;
  readonly at: PanePointer;
}

const UP = new THREE.Vector3(0, 1, 0);

const VERTEX = /* glsl */ `
in vec4 cell;
in float alpha;
out vec2 where;
out float fade;
void main() {
  where = cell.xy + vec2(uv.x, 1.0 - uv.y) * cell.zw;
  fade = alpha;
  gl_Position = projectionMatrix * modelViewMatrix * instanceMatrix * vec4(position, 1.0);
}`;

const FRAGMENT = /* glsl */ `
uniform sampler2D atlas;
in vec2 where;
in float fade;
out vec4 pixel;
void main() {
  // Four taps within the pixel: text far away or aslant stays quiet without mipmaps.
  vec2 dx = dFdx(where) * 0.3;
  vec2 dy = dFdy(where) * 0.3;
  vec4 colour = 0.25 * (texture(atlas, where + dx + 0.4 * dy) + texture(atlas, where - dx - 0.4 * dy)
    + texture(atlas, where + 0.4 * dx - dy) + texture(atlas, where - 0.4 * dx + dy));
  if (colour.a < 0.02) discard;
  pixel = colour * fade; // premultiplied, as canvases are
}`;

export class Panes {
  readonly object: THREE.InstancedMesh<THREE.PlaneGeometry, THREE.ShaderMaterial>;
  /** Pictures sent to the GPU so far. */
  sent = 0;
  private readonly all: Pane[] = [];
  private readonly target = new THREE.WebGLRenderTarget(ATLAS.width, ATLAS.height, { depthBuffer: false, generateMipmaps: false });
  private readonly cells = new THREE.InstancedBufferAttribute(new Float32Array(4 * MOST), 4);
  private readonly alphas = new THREE.InstancedBufferAttribute(new Float32Array(MOST), 1);
  private readonly matrix = new THREE.Matrix4();
  private readonly scale = new THREE.Matrix4();
  private readonly inverse = new THREE.Matrix4();
  private readonly start = new THREE.Vector3();
  private readonly towards = new THREE.Vector3();
  private readonly corner = new THREE.Vector2();
  private shelf = { x: 0, y: 0, height: 0 };
  private readonly free: Cell[] = [];

  constructor(private readonly renderer: THREE.WebGLRenderer) {
    const geometry = new THREE.PlaneGeometry(1, 1);
    geometry.setAttribute('cell', this.cells).setAttribute('alpha', this.alphas);
    this.object = new THREE.InstancedMesh(geometry, new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, premultipliedAlpha: true,
      uniforms: { atlas: { value: this.target.texture } },
    }), MOST);
    this.object.frustumCulled = false;
    this.object.renderOrder = 20;
    // A canvas holds its pixels so: sending them is a copy, without a division for each.
    this.target.texture.premultiplyAlpha = true;
    renderer.initRenderTarget(this.target);
  }

  /** A new pane; throws where the texture is full. */
  add(name: string, width_px: number, height_px: number, width_m: number): Pane {
    const pane = new Pane(name, this.place(width_px, height_px), width_m);
    this.all.push(pane);
    return pane;
  }

  remove(pane: Pane): void {
    const at = this.all.indexOf(pane);
    if (at < 0) return;
    this.all.splice(at, 1);
    this.free.push(pane.cell);
    pane.texture.dispose();
  }

  /** The nearest pane with a handler that a ray meets. */
  along(origin: THREE.Vector3, direction: THREE.Vector3): PaneHit | null {
    let found: PaneHit | null = null;
    for (const pane of this.all) {
      if (!pane.visible || pane.handler.hover === undefined) continue;
      const at = this.on(pane, origin, direction);
      if (at === null || (found !== null && at.distance >= found.distance)) continue;
      if (at.x < 0 || at.y < 0 || at.x >= pane.cell.width || at.y >= pane.cell.height) continue;
      found = { pane, distance: at.distance, at };
    }
    return found;
  }

  /** Where a ray meets the plane of a pane, also outside of it; null from behind. */
  on(pane: Pane, origin: THREE.Vector3, direction: THREE.Vector3): (PanePointer & { distance: number }) | null {
    this.inverse.copy(pane.matrix).invert();
    const start = this.start.copy(origin).applyMatrix4(this.inverse);
    const towards = this.towards.copy(direction).transformDirection(this.inverse);
    if (start.z <= 0 || towards.z >= -1e-6) return null;
    const distance = -start.z / towards.z;
    const x = (start.x + distance * towards.x) / pane.width_m + 0.5;
    const y = 0.5 - (start.y + distance * towards.y) / pane.height_m;
    return { x: x * pane.cell.width, y: y * pane.cell.height, distance };
  }

  /** Sends one picture that has changed, the one that waits longest, and writes where everything is. */
  update(): void {
    const due = this.all.findIndex((pane) => pane.stale && pane.visible);
    if (due >= 0) {
      const [pane] = this.all.splice(due, 1);
      this.all.push(pane); // the next one's turn comes first
      this.send(pane);
    }
    let n = 0;
    for (const pane of this.all) {
      if (!pane.visible || pane.alpha <= 0.01 || n >= MOST) continue;
      this.matrix.copy(pane.matrix).multiply(this.scale.makeScale(pane.width_m, pane.height_m, 1));
      this.object.setMatrixAt(n, this.matrix);
      const { x, y, width, height } = pane.cell;
      this.cells.setXYZW(n, x / ATLAS.width, y / ATLAS.height, width / ATLAS.width, height / ATLAS.height);
      this.alphas.setX(n, pane.alpha);
      n++;
    }
    this.object.count = n;
    this.object.visible = n > 0;
    this.object.instanceMatrix.needsUpdate = this.cells.needsUpdate = this.alphas.needsUpdate = true;
  }

  /** Sends all that has changed at once: on arrival. */
  flush(): void {
    for (const pane of this.all) if (pane.stale) this.send(pane);
  }

  dispose(): void {
    for (const pane of this.all) pane.texture.dispose();
    this.object.geometry.dispose();
    this.object.material.dispose();
    this.object.dispose();
    this.target.dispose();
  }

  private send(pane: Pane): void {
    const { part } = pane;
    this.corner.set(pane.cell.x, pane.cell.y);
    if (part !== null) this.corner.add(part.min);
    this.renderer.copyTextureToTexture(pane.texture, this.target.texture, part, this.corner);
    pane.stale = false;
    pane.part = null;
    this.sent++;
  }

  /** A free cell of that size, or the next one on the shelf. */
  private place(width: number, height: number): Cell {
    const used = this.free.findIndex((cell) => cell.width === width && cell.height === height);
    if (used >= 0) return this.free.splice(used, 1)[0];
    const { shelf } = this;
    if (shelf.x + width > ATLAS.width) {
      shelf.y += shelf.height + GAP_PX;
      shelf.x = shelf.height = 0;
    }
    if (shelf.y + height > ATLAS.height) throw new RangeError('There is no room for another pane.');
    const cell = { x: shelf.x, y: shelf.y, width, height };
    shelf.x += width + GAP_PX;
    shelf.height = Math.max(shelf.height, height);
    return cell;
  }
}
