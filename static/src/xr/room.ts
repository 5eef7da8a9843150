/**
 * Being in the network: one session of a headset, from putting it on to taking it off. It moves the hands, lets them point,
 * press, hold and scrub, keeps boards and words where they can be read, and holds the frame rate. What is drawn of the
 * network is the scene's; what things do is the page's, given as `RoomParts`.
 */

import * as THREE from 'three';

import { Board, isHandle, type BoardSource } from './board';
import { Governor } from '../state/governor';
import { HandModels } from './hand_models';
import { Hold } from './hold';
import { Hud, type HudFacts } from './hud';
import { type Hand, Inputs, type Side, SIDES } from './inputs';
import { Lines } from './lines';
import { Locomotion } from './locomotion';
import { type MenuRow, WristMenu } from './wrist_menu';
import { type PaneHit, Panes } from './panes';
import { type Placement, placed } from './placement';
import type { XrSettings } from './settings';
import type { HandPose, Presence, PresenceSource } from '../state/presence';
import type { Stage, StageHit, StageRow } from '../state/stage';
import type { View } from '../state/view';

/** A ray means a neuron that lies so far beside it; a hand is less steady than a controller. */
const SPREAD_RAD = { none: 0.02, controller: 0.02, hand: 0.03 } as const;
const RAY_M = 3;
const FACTS_MS = 100;
const HOVER_MS = 90;
/** A pinch that is let go within so long, and moved no farther than this, picks; else it held the network. */
const PICK_MS = 350;
const PICK_M = 0.025;
/** Full push of the stick moves the playhead by so much of what is shown in a second; a little push by much less. */
const SCRUB_PER_S = 0.12;
const SCROLL_PER_S = 9;
const RAY = new THREE.Color(0.42, 0.7, 1);
const REST = new THREE.Color(0.6, 0.64, 0.72);
const GHOST = new THREE.Color(0.45, 0.85, 0.6);

export interface RoomParts {
  readonly stage: Stage;
  readonly view: View;
  readonly presence: PresenceSource;
  /** The way from the network's middle to where it is best seen from. */
  readonly front: THREE.Vector3;
  settings(): XrSettings;
  facts(): Omit<HudFacts, 'pointed' | 'governed'>;
  seek(t_us: number): void;
  scrub(on: boolean): void;
  togglePlay(): void;
  /** Rows of the menu that are the page's, not the room's. */
  menu(room: Room): readonly MenuRow[];
  selectLayer(name: string): void;
  /** "layer 17" of a global index. */
  neuronName(neuron: number): string;
  /** Where the viewer of a replayed session was; null where none is replayed. */
  ghost(): Presence | null;
  /** Once a frame, before the network is drawn: the page's own loop stands still in a headset. */
  turn(now_ms: number): void;
}

interface Pointing {
  pane: PaneHit | null;
  hit: StageHit | null;
  /** A pane that the trigger is held on. */
  captured: PaneHit['pane'] | null;
  /** A pinch that began beside every pane: it picks or it holds. */
  pinched: { readonly at_ms: number; readonly place: THREE.Vector3; readonly hit: StageHit | null } | null;
}

export class Room {
  readonly boards = new Map<string, Board>();
  readonly governor: Governor;
  readonly inputs = new Inputs();
  readonly hud: Hud;
  readonly menu: WristMenu;
  placement: Placement = 'table';
  private readonly panes: Panes;
  private readonly lines = new Lines();
  private readonly models = new HandModels();
  private readonly hold: Hold;
  private readonly moving: Locomotion;
  private readonly pointing: Record<Side, Pointing> = { left: pointing(), right: pointing() };
  private readonly eyes = new THREE.Vector3();
  private readonly looks = new THREE.Vector3();
  private readonly at = new THREE.Vector3();
  private readonly tip = new THREE.Vector3();
  private readonly inverse = new THREE.Matrix4();
  private readonly turn = new THREE.Quaternion();
  private readonly stepped = new THREE.Vector3();
  private rows: StageRow[] = [];
  private settled = false;
  private scrubbing = false;
  private facts_ms = -Infinity;
  private hover_ms: Record<Side, number> = { left: -Infinity, right: -Infinity };
  private panel_turn = 0;
  private work_ms = 0;

