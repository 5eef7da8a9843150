/** A panel of the page as a board in the room: a bar to hold it by, the panel below it, and a pointer that works on both. */

import * as THREE from 'three';

import { BoardPointer, type Drag } from './board_pointer';
import { DomPainter } from './dom_painter';
import { buttonAt, card, drawButton, fitted, font, INK, type PaneButton } from './pane_paint';
import type { Pane, PanePointer, Panes } from './panes';

export const BOARD_CSS_PX = { width: 500, height: 350 } as const;
const SCALE = 2;
const BAR_PX = 60;
/** Its buttons, from the right. */
const BUTTONS_PX = 480;
const WIDTH_M = 0.5;
const SIZES_M = [0.35, 0.5, 0.7, 1] as const;
/** Pulled close it stands so far before the eyes, and so far below them. */
const CLOSE_M = 0.5;
const CLOSE_BELOW_M = 0.1;

/** Should something have changed without a word, it is seen after so many turns. */
const SELDOM = 10;
/** What changes of an element and cannot be seen. */
const UNSEEN = /^(title|aria-.*)$/;

/** A panel that the page lays out: `element` has the size of BOARD_CSS_PX and scrolls. */
export interface BoardSource {
  readonly name: string;
  readonly title: string;
  readonly element: HTMLElement;
  /** Takes the panel away from the page. */
  dispose(): void;
}

export class Board {
  readonly pane: Pane;
  /** Pinned it stays in the room; else it comes along when the person moves. */
  pinned = true;
  /** Pictures drawn. */
  painted = 0;
  /** A drag seeks; or it narrows the window of all panels, or selects the neurons that it surrounds. */
  drag: Drag = 'plain';
  private hovered = '';
  private on: 'bar' | 'panel' | null = null;
  private painted_ms = -Infinity;
  private whole_ms = -Infinity;
  /** Drawn anew: all of it, or only where these have come from and gone to. */
  private stale = true;
  private readonly moved = new Set<HTMLElement>();
  private readonly part = new THREE.Box2();
  private readonly pointer: BoardPointer;
  private readonly painter = new DomPainter();
  private readonly watcher: MutationObserver;
  private readonly corner = new THREE.Vector2();
  private readonly at = new THREE.Vector3();
  private readonly eyes = new THREE.Vector3();
  private readonly buttons: PaneButton[];

  constructor(panes: Panes, readonly source: BoardSource, private readonly camera: THREE.Camera, close: () => void) {
    this.pane = panes.add(`board ${source.name}`, BOARD_CSS_PX.width * SCALE, BAR_PX + BOARD_CSS_PX.height * SCALE, WIDTH_M);
    this.pane.movable = true;
    this.pointer = new BoardPointer(source.element);
    this.watcher = new MutationObserver((changes) => this.note(changes));
    this.watcher.observe(source.element, { subtree: true, childList: true, attributes: true, characterData: true });
    source.element.addEventListener('scroll', () => { this.stale = true; }, { capture: true });
    const { width } = this.pane.cell;
    const button = (id: string, label: string, right: number, wide: number, run: () => void): PaneButton => ({ id, label, x: width - right - wide, y: 6, width: wide, height: BAR_PX - 12, run });
    this.buttons = [
      button('close', '✕', 8, 48, close),
      button('pin', 'pin', 62, 76, () => { this.pinned = !this.pinned; }),
      button('size', '⤢', 144, 48, () => this.resize(this.nextSize())),
      button('pull', 'pull', 198, 80, () => this.pull()),
      button('zoom', 'zoom', 284, 90, () => this.setDrag('zoom')),
      button('brush', 'brush', 380, 96, () => this.setDrag('brush')),
    ];
    this.pane.handler = {
      hover: (at) => this.hover(at),
      press: (at) => this.press(at),
      move: (at) => this.hover(at),
      release: (at) => this.release(at),
      scroll: ({ x, y }, notches) => {
        if (y > BAR_PX) this.pointer.scroll(x / SCALE, (y - BAR_PX) / SCALE, notches);
        this.stale = true;
      },
    };
  }

  /** Draws it anew where something has changed; true when it did. */
  paint(now_ms: number, every_ms: number): boolean {
    if (!this.pane.visible || now_ms - this.painted_ms < every_ms) return false;
    this.note(this.watcher.takeRecords());
    if (now_ms - this.whole_ms >= SELDOM * every_ms) this.stale = true;
    if (!this.stale && this.moved.size === 0) return false;
    const part = this.stale ? null : this.changed();
    this.stale = false;
    this.moved.clear();
    if (part?.isEmpty() === true) return false;
    this.painted_ms = now_ms;
    this.painted++;
    if (part === null) {
      this.whole_ms = now_ms;
      this.paintAll();
    } else this.paintPart(part);
    return true;
  }

  private paintAll(): void {
    const { context, cell } = this.pane;
    card(context);
    context.font = font(28, 600);
    context.fillStyle = INK.text;
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    context.fillText(fitted(context, this.pointer.tooltip || this.source.title, cell.width - BUTTONS_PX - 26), 20, BAR_PX / 2 + 2);
    for (const button of this.buttons) {
      const pressed = (button.id === 'pin' && this.pinned) || button.id === this.drag;
      drawButton(context, { ...button, pressed }, button.id === this.hovered);
    }
    this.painter.paint(this.source.element, context, SCALE, BAR_PX);
    this.pane.stale = true;
    this.pane.part = null;
  }

