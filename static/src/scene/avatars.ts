/**
 * The others of a shared session in the network: heads that look where they look, hands, rays and names. Three draw
 * calls for all of them, two in a headset, where rays are thin bodies; none while nobody is there. What comes ten times a
 * second moves smoothly.
 */

import * as THREE from 'three';
import { mergeGeometries } from 'three/addons/utils/BufferGeometryUtils.js';

import type { Vector } from '../state/frames';
import type { Avatar } from '../state/session/avatar';

const MOST = 64;
const RAYS = 3;
/** A head, two hands, the rays and their ends. */
const PARTS = 3 + 2 * RAYS;
const FORWARD = new THREE.Vector3(0, 0, 1);
/** Of the way to where somebody is now, so much is left after these milliseconds: 1/e. */
const EASE_MS = 70;
/** Sizes as parts of the distance to the viewer, so that a far head is found, and of the network, so that a near one is no wall. */
interface Sizes {
  readonly head: number;
  readonly name: number;
}
/** A headset shows a wide view with few pixels for each degree. */
const AT_DESK: Sizes = { head: 0.013, name: 0.017 };
const WORN: Sizes = { head: 0.03, name: 0.034 };
const HEAD_OF_WORLD = 0.09;
const HEAD_M = 0.12;
/** Over a table-top, somebody's own size would hide the network from those at a desk. */
const WORN_OF_WORLD = 0.12;
const ROW_PX = 48;
const ROW_WIDTH_PX = 384;

interface Shown {
  avatar: Avatar;
  readonly slot: number;
  readonly head: { position: THREE.Vector3; rotation: THREE.Quaternion };
  readonly hands: THREE.Vector3[];
  /** Of each ray. */
  readonly starts: THREE.Vector3[];
  readonly ends: THREE.Vector3[];
  name: string;
}

export class Avatars {
  readonly object = new THREE.Group();
  private readonly bodies: THREE.InstancedMesh<THREE.BufferGeometry, THREE.MeshBasicMaterial>;
  private readonly lines: THREE.LineSegments<THREE.BufferGeometry, THREE.LineBasicMaterial>;
  private readonly names: THREE.Mesh<THREE.InstancedBufferGeometry, THREE.ShaderMaterial>;
  private readonly atlas: THREE.CanvasTexture;
  private readonly people = new Map<string, Shown>();
  private radius = 1;
  private last_ms = 0;
  private changed = false;

  constructor() {
    this.bodies = new THREE.InstancedMesh(bodyGeometry(), new THREE.MeshBasicMaterial({ vertexColors: true, toneMapped: false }), MOST * PARTS);
    this.bodies.setColorAt(0, new THREE.Color());
    const lines = new THREE.BufferGeometry();
    lines.setAttribute('position', new THREE.BufferAttribute(new Float32Array(MOST * RAYS * 6), 3).setUsage(THREE.DynamicDrawUsage));
    lines.setAttribute('color', new THREE.BufferAttribute(new Float32Array(MOST * RAYS * 8), 4).setUsage(THREE.DynamicDrawUsage));
    this.lines = new THREE.LineSegments(lines, new THREE.LineBasicMaterial({ vertexColors: true, transparent: true, depthWrite: false, toneMapped: false }));
    const canvas = document.createElement('canvas');
    canvas.width = ROW_WIDTH_PX;
    canvas.height = ROW_PX * MOST;
    this.atlas = new THREE.CanvasTexture(canvas);
    this.atlas.generateMipmaps = false;
    this.atlas.minFilter = THREE.LinearFilter;
    this.names = new THREE.Mesh(nameGeometry(), nameMaterial(this.atlas));
    for (const part of [this.bodies, this.lines, this.names]) {
      part.frustumCulled = false;
      this.object.add(part);
    }
    this.names.renderOrder = 20;
    this.object.visible = false;
  }

  /** How large the network is, scene units. */
  setWorld(radius: number): void {
    this.radius = radius;
  }

  /** Who is there now. */
  set(avatars: readonly Avatar[]): void {
    const here = new Set(avatars.map(({ id }) => id));
    for (const id of this.people.keys()) if (!here.has(id)) this.people.delete(id);
    for (const avatar of avatars.slice(0, MOST)) {
      const known = this.people.get(avatar.id);
      if (known !== undefined) {
        known.avatar = avatar;
        continue;
      }
      const used = new Set([...this.people.values()].map(({ slot }) => slot));
      const slot = Array.from({ length: MOST }, (_, i) => i).find((i) => !used.has(i)) ?? 0;
      const pose = avatar.head ?? { position: [0, 0, 0], rotation: [0, 0, 0, 1] };
      this.people.set(avatar.id, {
        avatar, slot, head: { position: new THREE.Vector3(...pose.position), rotation: new THREE.Quaternion(...pose.rotation) },
        hands: [], starts: [], ends: [], name: '',
      });
    }
    this.changed = true;
  }

