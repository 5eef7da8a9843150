/**
 * The scene: wires the network, the canvas and what helps looking to the clock and the view, and draws only when
 * something has moved.
 *
 * Way of a frame: playback moves the playhead; `NetworkView` lands the new spikes on the GPU and takes over changed
 * weights; `Surface` renders, in about eight draw calls; labels and legend follow.
 */

import * as THREE from 'three';

import { Avatars } from './avatars';
import { Comparing } from './comparing';
import { Legend } from './legend/legend';
import { legendSvg } from './legend/legend_svg';
import { lyingOver, STRIP_FROM_PX } from './legend/overlays';
import { Aids } from './looking/aids';
import { CameraRig } from './looking/camera_rig';
import { Framing } from './looking/framing';
import { Pointer } from './looking/pointer';
import { RegionSelect } from './looking/region_select';
import { NetworkView } from './network_view';
import { Detail } from './neurons/detail';
import { Output } from './output';
import { Pace } from './pace';
import type { PictureWish } from './picture';
import { NOTHING } from './redraw';
import { createRenderer } from './renderer';
import { FlashLimiter } from './spikes/flash_limiter';
import { JumpHold } from './spikes/jump_hold';
import { SceneStage } from './stage';
import { Surface } from './surface';
import './scene.css';
import type { CreateScene, FilmStage, SceneContext, SceneHandle, SceneStats, Vector } from '../state/frames';
import type { Avatar } from '../state/session/avatar';
import type { Camera, RuleEnd } from '../state/view';

const LEGEND_EVERY_MS = 250;

export class Scene implements SceneHandle {
  private readonly context: SceneContext;
  private readonly renderer: THREE.WebGLRenderer;
  private readonly network: NetworkView;
  readonly stage: SceneStage;
  private readonly rig: CameraRig;
  private readonly framing: Framing;
  private readonly people = new Avatars();
  private readonly comparing: Comparing;
  private readonly surface: Surface;
  private readonly output: Output;
  private readonly pointer: Pointer;
  private readonly region: RegionSelect;
  private readonly aids: Aids;
  private readonly legend: Legend;
  private readonly hold: JumpHold;
  private readonly detail: Detail;
  private readonly limiter = new FlashLimiter();
  private readonly resizer: ResizeObserver;
  private readonly pace = new Pace();
  private last_ms = 0;
  private legend_ms = 0;
  private framesDrawn = 0;
  private disposed = false;

