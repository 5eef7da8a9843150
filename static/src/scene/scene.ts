/**
 * The scene: wires the visuals to the clock, the frames and the view, and draws only when something has moved.
 *
 * Way of a frame: playback moves the playhead; `Activity` lands the new spikes on the GPU; `SynapseView` takes over
 * changed weights; one render of about eight draw calls; labels and legend follow.
 */

import * as THREE from 'three';

import { Activity } from './activity';
import { Aids } from './aids';
import { Avatars } from './avatars';
import { Backdrop } from './backdrop';
import { CameraRig, FIELD_OF_VIEW_DEG } from './camera_rig';
import { ColourRange } from './colour_range';
import { Comparing } from './comparing';
import { Detail } from './detail';
import { FlashLimiter } from './flash_limiter';
import { Framing } from './framing';
import { drawsInSoftware } from './graphics';
import { Labels, type ShownLabel } from './labels';
import { LayoutMotion } from './layout_motion';
import { Legend } from './legend';
import { legendSvg } from './legend_svg';
import { Markers } from './markers';
import { Measures } from './measures';
import { NeuronTable } from './neuron_table';
import { Neurons } from './neurons';
import { Picker } from './picker';
import { drawLabels, drawPicture, joined, MOST_PX, type PictureWish } from './picture';
import { Pointer, type PointerSide } from './pointer';
import { Rebuilt } from './rebuilt';
import { RegionSelect } from './region_select';
import { Sheets } from './sheets';
import { SceneStage } from './stage';
import { SynapseExtras } from './synapse_extras';
import { SynapseView } from './synapse_view';
import { ViewFlashes } from './view_flashes';
import './scene.css';
import type { ColourMode, RuleEnd } from '../state/view';
import type { CreateScene, FilmStage, FramesChange, SceneContext, SceneHandle, SceneStats, Vector } from '../state/frames';
import type { Avatar } from '../state/avatar';
import type { Camera } from '../state/view';

const FADE_MS = 200;
const LEGEND_EVERY_MS = 250;
/** After a jump the last picture stays so long for the frame's spikes to arrive: no dark flash, and one draw instead of two. */
const HOLD_MS = 120;

export class Scene implements SceneHandle {
  private readonly context: SceneContext;
  private readonly renderer: THREE.WebGLRenderer;
  private readonly scene = new THREE.Scene();
  private readonly networkGroup = new THREE.Group();
  readonly stage: SceneStage;
  private readonly rig: CameraRig;
  private readonly framing: Framing;
  private readonly table: NeuronTable;
  private readonly activity: Activity;
  private readonly neurons: Neurons;
  private readonly synapses: SynapseView;
  private readonly extras: SynapseExtras;
  private readonly sheets: Sheets;
  private readonly measures: Measures;
  private readonly rebuilt: Rebuilt;
  private readonly markers: Markers;
  private readonly backdrop = new Backdrop();
  private readonly people = new Avatars();
  private readonly picker: Picker;
  private readonly pointer: Pointer;
  private readonly region: RegionSelect;
  private readonly layout: LayoutMotion;
  private readonly aids: Aids;
  private readonly colours: ColourRange;
  private readonly comparing: Comparing;
  private readonly labels: Labels;
  private readonly legend: Legend;
  private readonly flashes: ViewFlashes;
  private readonly detail: Detail;
  private readonly limiter = new FlashLimiter();
  private readonly resizer: ResizeObserver;
  private readonly times_ms: number[] = [];
  /** Of A's picture: the window, or its left half. */
  private width = 1;
  private height = 1;
  private dirty = true;
  private last_ms = 0;
  private legend_ms = 0;
  private framesDrawn = 0;
  private drawCalls = 0;
  private jump = 0;
  private measured = '';
  private held_since_ms: number | null = null;
  private ownCamera = '';
  private disposed = false;
  private filming = false;
  /** A film's time may run ahead of the clock on the wall; the scene's goes on from there. */
  private ahead_ms = 0;

