/** The boards that are open: beside each other in an arc around the person, repainted in turn, carried along. */

import * as THREE from 'three';

import { Board, type BoardSource } from './board';
import type { Pane, Panes } from './panes';

/** Where the first four open: aside of where one looks, above the table. */
const ASIDE_RAD = [-0.55, 0.6, -1.15, 1.2] as const;
const AWAY_M = 0.85;
const ABOVE_M = 0.1;
const UP = new THREE.Vector3(0, 1, 0);

export class Boards {
  readonly open = new Map<string, Board>();
  private turn = 0;
  private readonly eyes = new THREE.Vector3();
  private readonly at = new THREE.Vector3();

  constructor(private readonly panes: Panes, private readonly camera: THREE.Camera) {}

  /** Opens a board, or closes it; where there is no room for another one nothing happens. */
  toggle(name: string, make: () => BoardSource): void {
    const open = this.open.get(name);
    if (open !== undefined) {
      this.open.delete(name);
      open.dispose(this.panes);
      return;
    }
    const source = make();
    try {
      const board = new Board(this.panes, source, this.camera, () => this.toggle(name, make));
      this.camera.getWorldPosition(this.eyes);
      this.camera.getWorldDirection(this.at);
      this.at.setY(0).normalize().applyAxisAngle(UP, ASIDE_RAD[this.open.size % ASIDE_RAD.length]).multiplyScalar(AWAY_M).add(this.eyes);
      this.at.y += ABOVE_M;
      board.pane.face(this.at, this.eyes);
      this.open.set(name, board);
    } catch (error) {
      source.dispose();
      if (!(error instanceof RangeError)) throw error;
    }
  }

  /** Draws one board that has changed, so that no frame pays for two; true when it did. */
  paint(now_ms: number, every_ms: number): boolean {
    const boards = [...this.open.values()];
    for (let i = 0; i < boards.length; i++) {
      if (!boards[(this.turn + i) % boards.length].paint(now_ms, every_ms)) continue;
      this.turn = (this.turn + i + 1) % boards.length;
      return true;
    }
    return false;
  }

  /** Those that are not pinned come along when the person moves. */
  carry(step: THREE.Vector3, held: (pane: Pane) => boolean): void {
    for (const { pane, pinned } of this.open.values()) {
      if (pinned || held(pane)) continue;
      pane.matrix.setPosition(this.at.setFromMatrixPosition(pane.matrix).add(step));
    }
  }

  dispose(): void {
    for (const board of this.open.values()) board.dispose(this.panes);
    this.open.clear();
  }
}
