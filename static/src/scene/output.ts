/** What leaves the page of the scene: pictures of any size, and the frames of films. */

import * as THREE from 'three';

import type { ShownLabel } from './legend/labels';
import type { CameraRig } from './looking/camera_rig';
import type { NetworkView } from './network_view';
import { drawLabels, drawPicture, joined, MOST_PX, type PictureWish } from './picture';
import type { Surface } from './surface';
import type { FilmStage } from '../state/frames';

export interface OutputParts {
  readonly host: HTMLElement;
  readonly renderer: THREE.WebGLRenderer;
  readonly surface: Surface;
  readonly rig: CameraRig;
  /** Of the measuring rule. */
  ruleLabels(): readonly ShownLabel[];
  draw(): void;
  invalidate(): void;
  /** Fills the window again. */
  resize(): void;
  /** The animation loop, and a turn of it at any time. */
  run(on: boolean): void;
  renderFrame(now_ms: number): void;
  /** The time of the last turn. */
  last_ms(): number;
}

export class Output {
  filming = false;
  /** A film's time may run ahead of the clock on the wall; the scene's goes on from there. */
  ahead_ms = 0;

  constructor(private readonly parts: OutputParts) {}

  /** The picture as the window shows it, as a PNG. */
  screenshot(): Promise<Blob> {
    const { host, surface } = this.parts;
    const { ratio, height } = surface;
    return this.picture({ width: Math.round(host.clientWidth * ratio), height: Math.round(height * ratio), transparent: false, labels: true });
  }

  /** The picture at any size, as a PNG; the camera stays, the shorter side shows what it shows here. */
  async picture(wish: PictureWish & { readonly labels: boolean }): Promise<Blob> {
    const { surface, draw, ruleLabels, resize } = this.parts;
    const [width, height] = [Math.round(wish.width), Math.round(wish.height)];
    if (!(width >= 16 && height >= 16 && width <= MOST_PX && height <= MOST_PX)) {
      throw new Error(`A picture has 16 to ${MOST_PX} pixels on each side; ${wish.width} x ${wish.height} was asked for.`);
    }
    draw();
    const pictures = surface.pictures();
    const part = { ...wish, width: Math.ceil(width / pictures.length), height };
    const drawn = pictures.map((picture, i) => this.drawn(picture, part, wish.labels ? [...picture.labels.shown(), ...(i === 0 ? ruleLabels() : [])] : []));
    const canvas = drawn.length > 1 ? joined(drawn, width) : drawn[0];
    resize();
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture could not be encoded.')) : resolve(blob)), 'image/png'),
    );
  }

  film({ width, height, fps }: { width: number; height: number; fps: number }): FilmStage {
    const { renderer, surface, rig, run, renderFrame, invalidate, resize, last_ms } = this.parts;
    const most = renderer.capabilities.maxTextureSize;
    if (width > most || height > most) throw new Error(`This graphics card draws at most ${most} pixels on a side; ${width} x ${height} was asked for.`);
    run(false);
    this.filming = true;
    const page = { width: surface.height * (width / height), height: surface.height };
    surface.fit(page.width, page.height, height / page.height);
    invalidate();
    // Fades and flights go by the film's time; what was under way when it begins is finished.
    const before_ms = this.ahead_ms;
    this.ahead_ms = 0;
    let now_ms = last_ms();
    for (let i = 0; i < 12; i++) renderFrame(now_ms += 500);
    return {
      canvas: renderer.domElement,
      draw: (camera) => {
        if (camera !== null) rig.place(camera);
        invalidate();
        renderFrame(now_ms += 1000 / fps);
      },
      labels: (canvas) => drawLabels(canvas, surface.pictures()[0].labels.shown(), page),
      project: (place) => {
        const at = surface.project(new THREE.Vector3(...place));
        const scale = height / page.height;
        return at && { x: at.x * scale, y: at.y * scale };
      },
      end: () => {
        this.filming = false;
        this.ahead_ms = Math.max(before_ms, now_ms - performance.now());
        resize();
        run(true);
      },
    };
  }

  private drawn({ room, neurons, backdrop }: NetworkView, wish: PictureWish, labels: readonly ShownLabel[]): HTMLCanvasElement {
    const { renderer, rig, surface } = this.parts;
    const page = { width: surface.width, height: surface.height };
    const canvas = drawPicture({ renderer, scene: room, camera: rig.camera, neurons, backdrop, page }, wish);
    drawLabels(canvas, labels, page);
    return canvas;
  }
}