  constructor(context: SceneContext) {
    this.context = context;
    const { host, network, frames, view, signal } = context;
    const canvas = document.createElement('canvas');
    canvas.tabIndex = 0;
    canvas.setAttribute('aria-label', 'The network in 3D');
    this.renderer = new THREE.WebGLRenderer({
      canvas, antialias: !drawsInSoftware(), powerPreference: 'high-performance',
    });
    this.renderer.outputColorSpace = THREE.LinearSRGBColorSpace; // the shaders speak display colours
    this.renderer.autoClear = true;
    THREE.ColorManagement.enabled = false;
    host.classList.add('scene-root');
    host.append(canvas);

    this.table = new NeuronTable(network);
    this.table.easeVisibility(new Set(view.get('hidden')), 1);
    this.activity = new Activity(this.renderer, network, frames, this.table.n_points);
    this.neurons = new Neurons(this.table, this.activity, network.classes.length);
    this.synapses = new SynapseView(network, frames, view, this.table, this.neurons.uniforms, signal, () => this.invalidate());
    this.extras = new SynapseExtras(this.synapses, view, this.table, this.neurons.uniforms, signal);
    this.measures = new Measures(network, frames, this.synapses, signal, () => {
      this.neurons.setClasses(this.measures.classes.length);
      this.invalidate();
    });
    this.rebuilt = new Rebuilt(network, signal, () => this.invalidate());
    this.sheets = new Sheets(this.table);
    this.markers = new Markers(this.table, this.neurons.uniforms);
    this.picker = new Picker(this.renderer, this.neurons);
    this.labels = new Labels(host, this.table, network);
    this.legend = new Legend(host);
    this.flashes = new ViewFlashes(this.table, network);
    this.detail = new Detail(this.table);
    this.networkGroup.add(
      this.sheets.object, this.neurons.object, this.synapses.chosen.object, this.synapses.selected.object, this.markers.object,
      ...this.extras.objects, this.people.object,
    );
    this.scene.add(this.backdrop.object, this.networkGroup);
    this.stage = new SceneStage({
      renderer: this.renderer, room: this.scene, network: this.networkGroup, backdrop: this.backdrop.object, lights: [this.sheets.material],
      table: this.table, neurons: this.neurons, legend: this.legend,
      setSynapses: (part) => { this.synapses.chosen.uniforms.part.value = part; },
      resized: () => this.resize(),
    });

    this.rig = new CameraRig(canvas);
    this.setWorld();
    this.rig.onSettled = (camera) => {
      this.ownCamera = JSON.stringify(camera);
      // A flight that ends where the view sent it says nothing new: undo would take it for a step of its own.
      if (JSON.stringify(view.get('camera')) !== this.ownCamera) view.set({ camera });
    };
    this.framing = new Framing(view, this.table, this.rig);
    this.layout = new LayoutMotion(network, view, this.table, this.sheets, signal, (far, camera) => this.layoutChanged(far, camera));
    this.colours = new ColourRange(context, this.activity, this.synapses, this.extras, this.measures, this.rebuilt, this.layout);
    this.comparing = new Comparing(context, this.renderer, this.colours, this.synapses, this.activity, () => this.reshape());
    const sides = (x: number): PointerSide => this.sideAt(x);
    this.region = new RegionSelect(canvas, context, sides, this.rig);
    this.pointer = new Pointer(canvas, context, sides, this.rig, this.legend, () => this.surface());
    this.aids = new Aids({
      canvas, context, table: this.table, rig: this.rig, layout: this.layout, endAt: (x, y) => this.endAt(x, y),
      flyToLayer: (layer) => this.fitLayer(layer), invalidate: () => this.invalidate(),
    });
    this.networkGroup.add(...this.aids.objects);
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(host);
    this.comparing.follow();
    this.resize();
    this.framing.arrive();

    this.listen(canvas);
    this.demand();
    this.renderer.setAnimationLoop((now_ms) => this.renderFrame(now_ms));
  }

  // ------------------------------------------------------------------ what the page calls

  home(): void {
    this.framing.home();
  }

  fitSelection(): void {
    this.framing.fitSelection();
  }

  fitLayer(layer: number): void {
    this.framing.fitLayer(layer);
  }

  /** The next drag selects what lies inside a box or a drawn line. */
  selectBy(tool: 'box' | 'lasso'): void {
    this.region.arm(tool);
  }

  /** First-person flight, on or off. */
  toggleFlight(): void {
    this.aids.flight.toggle();
  }

  /** The measuring rule: between the two neurons selected last, else the next two clicks; or away with it. */
  toggleRule(): void {
    this.aids.rule.toggle();
  }

