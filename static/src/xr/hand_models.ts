/**
 * What the hands look like: the headset's own controllers, from files that we serve, both in one draw call; tracked hands
 * as the joints they are made of, both in one. An unknown controller is a short wand.
 */

import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { mergeGeometries } from 'three/addons/utils/BufferGeometryUtils.js';

import { JOINTS, type Hand, type Inputs, type Side, SIDES } from './inputs';

const FILES = import.meta.glob<string>(
  '/node_modules/@webxr-input-profiles/assets/dist/profiles/{meta-quest-touch-plus,oculus-touch-v3,pico-4u,htc-vive}/*.glb',
  { query: '?url', import: 'default', eager: true },
);
const JOINT_M = 0.007;

const VERTEX = /* glsl */ `
#ifdef PAIR
in float side;
uniform mat4 grips[2];
#endif
out vec3 facing;
void main() {
  #if defined(PAIR)
  mat4 place = modelViewMatrix * grips[int(side)];
  #elif defined(USE_INSTANCING)
  mat4 place = modelViewMatrix * instanceMatrix;
  #else
  mat4 place = modelViewMatrix;
  #endif
  facing = normalize(mat3(place) * normal);
  gl_Position = projectionMatrix * place * vec4(position, 1.0);
}`;
const FRAGMENT = /* glsl */ `
in vec3 facing;
out vec4 pixel;
uniform vec3 tint;
void main() {
  vec3 n = normalize(facing);
  // Lit from above and from the eyes; the rim catches the room's light.
  float light = 0.25 + 0.35 * max(n.y, 0.0) + 0.45 * max(n.z, 0.0) + 0.3 * pow(1.0 - max(n.z, 0.0), 3.0);
  pixel = vec4(tint * light, 1.0);
}`;

export class HandModels {
  readonly object = new THREE.Group();
  /** The file of each controller; "" while it is a wand. */
  readonly shown: Record<Side, string> = { left: '', right: '' };
  private readonly joints: THREE.InstancedMesh;
  private readonly pair: THREE.Mesh<THREE.BufferGeometry, THREE.ShaderMaterial>;
  /** What each of the two is made of. */
  private readonly bodies: Record<Side, THREE.BufferGeometry> = { left: wand(), right: wand() };
  private readonly grips: Record<Side, THREE.Matrix4> = { left: new THREE.Matrix4(), right: new THREE.Matrix4() };
  private readonly matrix = new THREE.Matrix4();
  private readonly loader = new GLTFLoader();

  constructor() {
    this.pair = new THREE.Mesh(this.paired(), material({ PAIR: 1 }, { grips: { value: SIDES.map((side) => this.grips[side]) } }));
    this.joints = new THREE.InstancedMesh(new THREE.IcosahedronGeometry(JOINT_M, 2), material(), 2 * JOINTS);
    for (const mesh of [this.pair, this.joints]) {
      mesh.frustumCulled = false; // what it is made of lies elsewhere than it is drawn
      this.object.add(mesh);
    }
  }

  update(inputs: Inputs): void {
    let n = 0;
    for (const side of SIDES) {
      const hand = inputs[side];
      if (hand.kind === 'controller') {
        this.grips[side].copy(hand.grip);
        this.dress(hand);
      } else this.grips[side].makeScale(0, 0, 0);
      if (hand.kind !== 'hand') continue;
      for (let i = 0; i < JOINTS; i++) {
        this.joints.setMatrixAt(n++, this.matrix.makeTranslation(hand.joints[3 * i], hand.joints[3 * i + 1], hand.joints[3 * i + 2]));
      }
    }
    this.pair.visible = SIDES.some((side) => inputs[side].kind === 'controller');
    this.joints.count = n;
    this.joints.visible = n > 0;
    if (n > 0) this.joints.instanceMatrix.needsUpdate = true;
  }

  dispose(): void {
    for (const mesh of [this.pair, this.joints]) {
      mesh.geometry.dispose();
      (mesh.material as THREE.Material).dispose();
    }
    this.joints.dispose();
  }

  /** Both controllers, each vertex with its side. */
  private paired(): THREE.BufferGeometry {
    return mergeGeometries(SIDES.map((side, i) => {
      const body = this.bodies[side];
      return body.clone().setAttribute('side', new THREE.BufferAttribute(new Float32Array(body.getAttribute('position').count).fill(i), 1));
    }));
  }

  /** Fetches the model of what is held, once. */
  private dress(hand: Hand): void {
    const file = fileOf(hand.source?.profiles ?? [], hand.side);
    if (file === '' || this.shown[hand.side] === file) return;
    this.shown[hand.side] = file;
    this.loader.loadAsync(file).then(({ scene }) => {
      this.bodies[hand.side] = merged(scene);
      this.pair.geometry.dispose();
      this.pair.geometry = this.paired();
    }, () => undefined); // the wand stays
  }
}

function material(defines: Record<string, number> = {}, uniforms: Record<string, THREE.IUniform> = {}): THREE.ShaderMaterial {
  return new THREE.ShaderMaterial({
    glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, defines,
    uniforms: { ...uniforms, tint: { value: new THREE.Color(0.62, 0.68, 0.78) } },
  });
}

function wand(): THREE.BufferGeometry {
  return new THREE.CylinderGeometry(0.012, 0.016, 0.12, 12).rotateX(Math.PI / 2).toNonIndexed().deleteAttribute('uv');
}

/** The address of the model of a controller: the first profile that we have. */
function fileOf(profiles: readonly string[], side: Side): string {
  for (const profile of profiles) {
    const path = Object.keys(FILES).find((name) => name.includes(`/profiles/${profile}/${side}.glb`) || name.includes(`/profiles/${profile}/none.glb`));
    if (path !== undefined) return FILES[path];
  }
  return '';
}

/** All meshes of a model as one geometry: positions and normals. */
function merged(model: THREE.Object3D): THREE.BufferGeometry {
  model.updateMatrixWorld(true);
  const parts: THREE.BufferGeometry[] = [];
  model.traverse((object) => {
    if (!(object instanceof THREE.Mesh)) return;
    const from = object.geometry as THREE.BufferGeometry;
    const flat = from.index === null ? from.clone() : from.toNonIndexed();
    const part = new THREE.BufferGeometry().setAttribute('position', plain(flat.getAttribute('position')));
    if (flat.hasAttribute('normal')) part.setAttribute('normal', plain(flat.getAttribute('normal')));
    else part.computeVertexNormals();
    parts.push(part.applyMatrix4(object.matrixWorld));
  });
  return mergeGeometries(parts);
}

/** As floats: files hold them packed or interleaved. */
function plain(from: THREE.BufferAttribute | THREE.InterleavedBufferAttribute): THREE.BufferAttribute {
  const array = new Float32Array(3 * from.count);
  for (let i = 0; i < from.count; i++) array.set([from.getX(i), from.getY(i), from.getZ(i)], 3 * i);
  return new THREE.BufferAttribute(array, 3);
}
