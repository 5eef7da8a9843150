/** The menu at the wrist of the hand that does not point: shown when its back is turned to the eyes, or held open. */

import * as THREE from 'three';

import type { Hand } from './inputs';
import { buttonAt, card, drawButton, font, INK, type PaneButton } from './pane_paint';
import type { Pane, PanePointer, Panes } from './panes';

const WIDTH_PX = 600;
const HEIGHT_PX = 830;
const WIDTH_M = 0.24;
/** The menu comes when its face is turned so far towards the eyes, and goes when it is turned away. */
const COMES = 0.8;
const GOES = 0.6;
const PAD = 16;
const ROW = 62;
/** Of the bar's end: the bar is drawn anew when it has moved by a step. */
const KNOB_PX = 13;
const BAR_STEPS = 500;

export interface MenuItem {
  readonly id: string;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  run(): void;
}

/** A bar that is pressed and dragged along. */
export interface MenuSlider {
  /** 0..1 */
  readonly part: number;
  readonly label: string;
  begin(): void;
  move(part: number): void;
  end(): void;
}

/** A row: its name, or none, and what can be pressed in it; or a bar over its whole width. */
export interface MenuRow {
  readonly title?: string;
  readonly items: readonly MenuItem[];
  readonly slider?: MenuSlider;
}

const UP = new THREE.Vector3(0, 1, 0);

export class WristMenu {
  readonly pane: Pane;
  buttons: PaneButton[] = [];
  /** Where a row's bar is, while there is one. */
  bar: { readonly x: number; readonly y: number; readonly width: number; readonly slider: MenuSlider } | null = null;
  /** Held open, whichever way the wrist is turned. */
  open = false;
  private sliding = false;
  private hovered = '';
  private drawn = '';
  private readonly normal = new THREE.Vector3();
  private readonly towards = new THREE.Vector3();
  private readonly at = new THREE.Vector3();

  constructor(panes: Panes, private readonly rows: () => readonly MenuRow[]) {
    this.pane = panes.add('menu', WIDTH_PX, HEIGHT_PX, WIDTH_M);
    this.pane.visible = false;
    this.pane.handler = {
      hover: (at) => this.hover(at),
      press: (at) => this.press(at),
      move: (at) => this.slide(at),
      release: () => this.letGo(),
    };
  }

  update(hand: Hand, eyes: THREE.Vector3): void {
    if (hand.button.started) this.open = !this.open;
    const { pane } = this;
    if (!hand.tracked) {
      pane.visible = false;
      return;
    }
    // The inner side of the wrist, a little up and back: turned to the eyes as one looks at a watch.
    const inner = hand.side === 'left' ? 1 : -1;
    this.normal.set(inner * 0.95, 0.1, 0.25).normalize().transformDirection(hand.grip);
    this.towards.subVectors(eyes, hand.place).normalize();
    const facing = this.normal.dot(this.towards);
    this.at.copy(hand.place).addScaledVector(this.towards, 0.04).addScaledVector(UP, 0.17);
    pane.face(this.at, eyes);
    pane.visible = this.open || facing > (pane.visible ? GOES : COMES);
  }

  /** Draws what has changed. */
  paint(): void {
    if (!this.pane.visible) return;
    const rows = this.rows();
    const key = `${this.hovered}|${rows.map(({ title, items, slider }) => `${title ?? ''}:${slider ? `${Math.round(slider.part * BAR_STEPS)} ${slider.label}` : ''}${items.map(({ label, pressed, disabled }) => `${label}${pressed === true ? '*' : ''}${disabled === true ? '-' : ''}`).join()}`).join(';')}`;
    if (key === this.drawn) return;
    this.drawn = key;
    this.layOut(rows);
    const { context } = this.pane;
    card(context);
    rows.forEach(({ title }, at) => {
      if (title === undefined) return;
      context.font = font(20);
      context.fillStyle = INK.muted;
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      context.fillText(title, PAD + 4, PAD + at * ROW + (ROW - 8) / 2);
    });
    for (const button of this.buttons) drawButton(context, button, button.id === this.hovered);
    if (this.bar !== null) drawBar(context, this.bar);
    this.pane.stale = true;
  }

  private layOut(rows: readonly MenuRow[]): void {
    const at = rows.findIndex(({ slider }) => slider !== undefined);
    const slider = rows[at]?.slider;
    this.bar = slider === undefined ? null : { x: PAD + KNOB_PX, y: PAD + at * ROW, width: WIDTH_PX - 2 * (PAD + KNOB_PX), slider };
    this.buttons = rows.flatMap(({ title, items }, at) => {
      const left = PAD + (title === undefined ? 0 : 112);
      const width = (WIDTH_PX - PAD - left - 8 * (items.length - 1)) / items.length;
      return items.map((item, i) => ({ ...item, x: left + i * (width + 8), y: PAD + at * ROW, width, height: ROW - 8 }));
    });
  }

  private press(at: PanePointer): void {
    const { bar } = this;
    this.sliding = bar !== null && at.y >= bar.y && at.y < bar.y + ROW - 8;
    if (this.sliding) {
      bar?.slider.begin();
      this.slide(at);
    } else buttonAt(this.buttons, at.x, at.y)?.run();
    this.paint();
  }

  private slide(at: PanePointer): void {
    if (!this.sliding || this.bar === null) return;
    this.bar.slider.move(THREE.MathUtils.clamp((at.x - this.bar.x) / this.bar.width, 0, 1));
  }

  private letGo(): void {
    if (this.sliding) this.bar?.slider.end();
    this.sliding = false;
  }

  private hover(at: PanePointer | null): void {
    this.hovered = at === null ? '' : (buttonAt(this.buttons, at.x, at.y)?.id ?? '');
    this.paint();
  }
}

function drawBar(context: CanvasRenderingContext2D, { x, y, width, slider: { part, label } }: NonNullable<WristMenu['bar']>): void {
  const middle = y + 38;
  context.font = font(20);
  context.fillStyle = INK.muted;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.fillText(label, x - KNOB_PX + 4, y + 10);
  context.fillStyle = INK.line;
  context.fillRect(x, middle - 5, width, 10);
  context.fillStyle = INK.accent;
  context.fillRect(x, middle - 5, width * part, 10);
  context.beginPath();
  context.arc(x + width * part, middle, KNOB_PX, 0, 2 * Math.PI);
  context.fill();
}