  project(neuron: number): { x: number; y: number } | null {
    const point = this.table.position(neuron, new THREE.Vector3());
    this.rig.camera.updateMatrixWorld();
    if (point.clone().applyMatrix4(this.rig.camera.matrixWorldInverse).z > 0) return null;
    point.project(this.rig.camera);
    return { x: (point.x * 0.5 + 0.5) * this.width, y: (0.5 - point.y * 0.5) * this.height };
  }

  pose(): Camera {
    if (this.stage.active) {
      const { head, target } = this.stage.presence({ left: null, right: null });
      return { position: head.position, target };
    }
    return this.rig.pose();
  }

  place(camera: Camera): void {
    if (this.stage.active) this.stage.ride(camera);
    else this.rig.place(camera);
  }

  placeOf(neuron: number): [number, number, number] {
    return this.table.position(neuron, new THREE.Vector3()).toArray();
  }

  projectPlace(place: Vector): { x: number; y: number } | null {
    const { camera } = this.rig;
    const point = new THREE.Vector3(...place).applyMatrix4(camera.matrixWorldInverse);
    if (point.z > -camera.near) return null;
    point.applyMatrix4(camera.projectionMatrix);
    return { x: (point.x * 0.5 + 0.5) * this.width, y: (0.5 - point.y * 0.5) * this.height };
  }

  pointAt(x: number, y: number): [number, number, number] {
    const neuron = this.pick(x, y);
    return neuron >= 0 ? this.placeOf(neuron) : this.planeAt(x, y);
  }

  planeAt(x: number, y: number): [number, number, number] {
    const { camera, target } = this.rig;
    const ray = new THREE.Raycaster();
    ray.setFromCamera(new THREE.Vector2((x / this.width) * 2 - 1, 1 - (y / this.height) * 2), camera);
    const plane = new THREE.Plane().setFromNormalAndCoplanarPoint(camera.getWorldDirection(new THREE.Vector3()), target);
    return (ray.ray.intersectPlane(plane, new THREE.Vector3()) ?? target).toArray();
  }

  setAvatars(avatars: readonly Avatar[]): void {
    this.people.set(avatars);
  }

  private endAt(x: number, y: number): RuleEnd {
    const neuron = this.pick(x, y);
    return neuron >= 0 ? { neuron } : { place: this.pointAt(x, y) };
  }

  /** The neuron drawn at a pixel of the host, or -1. */
  pick(x: number, y: number): number {
    return this.pointer.pick(x, y);
  }

  synapsesOf(neuron: number, limit: number): { projection: string; pre: number; post: number; weight: number }[] {
    const { frames, playback } = this.context;
    return this.synapses.synapsesOf(neuron, limit, playback.level, frames.frameAt(playback.t_us, playback.level));
  }

  stats(): SceneStats {
    const { drawn, total, selected } = this.synapses.counts;
    return {
      drawn_spikes: this.activity.drawnSpikes,
      spikes_in_last_frame: this.activity.spikesInLastFrame,
      synapses_drawn: drawn + selected,
      synapses_total: total,
      frames_drawn: this.framesDrawn,
      js_ms: median(this.times_ms),
    };
  }

  reconstruction(): { neuron: number; values: Float32Array; inputs: readonly string[] } | null {
    return this.context.view.get('colour') === 'reconstruction' ? this.rebuilt.found : null;
  }

  debug(): Record<string, unknown> {
    return {
      ...this.synapses.counts,
      half_life_bins: this.activity.halfLife_bins,
      flash_gain: this.limiter.gain,
      draw_calls: this.drawCalls,
      points_drawn: this.detail.drawn,
      textures: this.renderer.info.memory.textures,
      geometries: this.renderer.info.memory.geometries,
      legend: this.legend.lines(),
      labels: this.labels.shown().map(({ text }) => text),
      size: [this.width, this.height],
      layout: this.layout.layout,
      layout_moving: this.layout.moving || (this.comparing.second?.moving ?? false),
      comparing: this.comparing.beside ? 'side' : this.comparing.differs ? 'difference' : null,
      camera_moving: this.rig.settling,
      bundles: this.extras.bundles.object.visible ? this.extras.bundles.drawn : 0,
      ghosts: this.extras.ghosts.counts.drawn,
      ...this.aids.debug(),
    };
  }