  private constructor(private readonly parts: RoomParts, readonly session: XRSession, readonly passthrough: boolean) {
    const { stage } = parts;
    this.panes = new Panes(stage.renderer);
    this.moving = new Locomotion(stage.person, stage.camera, this.panes, () => stage.eyes_m);
    this.menu = new WristMenu(this.panes, () => parts.menu(this));
    this.hud = new Hud({ panes: this.panes, stage, seek: parts.seek, scrub: parts.scrub, selectLayer: parts.selectLayer });
    this.hold = new Hold(stage.network);
    this.governor = new Governor(session.frameRate ?? 72);
  }

  /** Puts the headset on; resolves when the first picture can be drawn. */
  static async enter(parts: RoomParts, session: XRSession, passthrough: boolean, left: () => void): Promise<Room> {
    const room = new Room(parts, session, passthrough);
    const { stage } = parts;
    try {
      await stage.begin(session, { passthrough, posture: parts.settings().posture }, (now_ms, elapsed_ms) => room.step(now_ms, elapsed_ms));
    } catch (error) {
      room.dispose();
      void session.end().catch(() => undefined);
      throw error;
    }
    // After the renderer's own: the page's size comes back when it is free again.
    session.addEventListener('end', () => {
      room.dispose();
      left();
    }, { once: true });
    stage.room.add(room.panes.object, room.lines.object, room.models.object);
    room.chooseRate();
    return room;
  }

  async leave(): Promise<void> {
    await this.session.end();
  }

  /** Stands the network somewhere anew: on the table, as large as the room, or around the viewer. */
  stand(how: Placement): void {
    const { stage, view } = this.parts;
    this.placement = how;
    this.rows = stage.rows();
    const shown = this.rows.filter((row) => row.shown);
    const around = this.layerToStandIn(view, shown.length > 0 ? shown : this.rows);
    this.look();
    const where = placed(how, stage.bounds(), around, this.parts.front, this.eyes, this.looks);
    if (how !== 'inside') this.hold.table_scale = placed('table', stage.bounds(), around, this.parts.front, this.eyes, this.looks).scale;
    stage.network.position.copy(where.position);
    stage.network.quaternion.copy(where.rotation);
    stage.network.scale.setScalar(where.scale);
    stage.network.updateMatrixWorld(true);
    this.hud.arrange();
  }

  /** Opens a board, or closes it. */
  toggleBoard(name: string, make: () => BoardSource): void {
    const open = this.boards.get(name);
    if (open !== undefined) {
      this.boards.delete(name);
      open.dispose(this.panes);
      return;
    }
    const source = make();
    try {
      const board = new Board(this.panes, source, this.parts.stage.camera, () => this.toggleBoard(name, make));
      this.look();
      // Beside each other, in an arc around the viewer, above the table.
      const angle = [-0.55, 0.6, -1.15, 1.2][this.boards.size % 4];
      this.at.copy(this.looks).setY(0).normalize().applyAxisAngle(UP, angle).multiplyScalar(0.85).add(this.eyes);
      this.at.y += 0.1;
      board.pane.face(this.at, this.eyes);
      this.boards.set(name, board);
    } catch (error) {
      source.dispose();
      if (!(error instanceof RangeError)) throw error;
    }
  }

