/**
 * Everything of sessions on the page of a recording: the record button, the list, replaying, notes and the pointer.
 * The viewer makes one and asks it for its buttons, keys, link and what lies over the scene.
 */

import '../../styles/sessions.css';
import '../../styles/session_marks.css';
import '../../styles/session_bar.css';
import '../../styles/session_dialogs.css';

import { RecordButton } from './record_button';
import { replayKey } from './replay_keys';
import { clock as clockText, SessionBar } from './session_bar';
import { openSessions } from './session_list';
import { type Light, SessionMarks } from './session_marks';
import { openNaming } from './session_naming';
import { SessionNotes } from './session_notes';
import { SessionPointer } from './session_pointer';
import type { ShareDesk } from './share_desk';
import { viewerName } from './viewer_name';
import { copied } from '../clipboard';
import { h } from '../dom';
import { iconButton } from '../icons';
import type { Shortcut } from '../shortcuts';
import type { Toasts } from '../toasts';
import type { Me, NoteOp, SessionSummary } from '../../net/messages.gen';
import { ApiError } from '../../net/rest';
import { sessionRest } from '../../net/session_rest';
import type { LayerInfo, SceneHandle } from '../../state/frames';
import { POINTER_COLOUR } from '../../state/palette';
import type { PlaybackClock } from '../../state/playback';
import type { Presence } from '../../state/session/presence';
import { SessionRecorder } from '../../state/session/session_recorder';
import { SessionReplay } from '../../state/session/session_replay';
import type { View } from '../../state/view';

export interface SessionDeskParts {
  readonly recording: string;
  readonly layers: readonly LayerInfo[];
  readonly view: View;
  readonly clock: PlaybackClock;
  readonly toasts: Toasts;
  readonly sceneHost: HTMLElement;
  scene(): SceneHandle | null;
  /** What a headset shows now; null at a desk. */
  worn(): Presence | null;
  modules(): readonly string[] | null;
  showModules(names: readonly string[]): void;
  /** The address should be written anew. */
  moved(): void;
  /** A shared session, which hears notes and the light, and has its own. */
  readonly live: Pick<ShareDesk, 'live' | 'note' | 'pointed' | 'notesNow' | 'lights' | 'turnAround' | 'shortcuts' | 'state' | 'cut' | 'colour'>;
}

export class SessionDesk {
  /** For the top bar. */
  readonly buttons: HTMLElement[];
  /** For the stage. */
  readonly overlays: HTMLElement[];
  private readonly recorder: SessionRecorder;
  private readonly marks: SessionMarks;
  private readonly holder = h('div.session-holder');
  private readonly record = new RecordButton(() => void this.toggleRecording());
  private readonly notes: SessionNotes;
  private readonly pointer: SessionPointer;
  private readonly asked: { session: string; at_ms: number | null } | null;
  /** Resolves when the role is known. */
  private readonly known: Promise<void>;
  private me: Me = { role: 'viewer', may: ['look'] };
  private replay: SessionReplay | null = null;
  private bar: SessionBar | null = null;
  private blank = true;
  private turned_ms = -Infinity;

  constructor(private readonly parts: SessionDeskParts, private readonly signal: AbortSignal) {
    const query = new URLSearchParams(location.search);
    const session = query.get('session');
    const at = Number(query.get('at') ?? NaN);
    this.asked = session ? { session, at_ms: Number.isFinite(at) ? Math.max(0, at * 1000) : null } : null;
    this.marks = new SessionMarks(parts.scene);
    this.recorder = new SessionRecorder({
      recording: parts.recording, layers: parts.layers, view: parts.view, clock: parts.clock,
      pose: () => parts.scene()?.pose() ?? null,
      worn: () => parts.worn(),
      modules: parts.modules,
      told: (key, message, hint, stays) => {
        if (message === '') parts.toasts.clear(key);
        else parts.toasts.show(key, message, { hint, tone: 'error', stays });
      },
      changed: () => this.paint(),
    }, signal);
    this.notes = new SessionNotes({
      layers: parts.layers, view: parts.view, toasts: parts.toasts, recorder: this.recorder, live: parts.live, holder: this.holder,
      replay: () => this.replay, scene: parts.scene, mayPresent: () => this.mayPresent(), failed: (error) => this.fail(error),
    });
    this.pointer = new SessionPointer({
      sceneHost: parts.sceneHost, scene: parts.scene,
      colour: () => (parts.live.live ? parts.live.colour : POINTER_COLOUR),
      pointed: (place) => {
        this.recorder.point(place);
        parts.live.pointed(place);
      },
    }, signal);
    this.buttons = [this.record.element, iconButton('sessions', 'Sessions', 'S', () => void this.openList())];
    this.overlays = [this.marks.element, this.marks.captions, this.holder];
    this.listen();
    this.paint();
    this.known = sessionRest.me(signal).then((me) => { this.me = me; this.paint(); }).catch(() => undefined);
  }