  /** Draws now and reads pixels back (RGBA, y up, drawing-buffer pixels); for tests. */
  readPixels(x: number, y: number, width: number, height: number): Uint8Array {
    this.draw();
    const gl = this.renderer.getContext();
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(x, y, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return pixels;
  }

  /** The picture as the window shows it, as a PNG. */
  screenshot(): Promise<Blob> {
    const ratio = this.renderer.getPixelRatio();
    return this.picture({ width: Math.round(this.context.host.clientWidth * ratio), height: Math.round(this.height * ratio), transparent: false, labels: true });
  }

  /** The picture at any size, as a PNG; the camera stays, the shorter side shows what it shows here. */
  async picture(wish: PictureWish & { readonly labels: boolean }): Promise<Blob> {
    const [width, height] = [Math.round(wish.width), Math.round(wish.height)];
    if (!(width >= 16 && height >= 16 && width <= MOST_PX && height <= MOST_PX)) {
      throw new Error(`A picture has 16 to ${MOST_PX} pixels on each side; ${wish.width} x ${wish.height} was asked for.`);
    }
    this.draw();
    const { second, beside } = this.comparing;
    const part = beside ? Math.ceil(width / 2) : width;
    const draw = (scene: THREE.Scene, neurons: Neurons, backdrop: THREE.Object3D, labels: readonly ShownLabel[]): HTMLCanvasElement => {
      const drawn = drawPicture({
        renderer: this.renderer, scene, camera: this.rig.camera, neurons, backdrop, page: { width: this.width, height: this.height },
      }, { ...wish, width: part, height });
      if (wish.labels) drawLabels(drawn, labels, { width: this.width, height: this.height });
      return drawn;
    };
    let canvas = draw(this.scene, this.neurons, this.backdrop.object, [...this.labels.shown(), ...this.aids.rule.shown()]);
    if (beside && second !== null) canvas = joined([canvas, draw(second.scene, second.neurons, second.backdrop.object, second.labels.shown())], width);
    this.resize();
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture could not be encoded.')) : resolve(blob)), 'image/png'),
    );
  }

  film({ width, height, fps }: { width: number; height: number; fps: number }): FilmStage {
    const most = this.renderer.capabilities.maxTextureSize;
    if (width > most || height > most) throw new Error(`This graphics card draws at most ${most} pixels on a side; ${width} x ${height} was asked for.`);
    this.renderer.setAnimationLoop(null);
    this.filming = true;
    const page = { width: this.height * (width / height), height: this.height };
    this.fit(page.width, page.height, height / page.height);
    // Fades and flights go by the film's time; what was under way when it begins is finished.
    const before_ms = this.ahead_ms;
    this.ahead_ms = 0;
    let now_ms = this.last_ms;
    for (let i = 0; i < 12; i++) this.renderFrame(now_ms += 500);
    return {
      canvas: this.renderer.domElement,
      draw: (camera) => {
        if (camera !== null) this.rig.place(camera);
        this.invalidate();
        this.renderFrame(now_ms += 1000 / fps);
      },
      labels: (canvas) => drawLabels(canvas, this.labels.shown(), page),
      end: () => {
        this.filming = false;
        this.ahead_ms = Math.max(before_ms, now_ms - performance.now());
        this.resize();
        if (!this.disposed) this.renderer.setAnimationLoop((now) => this.renderFrame(now));
      },
    };
  }

  legendSvg(): string {
    return legendSvg(this.legend.text);
  }

  /** For benches that call `renderFrame` themselves. */
  stopLoop(): void {
    this.renderer.setAnimationLoop(null);
  }

  /** The WebGL context, for tests. */
  context3d(): WebGL2RenderingContext {
    return this.renderer.getContext() as WebGL2RenderingContext;
  }

  invalidate(): void {
    this.dirty = true;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.renderer.setAnimationLoop(null);
    if (this.stage.active) void this.renderer.xr.getSession()?.end();
    this.resizer.disconnect();
    for (const part of [
      this.comparing, this.aids, this.rig, this.region, this.picker, this.labels, this.legend, this.markers, this.sheets, this.extras, this.synapses, this.neurons, this.activity,
      this.backdrop, this.people, this.table,
    ]) {
      part.dispose();
    }
    this.renderer.dispose();
    this.renderer.forceContextLoss();
    this.renderer.domElement.remove();
    this.context.host.classList.remove('scene-root');
  }