  /** What tests and the console may see. */
  debug(): Record<string, unknown> {
    const { network, person } = this.parts.stage;
    const hand = ({ kind, trigger, squeeze, stick, pinch, origin, direction }: Hand): unknown => ({
      kind, trigger: trigger.down, squeeze: squeeze.down, stick: { ...stick }, pinch, origin: origin.toArray(), direction: direction.toArray(),
    });
    const pane = (of: { matrix: THREE.Matrix4; visible: boolean; width_m: number; height_m: number; cell: { width: number; height: number } }): unknown => ({
      matrix: of.matrix.toArray(), visible: of.visible, width_m: of.width_m, height_m: of.height_m, width_px: of.cell.width, height_px: of.cell.height,
    });
    return {
      passthrough: this.passthrough, placement: this.placement,
      network: { position: network.position.toArray(), rotation: network.quaternion.toArray(), scale: network.scale.x },
      person: { position: person.position.toArray(), rotation: person.quaternion.toArray() },
      eyes: this.eyes.toArray(), aiming: this.moving.aiming, goal: this.moving.goal.toArray(),
      left: hand(this.inputs.left), right: hand(this.inputs.right), models: { ...this.models.shown },
      holds: { left: this.hold.holds('left'), right: this.hold.holds('right') },
      pointed: this.pointedWords(), governed: this.governor.words(), ration: this.governor.ration, rate_hz: this.governor.rate_hz,
      menu: { ...(pane(this.menu.pane) as object), buttons: this.menu.buttons.map(({ id, x, y, width, height, pressed, label }) => ({ id, label, pressed: pressed ?? false, x: x + width / 2, y: y + height / 2 })) },
      time: pane(this.hud.time), legend: pane(this.hud.legend), caption: pane(this.hud.caption),
      boards: Object.fromEntries([...this.boards].map(([name, board]) => [name, { ...(pane(board.pane) as object), pinned: board.pinned, painted: board.painted, zooms: board.zooms }])),
      pictures_sent: this.panes.sent, draw_calls: this.parts.stage.renderer.info.render.calls, work_ms: this.work_ms,
      presence: this.parts.presence.headset,
    };
  }

  // ------------------------------------------------------------------ the loop

  private step(now_ms: number, elapsed_ms: number): void {
    const started = performance.now();
    const { stage } = this.parts;
    const frame = stage.renderer.xr.getFrame();
    const space = stage.renderer.xr.getReferenceSpace();
    if (space === null) return;
    const settings = this.parts.settings();
    const elapsed_s = elapsed_ms / 1000;
    this.look();
    this.inputs.update(this.session, frame, space, stage.person.matrixWorld);
    if (!this.settled) this.arrive(frame, space);
    this.lines.begin();
    const main = this.inputs[settings.hand];
    const other = this.inputs[settings.hand === 'right' ? 'left' : 'right'];
    for (const side of SIDES) this.point(this.inputs[side], now_ms);
    this.hold.update(this.inputs);
    this.scrub(main, elapsed_s);
    if (!this.scrolls(other, elapsed_s)) this.moving.update(other, settings, elapsed_s, this.lines);
    this.carryBoards();
    this.models.update(this.inputs);
    this.menu.update(other, this.eyes);
    this.hud.follow(this.rows, elapsed_s);
    this.drawGhost();
    this.lines.end();
    this.parts.turn(now_ms);
    this.refresh(now_ms);
    this.panes.update();
    if (settings.governed && this.governor.frame(now_ms, this.work_ms)) this.ration();
    this.work_ms = performance.now() - started;
  }

  /** The first frame in which the head is known: everything is put around it. */
  private arrive(frame: XRFrame, space: XRReferenceSpace): void {
    if (!frame.getViewerPose(space)) return;
    this.settled = true;
    this.stand('table');
    this.stepped.copy(this.parts.stage.person.position);
    this.hud.show({ ...this.parts.facts(), pointed: '', governed: '' });
    this.panes.flush();
  }

  private look(): void {
    const { camera } = this.parts.stage;
    camera.getWorldPosition(this.eyes);
    camera.getWorldDirection(this.looks);
  }

  private refresh(now_ms: number): void {
    const { governor } = this;
    // One board at a time, so that no frame pays for two.
    const boards = [...this.boards.values()];
    const every_ms = 1000 / governor.ration.panel_hz;
    for (let i = 0; i < boards.length; i++) {
      const board = boards[(this.panel_turn + i) % boards.length];
      if (!board.paint(now_ms, every_ms)) continue;
      this.panel_turn = (this.panel_turn + i + 1) % boards.length;
      return;
    }
    if (now_ms - this.facts_ms < FACTS_MS) return;
    this.facts_ms = now_ms;
    this.rows = this.parts.stage.rows();
    this.hud.show({ ...this.parts.facts(), pointed: this.pointedWords(), governed: governor.words() });
    this.menu.paint();
    this.parts.presence.wear(this.parts.stage.presence({ left: this.poseOf(this.inputs.left), right: this.poseOf(this.inputs.right) }));
  }

