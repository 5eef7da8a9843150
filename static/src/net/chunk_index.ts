/** The manifest as a client uses it: which chunks exist, which frames they hold, and where in time they lie. */

import type { Grid, Manifest, Quantisation, Stream, Tile } from './messages.gen';

/** Address of a chunk within a build. */
export interface Address {
  readonly stream: number;
  readonly level: number;
  readonly tile: number;
  readonly chunk: number;
}

export const keyOf = (address: Address): string =>
  `${address.stream}/${address.level}/${address.tile}/${address.chunk}`;

export interface TileGrid {
  readonly tile: Tile;
  readonly presence: Uint8Array;
}

/** The chunks of one stream at one level for one layer or projection. */
export class ChunkGrid {
  readonly stream: number;
  readonly level: number;
  readonly target: string;
  readonly k: number;
  readonly tiles: readonly TileGrid[];
  readonly quantisation: Quantisation | null;

  constructor(grid: Grid, tiles: ReadonlyMap<number, Tile>) {
    this.stream = grid.stream;
    this.level = grid.level;
    this.target = grid.target;
    this.k = grid.k;
    this.quantisation = grid.quantisation ?? null;
    this.tiles = grid.tiles.map((number, at) => ({
      tile: tiles.get(number) as Tile,
      presence: bytesOf(grid.presence[at] ?? ''),
    }));
  }

  chunkOf(frame: number): number {
    return Math.floor(frame / 2 ** this.k);
  }

  /** First frame of the chunk; the chunk holds at most 2^k. */
  firstFrame(chunk: number): number {
    return chunk * 2 ** this.k;
  }

  has(tile: TileGrid, chunk: number): boolean {
    return chunk >= 0 && ((tile.presence[chunk >> 3] ?? 0) & (1 << (chunk & 7))) !== 0;
  }

  /** The last stored chunk at or before this one; -1 where there is none. */
  lastStored(tile: TileGrid, chunk: number): number {
    for (let c = Math.min(chunk, tile.presence.length * 8 - 1); c >= 0; c--) {
      if (this.has(tile, c)) return c;
    }
    return -1;
  }
}

export class ChunkIndex {
  readonly streams: ReadonlyMap<string, Stream>;
  readonly tiles: ReadonlyMap<number, Tile>;
  readonly n_neurons: number;
  /** Global index of the first neuron of each layer tile: tiles are numbered through the layers in order. */
  readonly firstNeuron = new Map<number, number>();
  private readonly byStream = new Map<number, Stream>();
  private readonly grids = new Map<string, ChunkGrid>();
  private readonly gridsByLevel = new Map<string, ChunkGrid[]>();

  constructor(readonly manifest: Manifest) {
    this.tiles = new Map(manifest.tiles.map((tile) => [tile.tile, tile]));
    let neurons = 0;
    for (const tile of manifest.tiles) {
      if (tile.kind !== 'layer') continue;
      this.firstNeuron.set(tile.tile, neurons);
      neurons += tile.n;
    }
    this.n_neurons = neurons;
    this.streams = new Map(manifest.streams.map((stream) => [stream.name, stream]));
    for (const stream of manifest.streams) this.byStream.set(stream.stream, stream);
    for (const grid of manifest.grids) {
      const made = new ChunkGrid(grid, this.tiles);
      this.grids.set(`${grid.stream}/${grid.level}/${grid.target}`, made);
      const key = `${grid.stream}/${grid.level}`;
      const list = this.gridsByLevel.get(key);
      if (list) list.push(made);
      else this.gridsByLevel.set(key, [made]);
    }
  }

  /** Frames of the run at a level. */
  frames(level: number): number {
    return this.manifest.levels[level]?.frames ?? Math.ceil(this.n_bins / this.bins(level));
  }

  get n_bins(): number {
    return this.manifest.levels[0]?.frames ?? 0;
  }

  bins(level: number): number {
    return this.manifest.levels[level]?.bins ?? 16 ** level;
  }

  frame_us(level: number): number {
    return this.bins(level) * this.manifest.bin_us;
  }

  frameAt(t_us: number, level: number): number {
    return Math.floor((t_us - this.manifest.t_start_us) / this.frame_us(level));
  }

  timeOf(frame: number, level: number): number {
    return this.manifest.t_start_us + frame * this.frame_us(level);
  }

  stream(name: string): Stream | undefined {
    return this.streams.get(name);
  }

  /** The number of a stream; -1, which has no chunks, where the build lacks it. */
  numberOf(name: string): number {
    return this.streams.get(name)?.stream ?? -1;
  }

  streamOf(number: number): Stream | undefined {
    return this.byStream.get(number);
  }

  grid(stream: number, level: number, target: string): ChunkGrid | undefined {
    return this.grids.get(`${stream}/${level}/${target}`);
  }

  gridsAt(stream: number, level: number): readonly ChunkGrid[] {
    return this.gridsByLevel.get(`${stream}/${level}`) ?? [];
  }

  /** Levels at which a stream has chunks, ascending. */
  levelsOf(stream: number): number[] {
    return this.manifest.levels.map((level) => level.level).filter((level) => this.gridsAt(stream, level).length > 0);
  }

  /** The coarsest level of a stream that is no coarser than this one, else its finest; -1 where it has none. */
  levelWithin(stream: number, level: number): number {
    const levels = this.levelsOf(stream);
    return levels.findLast((candidate) => candidate <= level) ?? levels[0] ?? -1;
  }

  /** The grid that an address belongs to. */
  gridOf(address: Address): ChunkGrid | undefined {
    const tile = this.tiles.get(address.tile);
    return tile && this.grid(address.stream, address.level, tile.name);
  }

  /** When the chunk's frames lie, half-open. */
  span(address: Address): { t_start_us: number; t_stop_us: number } {
    const k = this.gridOf(address)?.k ?? 0;
    const first = address.chunk * 2 ** k;
    return { t_start_us: this.timeOf(first, address.level), t_stop_us: this.timeOf(first + 2 ** k, address.level) };
  }

  /** True while the chunk may still change: the recording is open and the chunk reaches beyond what is closed. */
  isOpen(address: Address): boolean {
    return this.manifest.open && this.span(address).t_stop_us > this.manifest.closed_us;
  }
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
