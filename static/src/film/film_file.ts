/**
 * A film file, frame by frame: MP4 or WebM by the browser's own encoder (WebCodecs), or an animated GIF. Frames have
 * the times that they are given, however long each takes to be drawn.
 */

import { GIFEncoder, applyPalette, quantize } from 'gifenc';
import {
  BufferTarget, CanvasSource, canEncodeVideo, Mp4OutputFormat, Output, QUALITY_HIGH, type VideoCodec, WebMOutputFormat,
} from 'mediabunny';

export type FilmFormat = 'mp4' | 'webm' | 'gif';

export interface FilmShape {
  readonly format: FilmFormat;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

export interface FilmFile {
  /** What the frames are coded with, for people. */
  readonly codec: string;
  /** Takes what the canvas shows as the next frame. */
  add(): Promise<void>;
  /** Bytes so far; 0 where the encoder does not say. */
  readonly bytes: number;
  finish(): Promise<Blob>;
  cancel(): Promise<void>;
}

/** In order of preference: what opens everywhere first. */
const CODECS: Readonly<Record<'mp4' | 'webm', readonly VideoCodec[]>> = { mp4: ['avc', 'av1', 'vp9'], webm: ['vp9', 'av1', 'vp8'] };
const NAMES: Readonly<Partial<Record<VideoCodec, string>>> = { avc: 'H.264', av1: 'AV1', vp9: 'VP9', vp8: 'VP8' };
const GIF_COLOURS = 256;
/** What the dialog offers; a GIF can do no others. */
export const RATES: Readonly<Record<FilmFormat, readonly number[]>> = { mp4: [24, 25, 30, 50, 60], webm: [24, 25, 30, 50, 60], gif: [10, 20, 25, 50] };
export const MOST_FPS = 240;

/** What this browser codes such a film with; null where it cannot. */
export async function codecFor({ format, width, height, fps }: FilmShape): Promise<string | null> {
  if (format === 'gif') return 'GIF';
  const codec = await firstCodec(format, width, height, fps);
  return codec && (NAMES[codec] ?? codec);
}

async function firstCodec(format: 'mp4' | 'webm', width: number, height: number, fps: number): Promise<VideoCodec | null> {
  if (typeof VideoEncoder === 'undefined') return null;
  for (const codec of CODECS[format]) {
    if (await canEncodeVideo(codec, { width, height, quality: QUALITY_HIGH, frameRate: fps })) return codec;
  }
  return null;
}

/** Begins a file of what a canvas will show. */
export async function beginFilm(shape: FilmShape, canvas: HTMLCanvasElement): Promise<FilmFile> {
  return shape.format === 'gif' ? gif(shape, canvas) : await video(shape, shape.format, canvas);
}

async function video({ width, height, fps }: FilmShape, format: 'mp4' | 'webm', canvas: HTMLCanvasElement): Promise<FilmFile> {
  const codec = await firstCodec(format, width, height, fps);
  if (codec === null) throw new Error(`This browser cannot encode ${format === 'mp4' ? 'MP4' : 'WebM'} video of ${width} x ${height} pixels.`);
  const target = new BufferTarget();
  const output = new Output({ format: format === 'mp4' ? new Mp4OutputFormat({ fastStart: 'in-memory' }) : new WebMOutputFormat(), target });
  const film = { bytes: 0 };
  const source = new CanvasSource(canvas, {
    codec, quality: QUALITY_HIGH, keyFrameInterval: 2, latencyMode: 'quality',
    onEncodedPacket: (packet) => { film.bytes += packet.byteLength; },
  });
  output.addVideoTrack(source, { frameRate: fps });
  await output.start();
  let n = 0;
  return {
    codec: NAMES[codec] ?? codec,
    get bytes() { return film.bytes; },
    // Waits where the encoder is behind, so that frames do not pile up.
    add: () => source.add(n++ / fps, 1 / fps),
    finish: async () => {
      await output.finalize();
      return new Blob([target.buffer as ArrayBuffer], { type: format === 'mp4' ? 'video/mp4' : 'video/webm' });
    },
    cancel: () => output.cancel(),
  };
}

/** A frame's time in a GIF is whole hundredths of a second: 10, 20, 25 and 50 frames a second are exact. */
function gif({ width, height, fps }: FilmShape, canvas: HTMLCanvasElement): FilmFile {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('No 2D canvas for the film.');
  const encoder = GIFEncoder();
  return {
    codec: 'GIF',
    get bytes() { return encoder.bytes().byteLength; },
    add: async () => {
      const { data } = context.getImageData(0, 0, width, height);
      const palette = quantize(data, GIF_COLOURS);
      encoder.writeFrame(applyPalette(data, palette), width, height, { palette, delay: 1000 / fps, repeat: 0 });
    },
    finish: async () => {
      encoder.finish();
      return new Blob([encoder.bytes()], { type: 'image/gif' });
    },
    cancel: async () => undefined,
  };
}