  private paintPart(part: THREE.Box2): void {
    const { context } = this.pane;
    const { left, top } = this.source.element.getBoundingClientRect();
    const [width, height] = [part.max.x - part.min.x, part.max.y - part.min.y];
    context.save();
    context.beginPath();
    context.rect(part.min.x, part.min.y, width, height);
    context.clip();
    card(context);
    this.painter.paint(this.source.element, context, SCALE, BAR_PX, new DOMRect(left + part.min.x / SCALE, top + (part.min.y - BAR_PX) / SCALE, width / SCALE, height / SCALE));
    context.restore();
    this.pane.touch(part);
  }

  /**
   * Takes down what has changed. A line that moves over a chart (the playhead) and a canvas that was drawn on move nothing
   * else; all other changes may.
   */
  private note(changes: readonly MutationRecord[]): void {
    for (const { type, attributeName, target } of changes) {
      if (this.stale) return;
      if (type === 'attributes' && UNSEEN.test(attributeName ?? '')) continue;
      const alone = type === 'attributes' && target instanceof HTMLElement
        && (attributeName === 'data-drawn' || (attributeName === 'style' && (this.moved.has(target) || getComputedStyle(target).position === 'absolute')));
      if (alone) this.moved.add(target);
      else this.stale = true;
    }
  }

  /** Around what has moved, where it was and where it is; pixels of the pane. */
  private changed(): THREE.Box2 {
    const { part, pane: { cell } } = this;
    const root = this.source.element.getBoundingClientRect();
    part.makeEmpty();
    for (const element of this.moved) {
      for (const box of [this.painter.boxOf(element), element.getBoundingClientRect()]) {
        if (box === undefined || box.width === 0) continue;
        part.expandByPoint(this.corner.set(box.left - root.left, box.top - root.top));
        part.expandByPoint(this.corner.set(box.right - root.left, box.bottom - root.top));
      }
    }
    // Whole pixels, with one more around for soft edges.
    part.min.multiplyScalar(SCALE).floor().subScalar(1).max(this.corner.set(0, 0));
    part.max.multiplyScalar(SCALE).ceil().addScalar(1).min(this.corner.set(cell.width, cell.height - BAR_PX));
    return part.translate(this.corner.set(0, BAR_PX));
  }

  /** Before the eyes, near enough to read small print. */
  pull(): void {
    this.camera.getWorldPosition(this.eyes);
    this.camera.getWorldDirection(this.at);
    this.at.setY(0).normalize().multiplyScalar(CLOSE_M).add(this.eyes);
    this.at.y -= CLOSE_BELOW_M;
    this.pane.face(this.at, this.eyes);
  }

  resize(width_m: number): void {
    this.pane.width_m = THREE.MathUtils.clamp(width_m, SIZES_M[0], 2);
    this.stale = true;
  }

  dispose(panes: Panes): void {
    this.watcher.disconnect();
    this.pointer.leave();
    panes.remove(this.pane);
    this.source.dispose();
  }

  private setDrag(drag: Drag): void {
    this.drag = this.drag === drag ? 'plain' : drag;
  }

  private nextSize(): number {
    return SIZES_M.find((size) => size > this.pane.width_m + 1e-6) ?? SIZES_M[0];
  }

  private hover(at: PanePointer | null): void {
    const before = `${this.hovered}|${this.pointer.tooltip}`;
    this.point(at);
    if (before !== `${this.hovered}|${this.pointer.tooltip}`) this.stale = true;
  }

  private point(at: PanePointer | null): void {
    if (at === null) {
      this.hovered = '';
      this.pointer.leave();
    } else if (this.on === 'panel' || (this.on === null && at.y >= BAR_PX)) {
      this.hovered = '';
      this.pointer.move(at.x / SCALE, (at.y - BAR_PX) / SCALE, this.drag);
    } else {
      if (this.hovered === '') this.pointer.leave();
      this.hovered = buttonAt(this.buttons, at.x, at.y)?.id ?? '';
    }
  }

  private press(at: PanePointer): void {
    this.stale = true;
    this.on = at.y < BAR_PX ? 'bar' : 'panel';
    if (this.on === 'bar') buttonAt(this.buttons, at.x, at.y)?.run();
    else this.pointer.press(at.x / SCALE, (at.y - BAR_PX) / SCALE, this.drag);
  }

  private release(at: PanePointer | null): void {
    this.stale = true;
    if (this.on === 'panel') {
      if (at === null) this.pointer.leave();
      else this.pointer.release(at.x / SCALE, (at.y - BAR_PX) / SCALE, this.drag);
    }
    this.on = null;
  }
}

/** True where a press on a board takes hold of it instead of pressing something. */
export function isHandle(pane: Pane, at: PanePointer): boolean {
  return pane.movable && (pane.name.startsWith('board') ? at.y < BAR_PX && at.x < pane.cell.width - BUTTONS_PX : at.y < BAR_PX);
}