  // ------------------------------------------------------------------ the loop

  /** One turn of the animation loop: moves the clock and draws if anything is different. */
  renderFrame(now_ms: number): void {
    const { playback, view, frames } = this.context;
    playback.tick(now_ms);
    now_ms += this.ahead_ms;
    const started = performance.now();
    const elapsed_ms = Math.max(0, Math.min(100, now_ms - this.last_ms));
    this.last_ms = now_ms;
    const worn = this.stage.active;
    if (worn) this.stage.step(now_ms, elapsed_ms);
    else this.aids.flight.update(elapsed_ms);
    // Each picture of a headset is drawn: the head has moved.
    const moved = worn || this.rig.update(now_ms);
    const arranging = this.layout.update(now_ms, elapsed_ms);
    const fading = this.table.easeVisibility(new Set(view.get('hidden')), elapsed_ms / FADE_MS) || arranging;
    const far = worn ? 0 : this.framing.far();
    const frame = frames.frameAt(playback.t_us, playback.level);
    const mode = view.get('colour');
    const held = this.holds(frame, now_ms);
    const other = !held && this.comparing.update(far, now_ms, elapsed_ms, mode);
    const active = !held && this.activity.update(playback, mode, view.get('decay_frames'), view.get('variable'));
    if (mode === 'reconstruction') this.rebuilt.ask(view.get('selection').at(-1) ?? -1, playback.t_us, now_ms);
    const measured = this.measure(mode, frame);
    this.synapses.setData(mode !== 'spikes');
    const recoloured = !held && this.drawSynapses(frame, now_ms, far);

    // A film shows what is there, frame by frame; how fast it is watched is not ours to know.
    const gain = this.filming ? 1 : this.limiter.gain;
    const { area, light } = this.flash(elapsed_ms / 1000);
    // Only spike light flashes; the other modes show slow quantities.
    if (!this.filming && (active || gain < 1)) this.limiter.step(now_ms, area, mode === 'spikes' ? light : 0);
    const dimmed = !this.filming && Math.abs(this.limiter.gain - gain) > 1e-4;

    const peopled = this.people.update(now_ms, worn ? this.stage.eye : this.rig.camera);
    const detailed = this.thin(now_ms, playback.playing || moved || fading);
    if (!(this.dirty || peopled || moved || fading || active || measured || recoloured || other || dimmed || detailed)) return;
    this.dirty = false;
    this.draw();
    const told = worn ? now_ms - this.legend_ms > LEGEND_EVERY_MS : moved || fading || now_ms - this.legend_ms > LEGEND_EVERY_MS || !playback.playing;
    if (told) {
      this.legend_ms = now_ms;
      if (!worn) this.labels.update(this.rig.camera, this.width, this.height);
      this.colours.write(this.legend, this.rig, this.height, this.limiter.limiting, worn ? '' : this.detail.words());
      if (!worn) this.comparing.write(this.rig, this.width, this.height, this.legend.element);
    }
    this.times_ms.push(performance.now() - started);
    if (this.times_ms.length > 120) this.times_ms.shift();
  }

  /** Leaves out what cannot be told apart, or what there is no time for; true when that has changed. */
  private thin(now_ms: number, moving: boolean): boolean {
    const { detail, synapses } = this;
    if (this.stage.active) return false; // the headset's governor says
    // A film waits for its pictures; of two networks beside each other the same is drawn.
    const [pixels, flows] = this.comparing.beside ? [Infinity, false] : [this.neurons.uniforms.pixelScale.value, moving && !this.filming];
    const work_ms = this.times_ms.at(-1) ?? 0;
    if (!detail.update(this.rig.camera, pixels, now_ms, work_ms, flows, synapses.chosen.n_segments)) return false;
    this.neurons.only(detail.ids);
    this.table.thin(detail.steps);
    synapses.chosen.uniforms.part.value = detail.synapses;
    return true;
  }

  /** How much of the window flashes, and how brightly: of both pictures where there are two. */
  private flash(elapsed_s: number): { area: number; light: number } {
    if (this.stage.active) return this.flashes.measure(this.activity, this.stage.eye, 1, elapsed_s);
    const own = this.flashes.measure(this.activity, this.rig.camera, this.width / this.height, elapsed_s);
    const second = this.comparing.beside ? this.comparing.second?.flash(this.rig, this.width / this.height, elapsed_s) : undefined;
    return second === undefined ? own : { area: (own.area + second.area) / 2, light: Math.max(own.light, second.light) };
  }