  constructor(context: SceneContext) {
    this.context = context;
    const { host, signal } = context;
    host.classList.add('scene-root');
    this.renderer = createRenderer(host);
    const canvas = this.renderer.domElement;

    this.network = new NetworkView(context, this.renderer, host, (far, camera) => this.layoutChanged(far, camera));
    const { room, object, table, neurons, sheets, synapses, backdrop, layout } = this.network;
    this.legend = new Legend(host);
    this.hold = new JumpHold(this.network);
    this.detail = new Detail(table);
    this.stage = new SceneStage({
      renderer: this.renderer, room, network: object, backdrop: backdrop.object, lights: [sheets.material], table, neurons, legend: this.legend,
      setSynapses: (part) => { synapses.chosen.uniforms.part.value = part; },
      resized: () => this.resize(),
    });

    this.rig = new CameraRig(canvas);
    this.setWorld();
    this.comparing = new Comparing(context, this.renderer, this.network, () => this.reshape());
    this.framing = new Framing(context.view, table, this.rig, () => lyingOver(host, this.comparing.beside ? 2 : 1, context.view.get('legend')));
    this.framing.follow(signal);
    this.surface = new Surface(host, this.renderer, this.network, this.comparing, this.rig);
    this.region = new RegionSelect(canvas, context, this.surface, this.rig);
    this.pointer = new Pointer(canvas, context, this.surface, this.rig, this.legend);
    this.aids = new Aids({
      canvas, context, table, rig: this.rig, layout, endAt: (x, y) => this.endAt(x, y),
      flyToLayer: (layer) => this.fitLayer(layer), invalidate: () => this.invalidate(),
    });
    this.output = new Output({
      host, renderer: this.renderer, surface: this.surface, rig: this.rig, ruleLabels: () => this.aids.rule.shown(),
      draw: () => this.draw(), invalidate: () => this.invalidate(), resize: () => this.resize(),
      run: (on) => this.run(on), renderFrame: (now_ms) => this.renderFrame(now_ms), last_ms: () => this.last_ms,
    });
    object.add(this.people.object, ...this.aids.objects);
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(host);
    this.comparing.follow();
    this.resize();
    this.framing.arrive();

    canvas.addEventListener('webglcontextlost', (event) => event.preventDefault(), { signal });
    canvas.addEventListener('webglcontextrestored', () => this.restore(), { signal });
    signal.addEventListener('abort', () => this.dispose(), { once: true });
    this.run(true);
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
  silent(): Uint8Array {
    return this.network.colours.silent();
  }

  toggleFlight(): void {
    this.aids.flight.toggle();
  }

  /** The measuring rule: between the two neurons selected last, else the next two clicks; or away with it. */
  toggleRule(): void {
    this.aids.rule.toggle();
  }

  project(neuron: number): { x: number; y: number } | null {
    return this.surface.project(this.network.table.position(neuron, new THREE.Vector3()));
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
    return this.network.table.position(neuron, new THREE.Vector3()).toArray();
  }

  projectPlace(place: Vector): { x: number; y: number } | null {
    return this.surface.project(new THREE.Vector3(...place));
  }

  pointAt(x: number, y: number): [number, number, number] {
    const neuron = this.pick(x, y);
    return neuron >= 0 ? this.placeOf(neuron) : this.planeAt(x, y);
  }

  planeAt(x: number, y: number): [number, number, number] {
    return this.surface.planeAt(x, y).toArray();
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
    const { playback } = this.context;
    return this.network.projections.at(neuron, limit, playback.level, this.network.frame);
  }

  stats(): SceneStats {
    const { drawn, total, selected } = this.network.synapses.counts;
    return {
      drawn_spikes: this.network.activity.drawnSpikes,
      spikes_in_last_frame: this.network.activity.spikesInLastFrame,
      synapses_drawn: drawn + selected,
      synapses_total: total,
      frames_drawn: this.framesDrawn,
      js_ms: this.pace.median_ms,
    };
  }

  reconstruction(): { neuron: number; values: Float32Array; inputs: readonly string[] } | null {
    return this.context.view.get('colour') === 'reconstruction' ? this.network.rebuilt.found : null;
  }

  debug(): Record<string, unknown> {
    const { synapses, activity, extras, labels, layout, redraw } = this.network;
    return {
      ...synapses.counts,
      half_life_bins: activity.halfLife_bins,
      flash_gain: this.limiter.gain,
      draw_calls: this.surface.drawCalls,
      drawn_again: redraw.repeated,
      points_drawn: this.detail.drawn,
      textures: this.renderer.info.memory.textures,
      geometries: this.renderer.info.memory.geometries,
      legend: this.legend.lines(),
      labels: labels.shown().map(({ text }) => text),
      size: [this.surface.width, this.surface.height],
      layout: layout.layout,
      layout_moving: layout.moving || (this.comparing.second?.layout.moving ?? false),
      comparing: this.comparing.beside ? 'side' : this.comparing.differs ? 'difference' : null,
      camera_moving: this.rig.settling,
      bundles: extras.bundles.object.visible ? extras.bundles.drawn : 0,
      ghosts: extras.ghosts.counts.drawn,
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
    return this.output.screenshot();
  }

  /** The picture at any size, as a PNG; the camera stays, the shorter side shows what it shows here. */
  picture(wish: PictureWish & { readonly labels: boolean }): Promise<Blob> {
    return this.output.picture(wish);
  }

  film(size: { width: number; height: number; fps: number }): FilmStage {
    return this.output.film(size);
  }

  legendSvg(): string {
    return legendSvg(this.legend.text);
  }

  /** For benches that call `renderFrame` themselves. */
  stopLoop(): void {
    this.run(false);
  }

  /** The WebGL context, for tests. */
  context3d(): WebGL2RenderingContext {
    return this.renderer.getContext() as WebGL2RenderingContext;
  }

  invalidate(): void {
    this.network.invalidate();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.run(false);
    if (this.stage.active) void this.renderer.xr.getSession()?.end();
    this.resizer.disconnect();
    for (const part of [this.comparing, this.aids, this.rig, this.region, this.legend, this.people, this.network]) part.dispose();
    this.renderer.dispose();
    this.renderer.forceContextLoss();
    this.renderer.domElement.remove();
    this.context.host.classList.remove('scene-root');
  }

  // ------------------------------------------------------------------ the loop

  private run(on: boolean): void {
    this.renderer.setAnimationLoop(on && !this.disposed ? (now_ms) => this.renderFrame(now_ms) : null);
  }

  /** One turn of the animation loop: moves the clock and draws if anything is different. */
  renderFrame(now_ms: number): void {
    const { context, network, stage, rig, comparing, output } = this;
    const { playback } = context;
    playback.tick(now_ms);
    now_ms += output.ahead_ms;
    const started = performance.now();
    const elapsed_ms = Math.max(0, Math.min(100, now_ms - this.last_ms));
    this.last_ms = now_ms;
    const worn = stage.active;
    if (worn) stage.step(now_ms, elapsed_ms);
    else this.aids.flight.update(elapsed_ms);
    // Each picture of a headset is drawn: the head has moved.
    const moved = worn || rig.update(now_ms);
    const arranging = network.arrange(now_ms, elapsed_ms);
    const far = worn ? 0 : this.framing.far();
    const held = this.hold.holds(now_ms);
    const other = held ? NOTHING : comparing.update(far, now_ms, elapsed_ms);
    const { spiked, lit, rest } = network.update({ now_ms, far, held, differs: comparing.differs });
    const dimmed = this.dim(now_ms, elapsed_ms, spiked);
    const peopled = this.people.update(now_ms, worn ? stage.eye : rig.camera, worn);
    // Others take draw calls, of which a headset has few.
    network.sheets.filled = !(worn && this.people.object.visible);
    const detailed = this.thin(now_ms, playback.playing || moved || arranging);
    const still = !(rest || other.rest || peopled || moved || arranging || detailed);
    if (still && !(lit || other.lit || dimmed)) return;
    this.draw(still);
    if (now_ms - this.legend_ms > LEGEND_EVERY_MS || (!worn && (moved || arranging || !playback.playing))) this.write(now_ms);
    this.pace.add(performance.now() - started);
  }

  /** Holds light down where it would flash too much; true when that has changed. */
  private dim(now_ms: number, elapsed_ms: number, lit: boolean): boolean {
    const { limiter, network, stage, surface } = this;
    const { gain } = limiter;
    const { area, light } = stage.active ? network.flash(stage.eye, 1, elapsed_ms / 1000) : surface.flash(elapsed_ms / 1000);
    // A film shows what is there, frame by frame; how fast it is watched is not ours to know.
    if (this.output.filming) return false;
    if (lit || gain < 1) limiter.step(now_ms, area, light);
    return Math.abs(limiter.gain - gain) > 1e-4;
  }

  /** Leaves out what cannot be told apart, or what there is no time for; true when that has changed. */
  private thin(now_ms: number, moving: boolean): boolean {
    const { detail, network } = this;
    const { neurons, synapses, table } = network;
    if (this.stage.active) {
      detail.forget(); // the headset's governor says what is drawn, and gives back all of it at the end
      return false;
    }
    // A film waits for its pictures; of two networks beside each other the same is drawn.
    const [pixels, flows] = this.comparing.beside ? [Infinity, false] : [neurons.uniforms.pixelScale.value, moving && !this.output.filming];
    if (!detail.update(this.rig.camera, pixels, now_ms, this.pace.last_ms, flows, synapses.chosen.n_segments)) return false;
    neurons.only(detail.ids);
    table.thin(detail.steps);
    synapses.chosen.uniforms.part.value = detail.synapses;
    return true;
  }

  /** @param still nothing has changed since the last time but the light of spikes */
  private draw(still = false): void {
    const { network, stage, surface, comparing } = this;
    const gain = this.output.filming ? 1 : this.limiter.gain;
    this.rig.camera.updateMatrixWorld();
    this.aids.update(surface.width, surface.height);
    network.neurons.glows = !stage.active;
    if (stage.active) network.draw(stage.camera, stage.prepare(), gain, comparing.difference);
    else surface.draw(gain, still);
    this.framesDrawn++;
  }

  /** Labels, legend and captions follow the picture. */
  private write(now_ms: number): void {
    const { network, rig, surface, legend } = this;
    const { width, height } = surface;
    const worn = this.stage.active;
    this.legend_ms = now_ms;
    network.colours.write(legend, rig, height, this.limiter.limiting, worn ? '' : this.detail.words());
    if (worn) return;
    network.labels.update(rig.camera, width, height); // they step aside for the legend
    this.comparing.write(rig, width, height, legend.element);
  }

  // ------------------------------------------------------------------ what comes from outside

  /** The graphics card has lost everything. */
  private restore(): void {
    this.network.restore();
    this.comparing.second?.restore();
  }

  /** Neurons lie elsewhere (`far`), or the layers stand closer or farther: the whole of it is shown again. */
  private layoutChanged(far: boolean, camera: boolean): void {
    this.setWorld();
    if (far && !camera) this.framing.home();
    else if (!far) this.framing.refit('ease');
    this.invalidate();
  }

  private setWorld(): void {
    const bounds = this.network.table.bounds();
    this.rig.setWorld(bounds);
    this.people.setWorld(bounds.getBoundingSphere(new THREE.Sphere()).radius);
  }

  /** One picture has become two, or the reverse. */
  private reshape(): void {
    this.legend.low = this.comparing.beside && this.context.host.clientWidth >= STRIP_FROM_PX;
    this.fill();
    this.framing.beside(this.comparing.beside ? (this.comparing.second?.table ?? null) : null);
  }

  private resize(): void {
    if (this.fill()) this.framing.refit();
  }

  private fill(): boolean {
    // The headset's layers and a film's frames have sizes of their own.
    if (this.stage.active || this.output.filming) return false;
    this.surface.fill();
    this.invalidate();
    return true;
  }
}

export const createScene: CreateScene = (context) => new Scene(context);

