/** What is read in the room: names above the layers, the legend, the time with its bar, and captions of notes. */

import * as THREE from 'three';

import { card, font, fitted, INK, wrapped } from './pane_paint';
import type { Pane, Panes } from './panes';
import { formatSpeed, formatTime, plural } from '../state/format';
import type { Stage, StageRow } from '../state/stage';

const MOST_LABELS = 16;
/** Letters of a name are so high, as an angle: a good half of what is read with ease. */
const LABEL_WIDTH_RAD = 0.16;
const CAPTION_M = 1.1;

export interface HudFacts {
  readonly name: string;
  readonly t_us: number;
  readonly t_start_us: number;
  readonly t_stop_us: number;
  readonly bin_us: number;
  readonly playing: boolean;
  readonly status: string;
  readonly speed: number;
  /** Label of the stimulus now; "" = none. */
  readonly stimulus: string;
  /** What the pointer is on; "" = nothing. */
  readonly pointed: string;
  /** Which part is drawn, and why. */
  readonly governed: string;
  readonly captions: readonly string[];
}

export interface HudParts {
  readonly panes: Panes;
  readonly stage: Stage;
  seek(t_us: number): void;
  scrub(on: boolean): void;
  /** Somebody pressed a layer's name. */
  selectLayer(name: string): void;
}

export class Hud {
  readonly time: Pane;
  readonly legend: Pane;
  readonly caption: Pane;
  /** A name for each row, in the order of the rows. */
  readonly labels: Pane[] = [];
  private readonly keys = new Map<Pane, string>();
  private facts: HudFacts | null = null;
  private pressed = false;
  private readonly eyes = new THREE.Vector3();
  private readonly looks = new THREE.Vector3();
  private readonly at = new THREE.Vector3();
  private readonly captionAt = new THREE.Vector3();
  private readonly middle = new THREE.Vector3();
  private readonly aside = new THREE.Vector3();

  constructor(private readonly parts: HudParts) {
    const { panes } = parts;
    this.time = panes.add('time', 1000, 168, 0.5);
    this.legend = panes.add('legend', 512, 480, 0.26);
    this.caption = panes.add('caption', 1000, 128, 0.7);
    for (let i = 0; i < MOST_LABELS; i++) this.labels.push(panes.add(`label ${i}`, 248, 62, 0.1));
    for (const pane of [...this.labels, this.caption]) pane.visible = false;
    this.time.movable = this.legend.movable = true;
    this.legend.handler = { hover: () => undefined };
    this.time.handler = {
      hover: () => undefined,
      press: ({ x }) => {
        this.pressed = true;
        parts.scrub(true);
        this.seekTo(x);
      },
      move: ({ x }) => { if (this.pressed) this.seekTo(x); },
      release: () => {
        this.pressed = false;
        parts.scrub(false);
      },
    };
  }

  /** Puts time and legend where the network stands: the time below its front, the legend beside it. */
  arrange(): void {
    const { camera, network } = this.parts.stage;
    camera.getWorldPosition(this.eyes);
    const sphere = this.parts.stage.bounds().getBoundingSphere(new THREE.Sphere());
    this.middle.copy(sphere.center).applyMatrix4(network.matrixWorld);
    const radius = Math.min(sphere.radius * network.scale.x, 0.45);
    this.at.subVectors(this.middle, this.eyes).setY(0);
    if (this.at.lengthSq() < 0.01) camera.getWorldDirection(this.at).setY(0);
    this.at.normalize();
    this.aside.set(-this.at.z, 0, this.at.x);
    const near = Math.min(0.62, Math.max(0.45, this.middle.distanceTo(this.eyes) - radius));
    const front = this.middle.copy(this.eyes).addScaledVector(this.at, near);
    front.y = this.eyes.y - 0.42;
    this.time.face(front, this.eyes);
    front.copy(this.eyes).addScaledVector(this.at, near + 0.2).addScaledVector(this.aside, -(radius + 0.15));
    front.y = this.eyes.y - 0.2;
    this.legend.face(front, this.eyes);
  }

  /** Names turn to the eyes, captions follow the gaze; each frame. */
  follow(rows: readonly StageRow[], elapsed_s: number): void {
    const { camera, network } = this.parts.stage;
    camera.getWorldPosition(this.eyes);
    camera.getWorldDirection(this.looks);
    rows.forEach((row, i) => {
      const pane = this.labels[i];
      if (pane === undefined) return;
      pane.visible = row.shown;
      if (!row.shown) return;
      if (pane.handler.press === undefined && row.kind === 'layer') {
        pane.handler = { hover: () => undefined, press: () => this.parts.selectLayer(row.name) };
      }
      row.box.getCenter(this.at).setY(row.box.max.y).applyMatrix4(network.matrixWorld);
      const distance = this.at.distanceTo(this.eyes);
      pane.width_m = LABEL_WIDTH_RAD * THREE.MathUtils.clamp(distance, 0.4, 6);
      this.at.y += pane.height_m * 0.6;
      // One that stands in the layer would have its name in the face.
      pane.alpha = THREE.MathUtils.clamp((distance - 0.25) / 0.2, 0, 1);
      pane.face(this.at, this.eyes);
      this.paint(pane, `${row.name}|${row.n}|${row.colour}`, (context) => paintLabel(context, row));
    });
    // It comes along slowly, so that reading it does not mean chasing it.
    if (this.caption.visible) this.moveCaption(Math.min(1, 2.5 * elapsed_s));
  }