  /** Single synapses, pruned ones and, from far, bundles; true when any of them changed. */
  private drawSynapses(frame: number, now_ms: number, far: number): boolean {
    const { level, playing, speed } = this.context.playback;
    const changed = this.synapses.update(level, frame, now_ms, !playing, speed);
    return this.extras.update(far, level, frame, now_ms, !playing, this.comparing.differs) || changed;
  }

  /** Lands the values of a mode of slow quantities where they have changed; true when they have. */
  private measure(mode: ColourMode, frame: number): boolean {
    const measure = mode === 'reconstruction' ? this.rebuilt.measure : this.measures.get(mode, this.context.playback.level, frame);
    const key = measure === null ? `${mode} -` : `${mode} ${measure.version}`;
    if (key === this.measured) return false;
    this.measured = key;
    if (measure !== null) this.activity.setValues(measure.values);
    else if (this.measures.isSlow(mode)) this.activity.setValues(new Float32Array(this.context.network.n_neurons).fill(NaN));
    return true;
  }

  /** True for a moment after a jump, while the new frame's spikes or the weights drawn with them are not here. */
  private holds(frame: number, now_ms: number): boolean {
    const { playback, frames } = this.context;
    if (playback.jump === this.jump) return false;
    const { level } = playback;
    const here = frames.isLoaded(frame, frame + 1, level)
      ? this.synapses.demanded().every((name) => frames.stateAt('weights', name, level, frame)?.complete !== false)
      : this.activity.hasGroups(frame, level);
    this.held_since_ms ??= now_ms;
    // Counted from the first of several jumps: who drags the playhead sees where it is now and then.
    if (!here && now_ms - this.held_since_ms < HOLD_MS) return true;
    this.held_since_ms = null;
    this.jump = playback.jump;
    return false;
  }

  private draw(): void {
    const { view } = this.context;
    const mode = view.get('colour');
    this.neurons.uniforms.pointSize.value = view.get('point_size');
    this.neurons.update(this.activity, mode, this.colours.range(), this.filming ? 1 : this.limiter.gain, this.comparing.difference);
    this.rig.camera.updateMatrixWorld();
    this.aids.update(this.width, this.height);
    this.neurons.glows = !this.stage.active;
    const { near, far } = this.stage.active ? this.stage.prepare() : this.depths();
    this.neurons.setDepthRange(near, far);
    this.sheets.depthRange.value.set(near, far);
    for (const lines of [this.synapses.chosen, this.synapses.selected, this.extras.ghosts.lines]) lines.uniforms.depthRange.value.set(near, far);
    if (this.stage.active) this.renderer.render(this.scene, this.stage.camera);
    else this.drawWindows(near, far);
    this.framesDrawn++;
  }

  /** The picture, or two beside each other. */
  private drawWindows(near: number, far: number): void {
    const { camera } = this.rig;
    this.window(0);
    this.renderer.render(this.scene, camera);
    this.drawCalls = this.renderer.info.render.calls;
    if (!this.comparing.beside || this.comparing.second === null) return;
    const { view } = this.context;
    this.window(1);
    this.comparing.second.draw(camera, near, far, view.get('colour'), view.get('point_size'), this.filming ? 1 : this.limiter.gain);
    this.drawCalls += this.renderer.info.render.calls;
    this.window(0);
  }

  /** Between which depths the network lies. */
  private depths(): { near: number; far: number } {
    const { camera } = this.rig;
    camera.updateMatrixWorld();
    const sphere = this.table.bounds().getBoundingSphere(new THREE.Sphere());
    const middle = camera.position.distanceTo(sphere.center);
    return { near: middle - sphere.radius * 0.6, far: middle + sphere.radius * 1.1 };
  }

  /** Draws into the whole window, or into the left (0) or right (1) half of it. */
  private window(half: 0 | 1): void {
    const { beside } = this.comparing;
    this.renderer.setScissorTest(beside);
    this.renderer.setViewport(half * this.width, 0, this.width, this.height);
    if (beside) this.renderer.setScissor(half * this.width, 0, this.width, this.height);
  }