  private ration(): void {
    const { points, synapses, resolution } = this.governor.ration;
    const { stage } = this.parts;
    stage.setBudget({ points, synapses });
    stage.renderer.xr.setFoveation(resolution < 1 ? 1 : 0.3);
    const space = stage.renderer.xr.getReferenceSpace();
    const pose = space && stage.renderer.xr.getFrame().getViewerPose(space);
    for (const view of pose ? pose.views : []) view.requestViewportScale?.(resolution);
  }

  /** The rate that was asked for, or the fastest that the headset offers up to 90 Hz. */
  private chooseRate(): void {
    const { session, governor } = this;
    const offered = [...(session.supportedFrameRates ?? [])];
    const wanted = this.parts.settings().rate_hz ?? Math.max(0, ...offered.filter((rate) => rate <= 90));
    this.parts.stage.renderer.xr.setFoveation(0.3);
    if (!offered.includes(wanted) || session.updateTargetFrameRate === undefined) return;
    session.updateTargetFrameRate(wanted).then(() => { governor.rate_hz = session.frameRate ?? wanted; }, () => undefined);
  }

  // ------------------------------------------------------------------ pointing

  private point(hand: Hand, now_ms: number): void {
    const state = this.pointing[hand.side];
    if (!hand.tracked) {
      this.forget(hand, state);
      return;
    }
    if (hand.trigger.ended || hand.squeeze.ended) this.release(hand, state, now_ms);
    if (this.hold.holds(hand.side)) return;
    const before = state.pane?.pane ?? null;
    if (state.captured === null) {
      state.pane = this.panes.along(hand.origin, hand.direction);
      if (before !== null && before !== state.pane?.pane) before.handler.hover?.(null);
      if (state.pane !== null) state.pane.pane.handler.hover?.(state.pane.at);
      else if (now_ms - this.hover_ms[hand.side] >= HOVER_MS || hand.trigger.started) this.hoverNetwork(hand, state, now_ms);
    } else {
      const at = this.panes.on(state.captured, hand.origin, hand.direction);
      if (at !== null) {
        state.pane = { pane: state.captured, distance: at.distance, at };
        state.captured.handler.move?.(at);
      }
    }
    if (hand.trigger.started) this.press(hand, state, now_ms);
    if (hand.squeeze.started) this.take(hand, state);
    if (state.pinched !== null && hand.place.distanceTo(state.pinched.place) > PICK_M) {
      state.pinched = null;
      this.hold.take(hand, this.parts.stage.network);
    }
    this.drawRay(hand, state);
  }

  private hoverNetwork(hand: Hand, state: Pointing, now_ms: number): void {
    this.hover_ms[hand.side] = now_ms;
    state.hit = this.parts.stage.along(hand.origin, hand.direction, SPREAD_RAD[hand.kind]);
    if (hand.side !== this.parts.settings().hand) return;
    this.parts.view.set({ hover: state.hit?.neuron ?? -1 });
  }

  private press(hand: Hand, state: Pointing, now_ms: number): void {
    const { pane } = state;
    if (pane !== null) {
      hand.knock(0.3);
      if (isHandle(pane.pane, pane.at)) this.hold.take(hand, pane.pane);
      else {
        state.captured = pane.pane;
        pane.pane.handler.press?.(pane.at);
      }
    } else if (hand.kind === 'hand') state.pinched = { at_ms: now_ms, place: hand.place.clone(), hit: state.hit };
    else this.pick(hand, state.hit);
  }

