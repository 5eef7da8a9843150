/**
 * What the hands look like: the headset's own controllers, from files that we serve, each as one mesh and one draw call;
 * tracked hands as the joints they are made of, both in one. An unknown controller is a short wand.
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
out vec3 facing;
void main() {
  #ifdef USE_INSTANCING
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
  private readonly material = new THREE.ShaderMaterial({
    glslVersion: THREE.GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: { tint: { value: new THREE.Color(0.62, 0.68, 0.78) } },
  });
  private readonly joints: THREE.InstancedMesh;
  private readonly controllers: Record<Side, THREE.Mesh>;
  private readonly matrix = new THREE.Matrix4();
  private readonly loader = new GLTFLoader();

  constructor() {
    const wand = (): THREE.Mesh => new THREE.Mesh(new THREE.CylinderGeometry(0.012, 0.016, 0.12, 12).rotateX(Math.PI / 2), this.material);
    this.controllers = { left: wand(), right: wand() };
    this.joints = new THREE.InstancedMesh(new THREE.IcosahedronGeometry(JOINT_M, 2), this.material, 2 * JOINTS);
    this.joints.frustumCulled = false;
    for (const mesh of Object.values(this.controllers)) mesh.matrixAutoUpdate = false;
    this.object.add(this.controllers.left, this.controllers.right, this.joints);
  }

  update(inputs: Inputs): void {
    let n = 0;
    for (const side of SIDES) {
      const hand = inputs[side];
      const mesh = this.controllers[side];
      mesh.visible = hand.kind === 'controller';
      if (mesh.visible) {
        mesh.matrix.copy(hand.grip);
        mesh.matrixWorldNeedsUpdate = true;
        this.dress(hand);
      }
      if (hand.kind !== 'hand') continue;
      for (let i = 0; i < JOINTS; i++) {
        this.joints.setMatrixAt(n++, this.matrix.makeTranslation(hand.joints[3 * i], hand.joints[3 * i + 1], hand.joints[3 * i + 2]));
      }
    }
    this.joints.count = n;
    this.joints.visible = n > 0;
    if (n > 0) this.joints.instanceMatrix.needsUpdate = true;
  }

  dispose(): void {
    this.joints.geometry.dispose();
    this.joints.dispose();
    for (const mesh of Object.values(this.controllers)) mesh.geometry.dispose();
    this.material.dispose();
  }

  /** Fetches the model of what is held, once. */
  private dress(hand: Hand): void {
    const file = fileOf(hand.source?.profiles ?? [], hand.side);
    if (file === '' || this.shown[hand.side] === file) return;
    this.shown[hand.side] = file;
    this.loader.loadAsync(file).then(({ scene }) => {
      const mesh = this.controllers[hand.side];
      mesh.geometry.dispose();
      mesh.geometry = merged(scene);
    }, () => undefined); // the wand stays
  }
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