  /** True where the address asks for a session: it decides what plays then. */
  start(): boolean {
    if (this.asked === null) return false;
    const { session, at_ms } = this.asked;
    sessionRest.one(session, this.signal).then((found) => this.open(found, at_ms), (error: unknown) => this.fail(error, true));
    return true;
  }

  /** The address of what is replayed now; null where nothing is. */
  link(): string | null {
    const { replay } = this;
    if (replay === null) return null;
    const at = Number((replay.at_ms / 1000).toFixed(1));
    return `/view/${encodeURIComponent(this.parts.recording)}?session=${encodeURIComponent(replay.session.id)}&at=${at}`;
  }

  /** The session that is replayed now. */
  get replayed(): SessionSummary | null {
    return this.replay?.session ?? null;
  }

  pause(): void {
    this.replay?.pause();
  }

  get shortcuts(): Shortcut[] {
    return [
      { keys: ['o'], label: 'Record a session, or end it', group: 'Session', run: () => void this.toggleRecording() },
      { keys: ['s'], label: 'Sessions', group: 'Session', run: () => void this.openList() },
      { keys: ['n'], label: 'Leave a note', group: 'Session', run: () => this.notes.write() },
      { keys: ['v'], label: 'Ride along, or look around', group: 'Session', run: () => (this.replay ? this.replay.setRide(!this.replay.ride) : this.parts.live.turnAround()) },
      { keys: ['i'], label: 'Trim a session: it starts here', group: 'Session', run: () => this.trimTo('start') },
      { keys: ['u'], label: 'Trim a session: it ends here', group: 'Session', run: () => this.trimTo('stop') },
      { keys: ['Control+Enter'], label: 'Go on recording from here (fork)', group: 'Session', run: () => void this.fork() },
      ...this.parts.live.shortcuts,
    ];
  }

  /** What browser tests and the console may see. */
  state(): Record<string, unknown> {
    const { recorder, replay } = this;
    return {
      role: this.me.role,
      shared: this.parts.live.state(),
      recorder: { state: recorder.state, session: recorder.session?.id ?? null, elapsed_ms: recorder.elapsed_ms, saved: recorder.saved, cost_ms: recorder.cost_ms, frames: recorder.frames },
      replay: replay && {
        session: replay.session.id, at_ms: replay.at_ms, status: replay.status, speed: replay.speed, ride: replay.ride, taken: replay.taken,
        start_ms: replay.start_ms, end_ms: replay.end_ms, moment: replay.now(), pose: this.parts.scene()?.pose() ?? null, presence: replay.presence,
        t_us: this.parts.clock.t_us, notes: replay.notesNow.map((note) => note.text),
      },
    };
  }

  /** For tests: moves the replay without waiting for the screen. */
  seek(at_ms: number): void {
    this.replay?.seek(at_ms);
  }

  /** Somebody else's note in a shared session: a recording of it keeps it too. */
  noted(note: NoteOp): void {
    if (this.recorder.state === 'recording') void this.recorder.note(note.text ?? '', note.position ?? null, note.author ?? '');
  }