  private release(hand: Hand, state: Pointing, now_ms: number): void {
    state.captured?.handler.release?.(state.pane?.at ?? null);
    state.captured = null;
    if (state.pinched !== null && now_ms - state.pinched.at_ms <= PICK_MS) this.pick(hand, state.pinched.hit);
    state.pinched = null;
    if (this.hold.holds(hand.side) && !hand.trigger.down && !hand.squeeze.down) this.hold.letGo(hand, this.inputs);
  }

  private take(hand: Hand, state: Pointing): void {
    if (state.pane?.pane.movable === true) this.hold.take(hand, state.pane.pane);
    else if (state.pane === null) this.hold.take(hand, this.parts.stage.network);
    hand.knock(0.4);
  }

  /** Selects the neuron; with the other hand's trigger held, adds it. A sheet selects nothing but names its layer. */
  private pick(hand: Hand, hit: StageHit | null): void {
    if (hit === null) {
      this.parts.view.set({ selection: [] });
      return;
    }
    if (hit.neuron < 0) return;
    hand.knock(0.6);
    const other = this.inputs[hand.side === 'left' ? 'right' : 'left'];
    const selection = this.parts.view.get('selection');
    if (!other.trigger.down) this.parts.view.set({ selection: [hit.neuron] });
    else this.parts.view.set({ selection: selection.includes(hit.neuron) ? selection.filter((id) => id !== hit.neuron) : [...selection, hit.neuron] });
  }

  private forget(hand: Hand, state: Pointing): void {
    state.captured?.handler.release?.(null);
    state.pane?.pane.handler.hover?.(null);
    Object.assign(state, pointing());
    if (this.hold.holds(hand.side)) this.hold.letGo(hand, this.inputs);
  }

  private drawRay(hand: Hand, state: Pointing): void {
    const distance = state.pane?.distance ?? state.hit?.distance ?? RAY_M;
    this.tip.copy(hand.origin).addScaledVector(hand.direction, Math.min(distance, RAY_M));
    const lit = state.pane !== null || (state.hit !== null && state.hit.neuron >= 0);
    this.lines.add(hand.origin, this.tip, lit ? RAY : REST, 0.9, lit ? 0.9 : 0.05);
    if (state.pane === null) return;
    // A small cross where the ray meets a pane.
    for (const [column, size] of [[0, 0.006], [1, 0.006]] as const) {
      this.at.setFromMatrixColumn(state.pane.pane.matrix, column).multiplyScalar(size);
      this.stepped2.copy(this.tip).add(this.at);
      this.lines.add(this.at.multiplyScalar(-1).add(this.tip), this.stepped2, RAY);
    }
  }

  private readonly stepped2 = new THREE.Vector3();

  private pointedWords(): string {
    const { pane, hit } = this.pointing[this.parts.settings().hand];
    if (pane !== null || hit === null) return '';
    return hit.neuron >= 0 ? this.parts.neuronName(hit.neuron) : hit.layer;
  }

  // ------------------------------------------------------------------ sticks

  private scrub(hand: Hand, elapsed_s: number): void {
    if (hand.stickPress.started) this.parts.togglePlay();
    if (this.scrolls(hand, elapsed_s)) return;
    const { x } = hand.stick;
    const on = x !== 0;
    if (on !== this.scrubbing) {
      this.scrubbing = on;
      this.parts.scrub(on);
    }
    if (!on) return;
    const { t_us, t_start_us, t_stop_us } = this.parts.facts();
    this.parts.seek(t_us + Math.sign(x) * x * x * SCRUB_PER_S * (t_stop_us - t_start_us) * elapsed_s);
  }

  /** The stick of a hand that points at a board turns the wheel there. */
  private scrolls(hand: Hand, elapsed_s: number): boolean {
    const { pane } = this.pointing[hand.side];
    if (pane === null || pane.pane.handler.scroll === undefined || this.scrubbing) return false;
    if (hand.stick.y !== 0) pane.pane.handler.scroll(pane.at, hand.stick.y * SCROLL_PER_S * elapsed_s);
    return true;
  }

  // ------------------------------------------------------------------ around the person

