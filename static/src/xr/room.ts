/**
 * Being in the network: one session of a headset, from putting it on to taking it off. It moves the hands, lets them point,
 * press, hold and scrub, keeps boards and words where they can be read, and holds the frame rate. What is drawn of the
 * network is the scene's; what things do is the page's, given as `RoomParts`.
 */

import * as THREE from 'three';

import { Boards } from './boards';
import { Ghost } from './ghost';
import { HandModels } from './hand_models';
import { Hold } from './hold';
import { Hud, type HudFacts } from './hud';
import { type Hand, Inputs } from './inputs';
import { Lines } from './lines';
import { Locomotion } from './locomotion';
import { Panes } from './panes';
import { type Placement, placed } from './placement';
import { Pointing } from './pointing';
import type { XrSettings } from './settings';
import { StickScrub } from './stick_scrub';
import { type MenuRow, WristMenu } from './wrist_menu';
import { Governor } from '../state/governor';
import type { Presence, PresenceSource } from '../state/session/presence';
import type { Stage, StageRow } from '../state/stage';
import type { View } from '../state/view';

const FACTS_MS = 100;
/** Notches of a wheel in a second, at full push. */
const SCROLL_PER_S = 9;

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

export class Room {
  readonly boards: Boards;
  readonly governor: Governor;
  readonly moving: Locomotion;
  placement: Placement = 'table';
  private readonly inputs = new Inputs();
  private readonly hud: Hud;
  private readonly menu: WristMenu;
  private readonly panes: Panes;
  private readonly lines = new Lines();
  private readonly models = new HandModels();
  private readonly hold: Hold;
  private readonly pointing: Pointing;
  private readonly scrub: StickScrub;
  private readonly ghost: Ghost;
  private readonly eyes = new THREE.Vector3();
  private readonly looks = new THREE.Vector3();
  private readonly stood = new THREE.Vector3();
  private readonly step = new THREE.Vector3();
  private rows: StageRow[] = [];
  private settled = false;
  private facts_ms = -Infinity;
  private work_ms = 0;

  private constructor(private readonly parts: RoomParts, readonly session: XRSession, readonly passthrough: boolean) {
    const { stage, view } = parts;
    const { inputs, lines } = this;
    const panes = this.panes = new Panes(stage.renderer);
    const hold = this.hold = new Hold(stage.network);
    this.moving = new Locomotion(stage.person, stage.camera, panes, () => stage.eyes_m);
    this.menu = new WristMenu(panes, () => parts.menu(this));
    this.hud = new Hud({ panes, stage, seek: parts.seek, scrub: parts.scrub, selectLayer: parts.selectLayer });
    this.boards = new Boards(panes, stage.camera);
    this.pointing = new Pointing({ stage, view, panes, hold, inputs, lines, settings: parts.settings, neuronName: parts.neuronName });
    this.scrub = new StickScrub({ span: parts.facts, seek: parts.seek, scrub: parts.scrub, togglePlay: parts.togglePlay });
    this.ghost = new Ghost(stage.network, lines);
    this.governor = new Governor(session.frameRate ?? 72);
  }

