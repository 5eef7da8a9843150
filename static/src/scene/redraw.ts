/**
 * Draws a picture again in which only uniforms have changed, as spike light does in every frame of playback at rest. What
 * three.js found out when it drew the picture (order, programs, vertices) is kept, so that nothing is walked through,
 * sorted or compared: that is half of what a frame costs.
 */

import * as THREE from 'three';

import { boundVertices } from './gl_program';

/** What has changed since the turn before. */
export interface Changed {
  /** Spikes, or values of neurons or synapses, have landed. */
  readonly lit: boolean;
  /** Anything else is new. */
  readonly rest: boolean;
}

export const NOTHING: Changed = { lit: false, rest: false };

/** What three.js keeps of a program's uniform: `seq` of its WebGLUniforms. */
interface Uniform {
  readonly id: string;
  setValue(gl: WebGL2RenderingContext, value: unknown, textures: Units): void;
}

interface Draw {
  readonly material: THREE.ShaderMaterial;
  readonly program: WebGLProgram;
  readonly uniforms: readonly (readonly [Uniform, { readonly value: unknown }])[];
  readonly vertices: WebGLVertexArrayObject | null;
  readonly mode: number;
  /** Bytes of an entry of the index; 0 = no index. */
  readonly indexed: number;
  readonly first: number;
  readonly n: number;
  readonly attributes: readonly (readonly [THREE.BufferAttribute, number])[];
}

/** Gives textures their units in the order in which three.js does. */
class Units {
  /** A texture has to be sent anew, which is three.js's business. */
  stale = false;
  private next = 0;

  constructor(private readonly renderer: THREE.WebGLRenderer, private readonly gl: WebGL2RenderingContext) {}

  begin(): void {
    this.next = 0;
  }

  allocateTextureUnit(): number {
    return this.next++;
  }

  setTexture2D(texture: THREE.Texture, unit: number): void {
    const { renderer, gl } = this;
    const held = renderer.properties.get(texture) as { __webglTexture?: WebGLTexture; __version?: number };
    if (held.__webglTexture === undefined || (!texture.isRenderTargetTexture && held.__version !== texture.version)) this.stale = true;
    else renderer.state.bindTexture(gl.TEXTURE_2D, held.__webglTexture, gl.TEXTURE0 + unit);
  }
}

export class Redraw {
  /** Pictures that were drawn again. */
  repeated = 0;
  private readonly gl: WebGL2RenderingContext;
  private readonly units: Units;
  private draws: Draw[] | null = null;
  private readonly seen = new THREE.Matrix4();
  private readonly projected = new THREE.Matrix4();

  constructor(private readonly renderer: THREE.WebGLRenderer, private readonly room: THREE.Scene) {
    this.gl = renderer.getContext() as WebGL2RenderingContext;
    this.units = new Units(renderer, this.gl);
  }

  /**
   * Draws the room; returns the draw calls.
   *
   * @param still nothing but uniforms has changed since the call before
   */
  draw(camera: THREE.PerspectiveCamera, still: boolean): number {
    if (still && this.draws !== null && this.again(camera, this.draws)) {
      this.repeated++;
      return this.draws.length;
    }
    this.draws = null;
    if (still) this.keep(camera);
    else this.renderer.render(this.room, camera);
    return this.renderer.info.render.calls;
  }

  /** Has three.js draw it, and keeps how. */
  private keep(camera: THREE.PerspectiveCamera): void {
    const { renderer, room } = this;
    const draws: (Draw | null)[] = [];
    const drawn: THREE.Object3D[] = [];
    for (const child of room.children) child.traverseVisible((object) => drawn.push(object));
    for (const object of drawn) {
      object.onAfterRender = (_renderer, _scene, _camera, geometry, material, group) => {
        draws.push(group === null ? this.drawOf(object, geometry, material) : null);
      };
    }
    renderer.render(room, camera);
    for (const object of drawn) object.onAfterRender = none;
    const kept = draws.filter((draw) => draw !== null);
    if (kept.length === renderer.info.render.calls && renderer.getRenderTarget() === null) this.draws = kept;
    this.seen.copy(camera.matrixWorldInverse);
    this.projected.copy(camera.projectionMatrix);
  }

  /** What has just been drawn; null where it was drawn in a way that is not kept. */
  private drawOf(object: THREE.Object3D, geometry: THREE.BufferGeometry, material: THREE.Material): Draw | null {
    const { gl, renderer } = this;
    const mode = object instanceof THREE.Points ? gl.POINTS : object instanceof THREE.LineSegments ? gl.LINES : object instanceof THREE.Mesh ? gl.TRIANGLES : null;
    const instanced = object instanceof THREE.InstancedMesh || geometry instanceof THREE.InstancedBufferGeometry;
    if (mode === null || instanced || !(material instanceof THREE.ShaderMaterial)) return null;
    const { program, getUniforms } = (renderer.properties.get(material) as { currentProgram: { program: WebGLProgram; getUniforms(): { seq: Uniform[] } } }).currentProgram;
    const matrices: Record<string, THREE.IUniform> = { modelViewMatrix: { value: object.modelViewMatrix }, projectionMatrix: { value: this.projected } };
    const uniforms = getUniforms().seq.map((uniform) => [uniform, material.uniforms[uniform.id] ?? matrices[uniform.id]] as const);
    if (uniforms.some(([, held]) => held === undefined)) return null;
    const { index, drawRange, attributes } = geometry;
    const most = index?.count ?? (attributes.position as THREE.BufferAttribute | undefined)?.count ?? Infinity;
    const sent = [...Object.values(attributes), ...(index === null ? [] : [index])] as THREE.BufferAttribute[];
    return {
      material, program, uniforms, mode,
      vertices: boundVertices(gl),
      indexed: index?.array.BYTES_PER_ELEMENT ?? 0,
      first: drawRange.start,
      n: Math.min(drawRange.count, most - drawRange.start),
      attributes: sent.map((attribute) => [attribute, attribute.version]),
    };
  }

  /** False where three.js has to draw it. */
  private again(camera: THREE.PerspectiveCamera, draws: readonly Draw[]): boolean {
    const { renderer, gl, units } = this;
    const { state } = renderer;
    if (gl.isContextLost() || renderer.getRenderTarget() !== null || !this.seen.equals(camera.matrixWorldInverse) || !this.projected.equals(camera.projectionMatrix)) return false;
    if (draws.some(({ attributes }) => attributes.some(([attribute, version]) => attribute.version !== version))) return false;
    renderer.clear();
    const before = boundVertices(gl);
    units.stale = false;
    for (const { material, program, uniforms, vertices, mode, indexed, first, n } of draws) {
      state.useProgram(program);
      units.begin();
      for (const [uniform, held] of uniforms) uniform.setValue(gl, held.value, units);
      if (units.stale) break;
      state.setMaterial(material, false, 0);
      gl.bindVertexArray(vertices);
      if (indexed === 0) gl.drawArrays(mode, first, n);
      else gl.drawElements(mode, n, indexed === 4 ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT, first * indexed);
    }
    gl.bindVertexArray(before); // which three.js takes for bound
    return !units.stale;
  }
}

function none(): void {
  // As three.js has it.
}
