/** The rows of the wrist menu: what the page can do, for a hand that has no keyboard. */

import type { Room } from '../xr/room';
import type { XrSettings } from '../xr/settings';
import type { MenuItem, MenuRow } from '../xr/wrist_menu';

/** What the menu shows and does. */
export interface XrMenuParts {
  readonly modules: readonly { readonly name: string; readonly title: string }[];
  settings(): XrSettings;
  set(changes: Partial<XrSettings>): void;
  playing(): boolean;
  togglePlay(): void;
  toEdge(edge: 'start' | 'end'): void;
  /** Where the playhead is in what is shown, 0..1, and in words. */
  time(): { readonly part: number; readonly words: string };
  scrub(on: boolean): void;
  scrubTo(part: number): void;
  speed(): string;
  nextSpeed(by: 1 | -1): void;
  colour(): string;
  nextColour(): void;
  layout(): string;
  nextLayout(): void;
  /** null where the recording has no weights to reconstruct from. */
  fields(): boolean | null;
  toggleFields(): void;
  synapses(): boolean;
  toggleSynapses(): void;
  toggleBoard(name: string): void;
  /** What of sessions can be done now. */
  recording(): boolean;
  toggleRecording(): void;
  /** null where none is replayed. */
  riding(): boolean | null;
  toggleRiding(): void;
}

const BOARDS_A_ROW = 3;

export class XrMenu {
  private page = 0;

  constructor(private readonly parts: XrMenuParts) {}

  rows(room: Room): MenuRow[] {
    const { parts } = this;
    const { hand, moving, still } = parts.settings();
    const stands = (['table', 'room', 'inside'] as const).map((how) => item(how, how, () => room.stand(how), room.placement === how));
    const fields = parts.fields();
    const riding = parts.riding();
    const { part, words } = parts.time();
    return [
      { items: [], slider: { part, label: words, begin: () => parts.scrub(true), move: (to) => parts.scrubTo(to), end: () => parts.scrub(false) } },
      { items: [
        item('start', 'start', () => parts.toEdge('start')), item('play', parts.playing() ? 'pause' : 'play', () => parts.togglePlay(), parts.playing()),
        item('end', 'end', () => parts.toEdge('end')),
      ] },
      { title: 'speed', items: [item('slower', '−', () => parts.nextSpeed(-1)), { ...item('speed', parts.speed(), () => undefined), disabled: true }, item('faster', '+', () => parts.nextSpeed(1))] },
      { title: 'colour', items: [item('colour', `${parts.colour()} ›`, () => parts.nextColour())] },
      { title: 'layout', items: [item('layout', `${parts.layout()} ›`, () => parts.nextLayout())] },
      { title: 'show', items: [
        { ...item('fields', 'receptive field', () => parts.toggleFields(), fields === true), disabled: fields === null },
        item('synapses', 'synapses', () => parts.toggleSynapses(), parts.synapses()),
      ] },
      { title: 'stand', items: stands },
      { title: 'boards', items: this.boards(room, 0) },
      { title: '', items: [...this.boards(room, 1), item('more', 'more ›', () => { this.page++; })] },
      { title: 'move', items: [
        item('teleport', 'jump', () => parts.set({ moving: 'teleport' }), moving === 'teleport'),
        { ...item('fly', 'fly', () => parts.set({ moving: 'fly' }), moving === 'fly'), disabled: still },
        item('still', 'keep still', () => parts.set({ still: !still }), still),
      ] },
      { title: 'now', items: [item('turn left', '↶ turn', () => room.moving.turnLeft()), item('jump', 'jump to…', () => room.moving.askJump(), room.moving.takesRay), item('turn right', 'turn ↷', () => room.moving.turnRight())] },
      { title: 'hand', items: [item('left', 'left', () => parts.set({ hand: 'left' }), hand === 'left'), item('right', 'right', () => parts.set({ hand: 'right' }), hand === 'right')] },
      { items: [
        riding === null ? item('record', parts.recording() ? 'end recording' : 'record', () => parts.toggleRecording(), parts.recording())
          : { ...item('ride', riding ? 'look around' : 'ride along', () => parts.toggleRiding(), riding), disabled: still && !riding },
        item('leave', 'leave', () => void room.leave()),
      ] },
    ];
  }

  /** One of the two rows of this page of boards; the second has room for "more". */
  private boards(room: Room, row: 0 | 1): MenuItem[] {
    const { modules } = this.parts;
    const a_page = 2 * BOARDS_A_ROW - 1;
    const pages = Math.max(1, Math.ceil(modules.length / a_page));
    const first = (this.page % pages) * a_page + row * BOARDS_A_ROW;
    return modules.slice(first, first + (row === 0 ? BOARDS_A_ROW : BOARDS_A_ROW - 1))
      .map(({ name, title }) => item(`board ${name}`, title, () => this.parts.toggleBoard(name), room.boards.open.has(name)));
  }
}

function item(id: string, label: string, run: () => void, pressed = false): MenuItem {
  return { id, label, pressed, run };
}
