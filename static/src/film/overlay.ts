/** What is written and drawn over a film's picture: the time, what notes say, where they are, and what was pointed at. */

/** A note's place, or the light of who points; places in scene units. */
export interface FilmMark {
  readonly place: readonly [number, number, number];
  readonly text: string;
  /** A CSS colour: a light of that colour; without it a ring. */
  readonly light?: string;
}

export interface FilmText {
  readonly time: string;
  readonly captions: readonly string[];
}

type Project = (place: readonly [number, number, number]) => { x: number; y: number } | null;

/** The ring around a note's place, as on the page. */
const ACCENT = '#6cb2ff';
const MOST_CAPTIONS = 3;

export function drawMarks(canvas: HTMLCanvasElement, marks: readonly FilmMark[], project: Project, words: boolean): void {
  const context = canvas.getContext('2d');
  if (context === null || marks.length === 0) return;
  const size = fontSize(canvas);
  context.save();
  context.font = `500 ${0.9 * size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (const { place, text, light } of marks) {
    const at = project(place);
    if (at === null) continue;
    if (light === undefined) drawRing(context, at.x, at.y, size);
    else drawLight(context, at.x, at.y, size, light);
    if (!words || text === '') continue;
    context.fillStyle = light ?? '#e6e9f0';
    context.fillText(text, at.x + size, at.y + size);
  }
  context.restore();
}

export function writeText(canvas: HTMLCanvasElement, { time, captions }: FilmText): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const { width, height } = canvas;
  const size = fontSize(canvas);
  context.save();
  context.font = `500 ${size}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  context.fillStyle = '#9aa4b8';
  context.textAlign = 'left';
  context.fillText(time, size, height - 1.4 * size);
  context.textAlign = 'center';
  captions.slice(-MOST_CAPTIONS).forEach((caption, i, all) => {
    const y = height - (2.2 + 2 * (all.length - i)) * size;
    const wide = Math.min(width - 2 * size, context.measureText(caption).width + 1.6 * size);
    context.fillStyle = 'rgb(11 14 20 / 80%)';
    context.beginPath();
    context.roundRect((width - wide) / 2, y - 0.9 * size, wide, 1.8 * size, 0.5 * size);
    context.fill();
    context.fillStyle = '#e6e9f0';
    context.fillText(caption, width / 2, y, width - 3 * size);
  });
  context.restore();
}

function fontSize({ width, height }: HTMLCanvasElement): number {
  return Math.max(11, Math.round(Math.min(width, height * 1.6) / 58));
}

function drawRing(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.strokeStyle = ACCENT;
  context.lineWidth = Math.max(1.5, size / 8);
  context.beginPath();
  context.arc(x, y, 0.55 * size, 0, 2 * Math.PI);
  context.stroke();
}

function drawLight(context: CanvasRenderingContext2D, x: number, y: number, size: number, colour: string): void {
  context.save();
  context.fillStyle = colour;
  context.shadowColor = colour;
  context.shadowBlur = 1.6 * size;
  context.beginPath();
  context.arc(x, y, 0.42 * size, 0, 2 * Math.PI);
  context.fill();
  context.fill(); // twice: the glow is as bright as on the page
  context.restore();
}