  /** For tests: the connection of a shared session breaks. */
  cut(): void {
    this.parts.live.cut();
  }

  /** One turn of a loop: the page's, or the headset's, in which the page's stands still. */
  turn(now_ms: number): void {
    if (now_ms <= this.turned_ms) return;
    this.turned_ms = now_ms;
    this.replay?.turn(now_ms);
    this.pointer.turn(now_ms);
    this.draw();
  }

  /** Whether the camera of a replayed session is followed; null where none is replayed. */
  get riding(): boolean | null {
    return this.replay?.ride ?? null;
  }

  setRide(ride: boolean): void {
    this.replay?.setRide(ride);
  }

  /** Where the viewer of a replayed session was. */
  ghost(): Presence | null {
    return this.replay?.presence ?? null;
  }

  get recording(): boolean {
    return this.recorder.state === 'recording';
  }

  /** The words of the notes that are shown now. */
  captions(): string[] {
    return this.notes.now().map(({ text, author }) => (author ? `${author}: ${text ?? ''}` : (text ?? ''))).filter((text) => text !== '');
  }

  // ------------------------------------------------------------------ recording

  /** @param quiet it keeps the name that it was given: nobody can type */
  async toggleRecording(quiet = false): Promise<void> {
    if (this.recorder.state === 'recording') {
      const session = await this.recorder.stop();
      this.notes.forget();
      if (session !== null && !quiet) {
        openNaming(session, {
          kept: ({ name }) => this.parts.toasts.show('session', `"${name}" is kept.`, { hint: 'S lists the sessions.' }),
          replay: (found) => void this.open(found, null),
          failed: (error) => this.fail(error),
        });
      }
      return;
    }
    await this.known;
    if (!this.mayPresent()) return;
    this.leave();
    this.notes.forget();
    await this.recorder.start(viewerName());
    this.toldRecording();
  }

  private toldRecording(): void {
    if (this.recorder.state !== 'recording') return;
    this.parts.toasts.show('session', 'Recording what you look at.', { hint: 'O ends it, N leaves a note, Alt points at things.' });
  }

  // ------------------------------------------------------------------ replaying

  private async openList(): Promise<void> {
    await this.known;
    const recording = this.recorder.state === 'recording';
    const begin = h('button.session-begin', { type: 'button', disabled: !this.me.may.includes('present') }, h('i.session-dot'), recording ? 'End recording' : 'Record a session');
    const dialog = openSessions({
      recording: this.parts.recording, me: this.me, actions: [begin],
      replay: (session) => void this.open(session, null),
      copy: (path) => void this.copy(path),
    });
    begin.addEventListener('click', () => {
      dialog.close();
      void this.toggleRecording();
    });
  }

  private async open(session: SessionSummary, at_ms: number | null): Promise<void> {
    await this.known;
    if (session.fit !== 'ready' && session.fit !== 'rebuilt') {
      this.parts.toasts.show('session', `The session "${session.name}" cannot be replayed.`, { hint: session.fit_note ?? '', tone: 'error', stays: true });
      return;
    }
    if (session.replays_on && session.replays_on !== this.parts.recording) {
      location.assign(`/view/${encodeURIComponent(session.replays_on)}?session=${encodeURIComponent(session.id)}`);
      return;
    }
    this.leave();
    if (session.fit === 'rebuilt') this.parts.toasts.show('session', session.fit_note ?? '', {});
    const replay = new SessionReplay(session, {
      layers: this.parts.layers, view: this.parts.view, clock: this.parts.clock,
      place: (camera) => this.parts.scene()?.place(camera),
      showModules: this.parts.showModules,
      failed: (error) => this.fail(error),
    }, this.signal);
    this.replay = replay;
    this.bar = new SessionBar({
      replay, mayPresent: this.me.may.includes('present'),
      leave: () => this.leave(), note: () => this.notes.write(), fork: () => void this.fork(),
      link: () => void this.copy(this.link() ?? ''), trim: (range) => this.trim(range),
    });
    this.holder.append(this.bar.element);
    this.parts.sceneHost.closest('.stage')?.classList.add('in-session');
    replay.onChange(() => {
      // Arriving, pausing and seeking change the address; running does so ten times a minute at most.
      this.parts.moved();
    });
    if (at_ms === null) replay.play();
    else replay.seek(at_ms);
  }

