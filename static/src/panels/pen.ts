/**
 * What panels draw with: a canvas, or the same strokes as SVG. One drawing routine thus serves the screen, the PNG and
 * the SVG of an export.
 */

export type Pen = Pick<
  CanvasRenderingContext2D,
  'fillStyle' | 'strokeStyle' | 'lineWidth' | 'font' | 'textAlign' | 'textBaseline' | 'globalAlpha' | 'beginPath' | 'moveTo' | 'lineTo'
  | 'bezierCurveTo' | 'arc' | 'closePath' | 'stroke' | 'fill' | 'fillRect' | 'strokeRect' | 'fillText' | 'save' | 'restore' | 'translate'
> & {
  /** Keeps what follows, up to `restore`, inside a box. */
  clipTo(x: number, y: number, width: number, height: number): void;
  /** An image of cells, each a sharp rectangle. */
  cells(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void;
};

/** Gives a canvas's context the two strokes that it lacks. */
export function canvasPen(context: CanvasRenderingContext2D): Pen {
  return Object.assign(context, {
    clipTo(x: number, y: number, width: number, height: number) {
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
    },
    cells(image: HTMLCanvasElement, x: number, y: number, width: number, height: number) {
      context.imageSmoothingEnabled = false;
      context.drawImage(image, x, y, width, height);
    },
  });
}

const ANCHORS: Readonly<Record<string, string>> = { left: 'start', start: 'start', center: 'middle', right: 'end', end: 'end' };
/** Where a text's line lies below the point that it is put at, as a part of its size. */
const BASELINES: Readonly<Record<string, number>> = { alphabetic: 0, bottom: -0.2, middle: 0.35, top: 0.8 };

export class SvgPen implements Pen {
  fillStyle: CanvasRenderingContext2D['fillStyle'] = '#000000';
  strokeStyle: CanvasRenderingContext2D['strokeStyle'] = '#000000';
  lineWidth = 1;
  font = '11px system-ui';
  textAlign: CanvasTextAlign = 'left';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  globalAlpha = 1;
  private readonly parts: string[] = [];
  private path: string[] = [];
  /** Rectangles of one colour become one path: a raster has hundreds of thousands. */
  private rectangles: string[] = [];
  private rectangle_style = '';
  private readonly groups: number[] = [];
  private opened = 0;
  private n_clips = 0;

  beginPath(): void {
    this.path = [];
  }

  moveTo(x: number, y: number): void {
    this.path.push(`M${number(x)} ${number(y)}`);
  }

  lineTo(x: number, y: number): void {
    this.path.push(`${this.path.length === 0 ? 'M' : 'L'}${number(x)} ${number(y)}`);
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.path.push(`C${[x1, y1, x2, y2, x, y].map(number).join(' ')}`);
  }

  arc(x: number, y: number, radius: number, from: number, to: number): void {
    const at = (angle: number): string => `${number(x + radius * Math.cos(angle))} ${number(y + radius * Math.sin(angle))}`;
    const middle = (from + to) / 2;
    const r = number(radius);
    this.path.push(`M${at(from)}A${r} ${r} 0 0 1 ${at(middle)}A${r} ${r} 0 0 1 ${at(to)}`);
  }

  closePath(): void {
    this.path.push('Z');
  }

  stroke(): void {
    if (this.path.length > 0) this.put(`<path d="${this.path.join('')}" fill="none" stroke="${escape(String(this.strokeStyle))}" stroke-width="${number(this.lineWidth)}"${this.opacity()}/>`);
  }

  fill(): void {
    if (this.path.length > 0) this.put(`<path d="${this.path.join('')}" fill="${escape(String(this.fillStyle))}"${this.opacity()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const style = `fill="${escape(String(this.fillStyle))}"${this.opacity()}`;
    if (style !== this.rectangle_style) this.flush();
    this.rectangle_style = style;
    this.rectangles.push(`M${number(x)} ${number(y)}h${number(width)}v${number(height)}h${number(-width)}z`);
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.put(`<rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" fill="none" stroke="${escape(String(this.strokeStyle))}" stroke-width="${number(this.lineWidth)}"/>`);
  }

  fillText(text: string, x: number, y: number): void {
    const size = Number(/(\d+(?:\.\d+)?)px/.exec(this.font)?.[1] ?? 11);
    const weight = /^(bold|\d{3}) /.exec(this.font)?.[1];
    const below = (BASELINES[this.textBaseline] ?? 0) * size;
    this.put(`<text x="${number(x)}" y="${number(y + below)}" fill="${escape(String(this.fillStyle))}" font-size="${size}"${weight ? ` font-weight="${weight}"` : ''} text-anchor="${ANCHORS[this.textAlign]}"${this.opacity()}>${escape(text)}</text>`);
  }

  save(): void {
    this.flush();
    this.groups.push(this.opened);
    this.opened = 0;
  }

  restore(): void {
    this.flush();
    this.parts.push('</g>'.repeat(this.opened));
    this.opened = this.groups.pop() ?? 0;
  }

  translate(x: number, y: number): void {
    this.put(`<g transform="translate(${number(x)} ${number(y)})">`);
    this.opened++;
  }

  clipTo(x: number, y: number, width: number, height: number): void {
    const id = `clip${this.n_clips++}`;
    this.put(`<clipPath id="${id}"><rect x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}"/></clipPath><g clip-path="url(#${id})">`);
    this.opened++;
  }

  cells(image: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    this.put(`<image x="${number(x)}" y="${number(y)}" width="${number(width)}" height="${number(height)}" preserveAspectRatio="none" style="image-rendering: pixelated" href="${image.toDataURL()}"/>`);
  }

  /** The drawing as a document of its own. */
  document(width: number, height: number, title: string): string {
    this.flush();
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${number(height)}" viewBox="0 0 ${width} ${number(height)}" font-family="system-ui, sans-serif"><title>${escape(title)}</title>${this.parts.join('')}</svg>\n`;
  }

  private put(part: string): void {
    this.flush();
    this.parts.push(part);
  }

  private flush(): void {
    if (this.rectangles.length === 0) return;
    this.parts.push(`<path d="${this.rectangles.join('')}" ${this.rectangle_style}/>`);
    this.rectangles = [];
  }

  private opacity(): string {
    return this.globalAlpha === 1 ? '' : ` opacity="${number(this.globalAlpha)}"`;
  }
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