  /** Moves everybody on; true while something of it is to be drawn anew. `worn`: the camera is a headset's. */
  update(now_ms: number, camera: THREE.Camera, worn: boolean): boolean {
    const elapsed_ms = Math.min(100, Math.max(0, now_ms - this.last_ms));
    this.last_ms = now_ms;
    if (this.people.size === 0 && !this.object.visible) return false;
    const part = 1 - Math.exp(-elapsed_ms / EASE_MS);
    let moving = this.changed;
    this.changed = false;
    for (const person of this.people.values()) moving = ease(person, part, this.radius * 1e-4) || moving;
    this.write(camera.position, worn ? WORN : AT_DESK);
    this.object.visible = this.people.size > 0;
    return moving;
  }

  dispose(): void {
    this.bodies.geometry.dispose();
    this.bodies.material.dispose();
    this.bodies.dispose();
    this.lines.geometry.dispose();
    this.lines.material.dispose();
    this.names.geometry.dispose();
    this.names.material.dispose();
    this.atlas.dispose();
  }

  private write(eye: THREE.Vector3, sizes: Sizes): void {
    const matrix = new THREE.Matrix4();
    const colour = new THREE.Color();
    const size = new THREE.Vector3();
    const positions = this.lines.geometry.getAttribute('position') as THREE.BufferAttribute;
    const colours = this.lines.geometry.getAttribute('color') as THREE.BufferAttribute;
    const places = this.names.geometry.getAttribute('place') as THREE.InstancedBufferAttribute;
    const looks = this.names.geometry.getAttribute('look') as THREE.InstancedBufferAttribute;
    let [bodies, rays, names] = [0, 0, 0];
    const placed = (): void => {
      this.bodies.setMatrixAt(bodies, matrix);
      this.bodies.setColorAt(bodies++, colour);
    };
    const body = (position: THREE.Vector3, rotation: THREE.Quaternion, scale: number): void => {
      matrix.compose(position, rotation, size.setScalar(scale));
      placed();
    };
    const middle = new THREE.Vector3();
    const towards = new THREE.Vector3();
    const turn = new THREE.Quaternion();
    const rod = (start: THREE.Vector3, end: THREE.Vector3, radius: number): void => {
      const length = towards.subVectors(end, start).length();
      turn.setFromUnitVectors(FORWARD, towards.normalize());
      matrix.compose(middle.addVectors(start, end).multiplyScalar(0.5), turn, size.set(radius, radius, length / 2));
      placed();
    };
    for (const person of this.people.values()) {
      const { avatar, head, hands, starts, ends } = person;
      colour.set(avatar.colour);
      this.draw(person);
      const distance = head.position.distanceTo(eye);
      const radius = avatar.scale > 0 ? Math.max(Math.min(HEAD_M * avatar.scale, WORN_OF_WORLD * this.radius), 0.6 * sizes.head * distance) : Math.min(sizes.head * distance, HEAD_OF_WORLD * this.radius);
      if (avatar.head !== null) {
        body(head.position, head.rotation, radius);
        places.setXYZ(names, head.position.x, head.position.y, head.position.z);
        looks.setXYZW(names++, person.slot, sizes.name * distance, 1.9 * radius, 0);
      }
      avatar.hands.forEach(({ rotation }, i) => { if (hands[i] !== undefined) body(hands[i], new THREE.Quaternion(...rotation), radius * 0.5); });
      avatar.rays.forEach(({ lit }, i) => {
        const [start, end] = [starts[i], ends[i]];
        if (end === undefined || i >= RAYS) return;
        const thick = 0.25 * sizes.head * end.distanceTo(eye) * (lit ? 1.6 : 1);
        body(end, head.rotation, thick);
        if (sizes === WORN) {
          rod(start, end, 0.2 * thick);
          return;
        }
        positions.setXYZ(2 * rays, start.x, start.y, start.z);
        positions.setXYZ(2 * rays + 1, end.x, end.y, end.z);
        colours.setXYZW(2 * rays, colour.r, colour.g, colour.b, lit ? 0.5 : 0.08);
        colours.setXYZW(2 * rays + 1, colour.r, colour.g, colour.b, lit ? 1 : 0.45);
        rays += 1;
      });
    }
    this.bodies.count = bodies;
    this.bodies.instanceMatrix.needsUpdate = true;
    if (this.bodies.instanceColor) this.bodies.instanceColor.needsUpdate = true;
    this.lines.geometry.setDrawRange(0, 2 * rays);
    this.lines.visible = rays > 0;
    this.names.geometry.instanceCount = names;
    for (const attribute of [positions, colours, places, looks]) attribute.needsUpdate = true;
  }