  /** Puts the headset on; resolves when the first picture can be drawn. */
  static async enter(parts: RoomParts, session: XRSession, passthrough: boolean, left: () => void): Promise<Room> {
    const room = new Room(parts, session, passthrough);
    const { stage } = parts;
    try {
      await stage.begin(session, { passthrough, ...parts.settings() }, (now_ms, elapsed_ms) => room.turn(now_ms, elapsed_ms));
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

  /** What tests and the console may see. */
  debug(): Record<string, unknown> {
    const { network, person } = this.parts.stage;
    const hand = ({ kind, trigger, squeeze, stick, pinch, origin, direction, place }: Hand): unknown => ({
      kind, place: place.toArray(), trigger: trigger.down, squeeze: squeeze.down, stick: { ...stick }, pinch, origin: origin.toArray(), direction: direction.toArray(),
    });
    const pane = (of: { matrix: THREE.Matrix4; visible: boolean; width_m: number; height_m: number; cell: { width: number; height: number } }): unknown => ({
      matrix: of.matrix.toArray(), visible: of.visible, width_m: of.width_m, height_m: of.height_m, width_px: of.cell.width, height_px: of.cell.height,
    });
    return {
      passthrough: this.passthrough, placement: this.placement,
      network: { position: network.position.toArray(), rotation: network.quaternion.toArray(), scale: network.scale.x },
      person: { position: person.position.toArray(), rotation: person.quaternion.toArray() },
      eyes: this.eyes.toArray(), aiming: this.moving.aiming, goal: this.moving.goal.toArray(), narrowed: this.moving.narrowed,
      left: hand(this.inputs.left), right: hand(this.inputs.right), models: { ...this.models.shown },
      holds: { left: this.hold.holds('left'), right: this.hold.holds('right') },
      pointed: this.pointing.words(), governed: this.governedWords(), ration: this.governor.ration, rate_hz: this.governor.rate_hz,
      menu: { ...(pane(this.menu.pane) as object), buttons: this.menu.buttons.map(({ id, x, y, width, height, pressed, label }) => ({ id, label, pressed: pressed ?? false, x: x + width / 2, y: y + height / 2 })), bar: this.menu.bar && { x: this.menu.bar.x, y: this.menu.bar.y, width: this.menu.bar.width } },
      time: pane(this.hud.time), labels: this.hud.labels.map(pane), legend: pane(this.hud.legend), caption: pane(this.hud.caption),
      boards: Object.fromEntries([...this.boards.open].map(([name, board]) => [name, { ...(pane(board.pane) as object), pinned: board.pinned, painted: board.painted, drag: board.drag }])),
      pictures_sent: this.panes.sent, draw_calls: this.parts.stage.renderer.info.render.calls, work_ms: this.work_ms,
      presence: this.parts.presence.headset,
    };
  }

  // ------------------------------------------------------------------ the loop

  private turn(now_ms: number, elapsed_ms: number): void {
    const started = performance.now();
    const { parts, inputs, moving } = this;
    const { stage } = parts;
    const frame = stage.renderer.xr.getFrame();
    const space = stage.renderer.xr.getReferenceSpace();
    if (space === null) return;
    const settings = parts.settings();
    const elapsed_s = elapsed_ms / 1000;
    this.look();
    inputs.update(this.session, frame, space, stage.person.matrixWorld);
    if (!this.settled) this.arrive(frame, space);
    this.lines.begin();
    const main = inputs[settings.hand];
    const other = inputs[settings.hand === 'right' ? 'left' : 'right'];
    for (const hand of [inputs.left, inputs.right]) {
      if (hand === main && moving.takesRay) this.pointing.forget(hand);
      else this.pointing.update(hand, now_ms);
    }
    this.hold.update(inputs);
    this.scrub.update(main, elapsed_s, !this.scrub.active && this.scrolls(main, elapsed_s));
    if (!this.scrolls(other, elapsed_s)) moving.update(other, main, settings, elapsed_s, this.lines);
    this.carry();
    this.models.update(inputs);
    this.menu.update(other, this.eyes);
    this.hud.follow(this.rows, elapsed_s);
    const ghost = parts.ghost();
    if (ghost !== null) this.ghost.draw(ghost);
    this.lines.end();
    parts.turn(now_ms);
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
    // From now on nobody's camera moves the network: who follows a presenter would ride along for a frame.
    this.parts.presence.wear(this.parts.stage.presence({ left: null, right: null }));
    this.stood.copy(this.parts.stage.person.position);
    this.hud.show({ ...this.parts.facts(), pointed: '', governed: '' });
    this.panes.flush();
  }

  private look(): void {
    const { camera } = this.parts.stage;
    camera.getWorldPosition(this.eyes);
    camera.getWorldDirection(this.looks);
  }

  private refresh(now_ms: number): void {
    const { governor, inputs, pointing } = this;
    if (this.boards.paint(now_ms, 1000 / governor.ration.panel_hz)) return;
    if (now_ms - this.facts_ms < FACTS_MS) return;
    this.facts_ms = now_ms;
    this.rows = this.parts.stage.rows();
    this.hud.show({ ...this.parts.facts(), pointed: pointing.words(), governed: this.governedWords() });
    this.menu.paint();
    this.parts.presence.wear(this.parts.stage.presence({ left: pointing.poseOf(inputs.left), right: pointing.poseOf(inputs.right) }));
  }

  private governedWords(): string {
    const { drawn, total } = this.parts.stage.drawnPoints();
    return this.governor.words(drawn / Math.max(1, total));
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

  /** The stick of a hand that points at a board turns the wheel there. */
  private scrolls(hand: Hand, elapsed_s: number): boolean {
    const pane = this.pointing.paneOf(hand.side);
    if (pane?.pane.handler.scroll === undefined) return false;
    if (hand.stick.y !== 0) pane.pane.handler.scroll(pane.at, hand.stick.y * SCROLL_PER_S * elapsed_s);
    return true;
  }

  /** What is not pinned comes along when the person moves. */
  private carry(): void {
    const { position } = this.parts.stage.person;
    this.step.subVectors(position, this.stood);
    if (this.step.lengthSq() < 1e-10) return;
    this.stood.copy(position);
    this.boards.carry(this.step, (pane) => this.hold.holdsPane(pane));
    this.hud.arrange();
  }

  /** The selected neuron's layer, else the one in the middle. */
  private layerToStandIn(view: View, rows: readonly StageRow[]): THREE.Box3 {
    const last = view.get('selection').at(-1);
    const name = last === undefined ? '' : this.parts.neuronName(last).replace(/ \d+$/, '');
    return (rows.find((row) => row.name === name) ?? rows[rows.length >> 1]).box;
  }

  private dispose(): void {
    const { stage, presence, view } = this.parts;
    stage.room.remove(this.panes.object, this.lines.object, this.models.object);
    this.scrub.end();
    this.boards.dispose();
    this.panes.dispose();
    this.lines.dispose();
    this.models.dispose();
    presence.wear(null);
    view.set({ hover: -1 });
    stage.end();
  }
}