  /** Boards that are not pinned, the time and the legend come along when the person moves. */
  private carryBoards(): void {
    const { person } = this.parts.stage;
    const [dx, dy, dz] = [person.position.x - this.stepped.x, person.position.y - this.stepped.y, person.position.z - this.stepped.z];
    if (dx * dx + dy * dy + dz * dz < 1e-10) return;
    this.stepped.copy(person.position);
    for (const { pane, pinned } of this.boards.values()) {
      if (pinned || this.hold.holdsPane(pane)) continue;
      pane.matrix.elements[12] += dx;
      pane.matrix.elements[13] += dy;
      pane.matrix.elements[14] += dz;
    }
    this.hud.arrange();
  }

  /** The selected neuron's layer, else the one in the middle. */
  private layerToStandIn(view: View, rows: readonly StageRow[]): THREE.Box3 {
    const last = view.get('selection').at(-1);
    const name = last === undefined ? '' : this.parts.neuronName(last).replace(/ \d+$/, '');
    return (rows.find((row) => row.name === name) ?? rows[rows.length >> 1]).box;
  }

  /** Head, hands and rays of the viewer of a replayed session, as lines. */
  private drawGhost(): void {
    const ghost = this.parts.ghost();
    if (ghost === null) return;
    const { network } = this.parts.stage;
    const size = 0.12;
    this.turn.fromArray(ghost.head.rotation).premultiply(network.quaternion);
    const head = this.at.fromArray(ghost.head.position).applyMatrix4(network.matrixWorld);
    const corners = [[-1, 0.6], [1, 0.6], [1, -0.6], [-1, -0.6]].map(([x, y]) => new THREE.Vector3(x * 0.6, y * 0.6, -1).multiplyScalar(size).applyQuaternion(this.turn).add(head));
    corners.forEach((corner, i) => {
      this.lines.add(head, corner, GHOST, 0.9);
      this.lines.add(corner, corners[(i + 1) % 4], GHOST, 0.9);
    });
    for (const hand of [ghost.left, ghost.right]) {
      if (hand === null) continue;
      const wrist = new THREE.Vector3(...hand.position).applyMatrix4(network.matrixWorld);
      this.turn.fromArray(hand.rotation).premultiply(network.quaternion);
      for (const axis of [[1, 0, 0], [0, 1, 0], [0, 0, -2]]) {
        const arm = new THREE.Vector3(...(axis as [number, number, number])).multiplyScalar(0.03).applyQuaternion(this.turn);
        this.lines.add(wrist.clone().sub(arm), wrist.clone().add(arm), GHOST, 0.9);
      }
      if (hand.points !== null) this.lines.add(wrist, new THREE.Vector3(...hand.points).applyMatrix4(network.matrixWorld), GHOST, 0.7, 0.2);
    }
  }

  private poseOf(hand: Hand): HandPose | null {
    if (!hand.tracked) return null;
    const { network } = this.parts.stage;
    this.inverse.copy(network.matrixWorld).invert();
    const state = this.pointing[hand.side];
    const distance = state.pane?.distance ?? state.hit?.distance ?? null;
    const points = distance === null ? null : this.tip.copy(hand.origin).addScaledVector(hand.direction, distance).applyMatrix4(this.inverse).toArray();
    this.turn.copy(network.quaternion).invert().multiply(hand.turn);
    return {
      position: this.at.copy(hand.place).applyMatrix4(this.inverse).toArray(),
      rotation: this.turn.toArray() as [number, number, number, number], pinch: hand.pinch, points,
    };
  }

  private dispose(): void {
    const { stage, presence, view } = this.parts;
    stage.room.remove(this.panes.object, this.lines.object, this.models.object);
    if (this.scrubbing) this.parts.scrub(false);
    for (const board of this.boards.values()) board.dispose(this.panes);
    this.boards.clear();
    this.panes.dispose();
    this.lines.dispose();
    this.models.dispose();
    presence.wear(null);
    view.set({ hover: -1 });
    stage.end();
  }
}

const UP = new THREE.Vector3(0, 1, 0);

function pointing(): Pointing {
  return { pane: null, hit: null, captured: null, pinched: null };
}