  /** Writes a name into its row of the atlas, where it is another than before. */
  private draw(person: Shown): void {
    const { name, colour } = person.avatar;
    if (person.name === `${name} ${colour}`) return;
    person.name = `${name} ${colour}`;
    const context = (this.atlas.image as HTMLCanvasElement).getContext('2d');
    if (context === null) return;
    const top = person.slot * ROW_PX;
    context.clearRect(0, top, ROW_WIDTH_PX, ROW_PX);
    context.font = '500 27px system-ui, sans-serif';
    context.textAlign = 'center';
    context.textBaseline = 'middle';
    const width = Math.min(ROW_WIDTH_PX - 8, context.measureText(name).width + 30);
    context.fillStyle = 'rgb(11 14 20 / 78%)';
    context.beginPath();
    context.roundRect((ROW_WIDTH_PX - width) / 2, top + 4, width, ROW_PX - 8, 20);
    context.fill();
    context.fillStyle = colour;
    context.fillText(name, ROW_WIDTH_PX / 2, top + ROW_PX / 2 + 1, ROW_WIDTH_PX - 30);
    this.atlas.needsUpdate = true;
  }
}

/** Brings what is shown nearer to what is; true while it moves. */
function ease({ avatar, head, hands, starts, ends }: Shown, part: number, still: number): boolean {
  let moving = false;
  const towards = (place: THREE.Vector3, goal: THREE.Vector3): void => {
    if (place.distanceTo(goal) < still) return;
    place.lerp(goal, part);
    moving = true;
  };
  if (avatar.head !== null) {
    towards(head.position, new THREE.Vector3(...avatar.head.position));
    const goal = new THREE.Quaternion(...avatar.head.rotation);
    if (head.rotation.angleTo(goal) > 1e-3) {
      head.rotation.slerp(goal, part);
      moving = true;
    }
  } else if (avatar.rays.length > 0) head.position.set(...avatar.rays[0].start);
  const all = (places: THREE.Vector3[], goals: readonly Vector[]): void => {
    places.length = Math.min(places.length, goals.length);
    goals.forEach((place, i) => {
      const goal = new THREE.Vector3(...place);
      if (places[i] === undefined) {
        places[i] = goal;
        moving = true;
      } else towards(places[i], goal);
    });
  };
  all(hands, avatar.hands.map(({ position }) => position));
  all(starts, avatar.rays.map(({ start }) => start));
  all(ends, avatar.rays.map(({ end }) => end));
  return moving;
}

/** A head of radius 1 that looks along -z: a ball with a dark visor, shaded from above. */
function bodyGeometry(): THREE.BufferGeometry {
  const ball = new THREE.SphereGeometry(1, 24, 16);
  const visor = new THREE.CapsuleGeometry(0.42, 0.7, 6, 14).rotateZ(Math.PI / 2).translate(0, 0.12, -0.72);
  const shade = (geometry: THREE.BufferGeometry, light: number): THREE.BufferGeometry => {
    const normals = geometry.getAttribute('normal');
    const colours = new Float32Array(normals.count * 3);
    for (let i = 0; i < normals.count; i++) colours.fill(light * (0.72 + 0.28 * normals.getY(i)), 3 * i, 3 * i + 3);
    geometry.setAttribute('color', new THREE.BufferAttribute(colours, 3));
    return geometry;
  };
  const merged = mergeGeometries([shade(ball, 1), shade(visor, 0.22)]);
  ball.dispose();
  visor.dispose();
  return merged;
}

function nameGeometry(): THREE.InstancedBufferGeometry {
  const geometry = new THREE.InstancedBufferGeometry();
  geometry.setAttribute('position', new THREE.Float32BufferAttribute([-0.5, 0, 0, 0.5, 0, 0, 0.5, 1, 0, -0.5, 1, 0], 3));
  geometry.setIndex([0, 1, 2, 0, 2, 3]);
  geometry.setAttribute('place', new THREE.InstancedBufferAttribute(new Float32Array(MOST * 3), 3).setUsage(THREE.DynamicDrawUsage));
  // Row of the atlas, height, and how far above the place.
  geometry.setAttribute('look', new THREE.InstancedBufferAttribute(new Float32Array(MOST * 4), 4).setUsage(THREE.DynamicDrawUsage));
  geometry.instanceCount = 0;
  return geometry;
}

function nameMaterial(atlas: THREE.Texture): THREE.ShaderMaterial {
  return new THREE.ShaderMaterial({
    uniforms: { atlas: { value: atlas } },
    vertexShader: `
      attribute vec3 place;
      attribute vec4 look;
      varying vec2 at;
      void main() {
        vec4 seen = modelViewMatrix * vec4(place, 1.0);
        // Sizes are the network's, which in a headset is small.
        seen.xy += length(modelViewMatrix[0].xyz) * vec2(position.x * ${(ROW_WIDTH_PX / ROW_PX).toFixed(1)} * look.y, look.z + position.y * look.y);
        gl_Position = projectionMatrix * seen;
        at = vec2(position.x + 0.5, 1.0 - (look.x + 1.0 - position.y) / ${MOST.toFixed(1)});
      }`,
    fragmentShader: `
      uniform sampler2D atlas;
      varying vec2 at;
      void main() { gl_FragColor = texture2D(atlas, at); }`,
    transparent: true, depthTest: false, depthWrite: false, premultipliedAlpha: false,
  });
}
