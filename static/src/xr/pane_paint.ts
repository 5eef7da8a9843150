/** Words and buttons on the canvases of panes: one look for all of them, dark in either theme as the room is. */

export const INK = {
  ground: 'rgb(18 22 31 / 0.94)', raised: '#1f2739', line: '#2a3142', text: '#e6e9f0', muted: '#9aa4b8', accent: '#6cb2ff', on: '#14273d', warn: '#f0b35a',
} as const;

export function font(size_px: number, weight = 400): string {
  return `${weight} ${size_px}px system-ui, sans-serif`;
}

/** An empty card. */
export function card(context: CanvasRenderingContext2D, radius = 18): void {
  const { width, height } = context.canvas;
  context.clearRect(0, 0, width, height);
  context.fillStyle = INK.ground;
  context.beginPath();
  context.roundRect(1, 1, width - 2, height - 2, radius);
  context.fill();
  context.strokeStyle = INK.line;
  context.lineWidth = 2;
  context.stroke();
}

/** The text, cut with an ellipsis where it is wider than there is room. */
export function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
    else high = middle - 1;
  }
  return `${text.slice(0, low)}…`;
}

/** The text in lines that fit. */
export function wrapped(context: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && context.measureText(longer).width > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  if (line !== '') lines.push(line);
  return lines;
}

export interface PaneButton {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  run(): void;
}

export function drawButton(context: CanvasRenderingContext2D, button: PaneButton, hovered: boolean): void {
  const { x, y, width, height, label, pressed, disabled } = button;
  context.globalAlpha = disabled === true ? 0.4 : 1;
  context.fillStyle = pressed === true ? INK.on : INK.raised;
  context.beginPath();
  context.roundRect(x, y, width, height, 10);
  context.fill();
  context.lineWidth = hovered || pressed === true ? 3 : 1.5;
  context.strokeStyle = hovered || pressed === true ? INK.accent : INK.line;
  context.stroke();
  context.fillStyle = INK.text;
  context.font = font(24, 500);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(fitted(context, label, width - 16), x + width / 2, y + height / 2 + 1);
  context.globalAlpha = 1;
}

export function buttonAt(buttons: readonly PaneButton[], x: number, y: number): PaneButton | null {
  return buttons.find((button) => button.disabled !== true && x >= button.x && y >= button.y && x < button.x + button.width && y < button.y + button.height) ?? null;
}