  /** Which picture a CSS pixel of the canvas lies in. */
  private sideAt(x: number): PointerSide {
    const { second } = this.comparing;
    const own = { network: this.context.network, view: this.context.view, frames: this.context.frames, playback: this.context.playback, table: this.table, picker: this.picker, left: 0 };
    if (second === null || !this.comparing.beside || x < this.width) return { ...own, width: this.width };
    const { network, view, frames, playback } = second.other;
    return { network, view, frames, playback, table: second.table, picker: second.picker, left: this.width, width: this.width };
  }

  /** One picture has become two, or the reverse. */
  private reshape(): void {
    this.resize();
    this.framing.beside(this.comparing.beside ? (this.comparing.second?.table ?? null) : null);
  }

  // ------------------------------------------------------------------ listening

  private listen(canvas: HTMLCanvasElement): void {
    const { view, frames, signal } = this.context;
    signal.addEventListener('abort', () => this.dispose(), { once: true });
    view.subscribe(['colour', 'variable', 'synapses', 'selection'], () => this.demand(), signal);
    view.subscribe(null, () => this.invalidate(), signal);
    const mark = (): void => this.markers.set(view.get('selection'), view.get('hover'), view.get('sets'), view.get('lit'), this.renderer.getPixelRatio());
    view.subscribe(['selection', 'hover', 'sets', 'lit'], mark, signal);
    mark();
    view.subscribe(
      ['camera'],
      () => {
        const camera = view.get('camera');
        if (camera === null) this.framing.home();
        else if (JSON.stringify(camera) !== this.ownCamera) this.rig.flyTo(camera);
      },
      signal,
    );
    frames.onChange((change) => this.onFrames(change), signal);
    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal });
    canvas.addEventListener(
      'webglcontextrestored',
      () => {
        this.activity.invalidate();
        this.comparing.second?.restore();
        this.measured = '';
        this.invalidate();
      },
      { signal },
    );
  }

  /** Neurons lie elsewhere (`far`), or the layers stand closer or farther: the whole of it is shown again. */
  private layoutChanged(far: boolean, camera: boolean): void {
    this.setWorld();
    if (far && !camera) this.framing.home();
    this.invalidate();
  }

  private setWorld(): void {
    const bounds = this.table.bounds();
    this.rig.setWorld(bounds);
    this.people.setWorld(bounds.getBoundingSphere(new THREE.Sphere()).radius);
  }

  private surface(): { width: number; height: number; ratio: number } {
    return { width: this.width, height: this.height, ratio: this.renderer.getPixelRatio() };
  }

  private onFrames(change: FramesChange): void {
    if (change.kind === 'reset') this.activity.invalidate();
    else if (change.kind !== 'values' && this.activity.touches(change.level, change.frame_start, change.frame_stop)) {
      this.activity.invalidate();
    }
    // Nothing is drawn for data that is not shown: the next turn of the loop sees what has changed.
  }

  private demand(): void {
    const { view, frames } = this.context;
    const potentials = view.get('colour') === 'potential' && view.get('variable') !== '' ? [view.get('variable')] : [];
    frames.demand({ weights: this.synapses.demanded(), potentials });
  }

  // ------------------------------------------------------------------ the window

  private resize(): void {
    if (this.stage?.active) return; // the headset's layers have a size of their own
    const { host } = this.context;
    if (!this.filming) this.fit(Math.max(1, host.clientWidth), Math.max(1, host.clientHeight), Math.min(2, window.devicePixelRatio || 1));
  }

  /** Draws so large: CSS pixels, and how many of its own each has. */
  private fit(full: number, height: number, ratio: number): void {
    this.width = this.comparing.beside ? Math.max(1, Math.floor(full / 2)) : full;
    this.height = height;
    this.renderer.setPixelRatio(ratio);
    // A thousandth of a pixel, since it is rounded down.
    this.renderer.setSize(full + 1e-3 / ratio, height + 1e-3 / ratio, false);
    this.rig.resize(this.width, this.height);
    this.rig.zoomToPointer = !this.comparing.beside;
    const pixelScale = (this.height * ratio) / (2 * Math.tan(THREE.MathUtils.degToRad(FIELD_OF_VIEW_DEG) / 2));
    for (const neurons of [this.neurons, this.comparing.second?.neurons]) neurons?.resize(pixelScale, ratio);
    this.invalidate();
  }
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export const createScene: CreateScene = (context) => new Scene(context);

