/** Alt held over the scene: a light at the place under the pointer. */

import type { SceneHandle } from '../../state/frames';
import type { Light } from './session_marks';

type Place = [number, number, number];

const POINT_EVERY_MS = 50;

export interface SessionPointerParts {
  readonly sceneHost: HTMLElement;
  scene(): SceneHandle | null;
  /** A CSS colour. */
  colour(): string;
  /** The light moved there, or went out. */
  pointed(place: Place | null): void;
}

export class SessionPointer {
  light: Light | null = null;
  private at_px: { x: number; y: number } | null = null;
  private pointed_ms = 0;

  constructor(private readonly parts: SessionPointerParts, signal: AbortSignal) {
    const { sceneHost } = parts;
    sceneHost.addEventListener('pointermove', (event) => {
      const box = sceneHost.getBoundingClientRect();
      this.at_px = event.altKey ? { x: event.clientX - box.left, y: event.clientY - box.top } : null;
    }, { signal });
    window.addEventListener('keyup', (event) => { if (event.key === 'Alt') this.at_px = null; }, { signal });
    window.addEventListener('blur', () => { this.at_px = null; }, { signal });
  }

  /** Once a frame. */
  turn(now_ms: number): void {
    if (this.at_px === null) {
      if (this.light !== null) this.parts.pointed(null);
      this.light = null;
      return;
    }
    if (now_ms - this.pointed_ms < POINT_EVERY_MS) return;
    this.pointed_ms = now_ms;
    const place = this.parts.scene()?.pointAt(this.at_px.x, this.at_px.y);
    if (!place) return;
    this.light = { place, colour: this.parts.colour(), name: '' };
    this.parts.pointed(place);
  }
}