  private leave(): void {
    this.replay?.close();
    this.bar?.element.remove();
    this.replay = null;
    this.bar = null;
    this.parts.sceneHost.closest('.stage')?.classList.remove('in-session');
    this.parts.moved();
  }

  private trim(range: [number, number] | null): void {
    const { replay } = this;
    if (replay === null || !this.mayPresent()) return;
    sessionRest.change(replay.session.id, { trim: range }).then((session) => replay.use(session), (error: unknown) => {
      this.bar?.paint();
      this.fail(error);
    });
  }

  private trimTo(side: 'start' | 'stop'): void {
    const { replay } = this;
    if (replay === null) return;
    const at = Math.round(replay.at_ms);
    const range: [number, number] = side === 'start' ? [at, replay.end_ms] : [replay.start_ms, at];
    if (range[1] - range[0] >= 100) this.trim(range);
  }

  private async fork(): Promise<void> {
    const { replay } = this;
    if (replay === null || !this.mayPresent()) return;
    try {
      const made = await sessionRest.fork(replay.session.id, { at_ms: Math.round(replay.at_ms), author: viewerName() });
      this.leave();
      this.notes.forget();
      this.recorder.resume(made);
      this.parts.toasts.show('session', `Recording goes on from ${clockText(made.duration_ms ?? 0)} of "${replay.session.name}".`, { hint: 'The original stays as it is. O ends the recording.' });
    } catch (error) {
      this.fail(error);
    }
  }

  // ------------------------------------------------------------------ what is heard and drawn

  private listen(): void {
    const { signal } = this;
    const { sceneHost } = this.parts;
    // Who takes hold of the scene looks around; the session goes on.
    const own = (): void => this.replay?.setRide(false);
    sceneHost.addEventListener('pointerdown', own, { signal, capture: true });
    sceneHost.addEventListener('wheel', own, { signal, capture: true, passive: true });
    window.addEventListener('keydown', (event) => {
      if (this.replay !== null) replayKey(event, this.replay, this.bar, () => this.leave());
    }, { signal, capture: true });
    const turn = (now: number): void => {
      if (signal.aborted) return;
      this.turn(now);
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  }

  private draw(): void {
    const { replay } = this;
    const notes = this.notes.now();
    const lights = new Map<string, Light>();
    for (const { id, name, colour, place } of this.parts.live.lights()) lights.set(id, { place, colour, name });
    if (replay?.pointer) lights.set('session', { place: replay.pointer, colour: POINTER_COLOUR, name: replay.session.author ?? '' });
    if (this.pointer.light) lights.set('own', this.pointer.light);
    if (notes.length === 0 && lights.size === 0 && this.blank) return;
    this.blank = notes.length === 0 && lights.size === 0;
    this.marks.paint(notes, lights);
  }

  // ------------------------------------------------------------------ small things

  private mayPresent(): boolean {
    if (this.me.may.includes('present')) return true;
    this.parts.toasts.show('session', `Your role, ${this.me.role}, may replay sessions, not record or change them.`, { hint: 'A presenter or an admin may.' });
    return false;
  }

  private async copy(path: string): Promise<void> {
    const url = new URL(path, location.href).href;
    if (await copied(url)) this.parts.toasts.show('share', 'The link is copied.');
    else this.parts.toasts.show('share', url, { hint: 'The browser does not let the page copy; this is the link.', stays: true });
  }

  private fail(error: unknown, stays = false): void {
    if (!(error instanceof ApiError)) throw error;
    this.parts.toasts.show('session', error.message, { hint: error.hint, tone: 'error', stays });
  }

  private paint(): void {
    const refused = this.me.may.includes('present') ? '' : `Your role, ${this.me.role}, may replay sessions, not record them`;
    this.record.paint(this.recorder, refused);
  }
}