  /** Draws what has changed; a few times a second. */
  show(facts: HudFacts): void {
    this.facts = facts;
    const { t_us, t_start_us, t_stop_us, playing, status, speed, stimulus, pointed, governed, captions, name, bin_us } = facts;
    const part = (t_us - t_start_us) / Math.max(1, t_stop_us - t_start_us);
    const state = status === 'buffering' ? 'loading' : playing ? formatSpeed(speed) : `paused, ${formatSpeed(speed)}`;
    const clock = `${formatTime(t_us, bin_us)} / ${formatTime(t_stop_us)}`;
    this.paint(this.time, `${clock}|${state}|${stimulus}|${pointed}|${Math.round(part * 900)}|${name}`, (context) => {
      card(context);
      context.textBaseline = 'middle';
      context.textAlign = 'left';
      context.font = font(38, 600);
      context.fillStyle = INK.text;
      context.fillText(clock, 28, 44);
      context.font = font(26);
      context.fillStyle = INK.muted;
      context.textAlign = 'right';
      context.fillText(fitted(context, pointed || (stimulus ? `label ${stimulus}, ${state}` : state), 470), 972, 44);
      context.fillStyle = INK.line;
      context.fillRect(28, 92, 944, 14);
      context.fillStyle = INK.accent;
      context.fillRect(28, 92, 944 * part, 14);
      context.beginPath();
      context.arc(28 + 944 * part, 99, 15, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = INK.muted;
      context.font = font(24);
      context.textAlign = 'left';
      context.fillText(fitted(context, name, 944), 28, 142);
    });
    const lines = this.parts.stage.legendLines();
    const bar = this.parts.stage.legendBar();
    this.paint(this.legend, `${lines.join('\n')}|${bar?.join() ?? ''}|${governed}`, (context) => paintLegend(context, lines, bar, governed));
    const comes = captions.length > 0 && !this.caption.visible;
    this.caption.visible = captions.length > 0;
    if (comes) this.moveCaption(1);
    if (captions.length > 0) this.paint(this.caption, captions.join('\n'), (context) => paintCaption(context, captions));
  }

  /** Before the eyes and below them: a part of the way there, or all of it where it was left behind. */
  private moveCaption(part: number): void {
    const { at, eyes, looks, captionAt } = this;
    at.copy(eyes).addScaledVector(looks, CAPTION_M);
    at.y = eyes.y - 0.28 + 0.5 * looks.y;
    captionAt.lerp(at, captionAt.distanceTo(at) > 1.5 ? 1 : part);
    this.caption.face(captionAt, eyes);
  }

  private seekTo(x_px: number): void {
    if (this.facts === null) return;
    const { t_start_us, t_stop_us } = this.facts;
    this.parts.seek(t_start_us + THREE.MathUtils.clamp((x_px - 28) / 944, 0, 1) * (t_stop_us - t_start_us));
  }

  private paint(pane: Pane, key: string, draw: (context: CanvasRenderingContext2D) => void): void {
    if (this.keys.get(pane) === key) return;
    this.keys.set(pane, key);
    draw(pane.context);
    pane.stale = true;
  }
}

function paintLabel(context: CanvasRenderingContext2D, row: StageRow): void {
  context.clearRect(0, 0, 248, 62);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(29, 600);
  // A dark edge keeps letters readable before spikes, and before the real room.
  context.strokeStyle = 'rgb(10 12 18 / 0.85)';
  context.lineWidth = 6;
  context.lineJoin = 'round';
  const name = fitted(context, row.name, 236);
  context.strokeText(name, 124, 20);
  context.fillStyle = row.colour;
  context.fillText(name, 124, 20);
  context.font = font(19);
  const count = row.kind === 'layer' ? plural(row.n, 'neuron') : `${row.n} decoded`;
  context.strokeText(count, 124, 47);
  context.fillStyle = INK.muted;
  context.fillText(count, 124, 47);
}

function paintLegend(context: CanvasRenderingContext2D, lines: readonly string[], bar: readonly string[] | null, governed: string): void {
  card(context);
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  let y = 40;
  lines.forEach((line, at) => {
    context.font = at === 0 ? font(27, 600) : font(23);
    context.fillStyle = at === 0 ? INK.text : INK.muted;
    for (const part of wrapped(context, line, 468)) {
      if (y > 372) return;
      context.fillText(fitted(context, part, 468), 22, y);
      y += 32;
    }
    if (at === 0 && bar !== null) {
      const gradient = context.createLinearGradient(22, 0, 490, 0);
      bar.forEach((colour, i) => gradient.addColorStop(i / (bar.length - 1), colour));
      context.fillStyle = gradient;
      context.fillRect(22, y - 8, 468, 16);
      y += 28;
    }
  });
  if (governed === '') return;
  context.font = font(21, 500);
  context.fillStyle = INK.warn;
  wrapped(context, governed, 468).slice(0, 3).forEach((part, i) => context.fillText(part, 22, 404 + 27 * i));
}

function paintCaption(context: CanvasRenderingContext2D, captions: readonly string[]): void {
  card(context);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = font(36, 500);
  context.fillStyle = INK.text;
  const lines = captions.flatMap((caption) => wrapped(context, caption, 940)).slice(-3);
  lines.forEach((line, i) => context.fillText(fitted(context, line, 940), 500, 64 + 38 * (i - (lines.length - 1) / 2)));
}
