/**
 * Draws an element of the page on a canvas: backgrounds, borders, canvases, pictures and words where the browser has laid
 * them out. A panel thus looks in a headset as it does in the dock, whatever kind it is, and nothing is drawn twice.
 */

const TICK = '✓';

interface Metrics {
  readonly ascent: number;
  readonly descent: number;
}

export class DomPainter {
  private readonly metrics = new Map<string, Metrics>();
  private readonly drawn = new WeakMap<Element, DOMRect>();

  /**
   * Draws what lies inside the root's box, or inside a part of it.
   *
   * @param scale canvas pixels of a CSS pixel
   * @param top canvas pixels that are left free above
   * @param part where something has changed, in the page's CSS pixels; nothing is drawn elsewhere
   */
  paint(root: HTMLElement, context: CanvasRenderingContext2D, scale: number, top: number, part: DOMRect | null = null): void {
    const box = root.getBoundingClientRect();
    const clip = part ?? box;
    context.save();
    context.beginPath();
    context.rect(0, top, context.canvas.width, context.canvas.height - top);
    context.clip();
    context.translate(0, top);
    context.scale(scale, scale);
    context.translate(-box.left, -box.top);
    for (const child of root.childNodes) this.node(child, context, clip);
    context.restore();
  }

  /** Where an element was when it was last drawn. */
  boxOf(element: Element): DOMRect | undefined {
    return this.drawn.get(element);
  }

  private node(node: Node, context: CanvasRenderingContext2D, clip: DOMRect): void {
    if (node.nodeType === Node.TEXT_NODE) this.text(node as Text, context, clip);
    else if (node instanceof HTMLElement) this.element(node, context, clip);
  }

  private element(element: HTMLElement, context: CanvasRenderingContext2D, clip: DOMRect): void {
    const box = element.getBoundingClientRect();
    // What is out of sight is left out, with all that is in it.
    if (box.width > 0 && (box.bottom < clip.top || box.top > clip.bottom)) return;
    this.drawn.set(element, box);
    const style = getComputedStyle(element);
    if (style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0') return;
    context.save();
    context.globalAlpha *= Number(style.opacity);
    this.ground(style, box, context);
    if (element instanceof HTMLCanvasElement || element instanceof HTMLImageElement) {
      if (element.width > 0 && element.height > 0 && box.width > 0) context.drawImage(element, box.left, box.top, box.width, box.height);
    } else if (element instanceof HTMLSelectElement) this.words(element.selectedOptions[0]?.text ?? '', style, box, context, 6);
    else if (element instanceof HTMLInputElement) this.words(element.type === 'checkbox' || element.type === 'radio' ? (element.checked ? TICK : '') : element.value, style, box, context, 4);
    else {
      if (style.overflowX !== 'visible' || style.overflowY !== 'visible') {
        context.beginPath();
        context.rect(box.left, box.top, box.width, box.height);
        context.clip();
      }
      for (const child of element.childNodes) this.node(child, context, clip);
    }
    context.restore();
  }

  private ground(style: CSSStyleDeclaration, box: DOMRect, context: CanvasRenderingContext2D): void {
    const { backgroundColor } = style;
    const radius = parseFloat(style.borderTopLeftRadius) || 0;
    if (seen(backgroundColor)) {
      context.fillStyle = backgroundColor;
      context.beginPath();
      context.roundRect(box.left, box.top, box.width, box.height, radius);
      context.fill();
    }
    const width = parseFloat(style.borderBottomWidth);
    if (width > 0 && style.borderBottomStyle !== 'none' && seen(style.borderBottomColor)) {
      context.strokeStyle = style.borderBottomColor;
      context.lineWidth = width;
      context.beginPath();
      if (parseFloat(style.borderTopWidth) > 0) context.roundRect(box.left + width / 2, box.top + width / 2, box.width - width, box.height - width, radius);
      else {
        context.moveTo(box.left, box.bottom - width / 2);
        context.lineTo(box.right, box.bottom - width / 2);
      }
      context.stroke();
    }
  }

  private text(node: Text, context: CanvasRenderingContext2D, clip: DOMRect): void {
    const { parentElement: parent } = node;
    if (parent === null || node.data.trim() === '') return;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = range.getClientRects();
    if (rects.length === 0 || rects[0].top > clip.bottom || rects[rects.length - 1].bottom < clip.top) return;
    if (rects.length === 1 && (rects[0].right < clip.left || rects[0].left > clip.right)) return;
    const style = getComputedStyle(parent);
    if (rects.length === 1) {
      this.line(collapsed(node.data, style), style, rects[0].left, rects[0], context);
      return;
    }
    // Over several lines: word by word, where each was laid out.
    for (const { index, 0: word } of node.data.matchAll(/\S+/g)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const box = range.getBoundingClientRect();
      if (box.width > 0) this.line(collapsed(word, style), style, box.left, box, context);
    }
  }

  private words(text: string, style: CSSStyleDeclaration, box: DOMRect, context: CanvasRenderingContext2D, pad: number): void {
    if (text !== '') this.line(text, style, box.left + pad, box, context);
  }

  private line(text: string, style: CSSStyleDeclaration, left: number, box: DOMRect, context: CanvasRenderingContext2D): void {
    const font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.font = font;
    let metrics = this.metrics.get(font);
    if (metrics === undefined) {
      const { fontBoundingBoxAscent: ascent, fontBoundingBoxDescent: descent } = context.measureText('x');
      metrics = { ascent, descent };
      this.metrics.set(font, metrics);
    }
    context.fillStyle = style.color;
    context.textAlign = 'left';
    context.textBaseline = 'alphabetic';
    context.fillText(text, left, box.top + (box.height - metrics.ascent - metrics.descent) / 2 + metrics.ascent);
  }
}

function collapsed(text: string, style: CSSStyleDeclaration): string {
  const plain = style.whiteSpace.startsWith('pre') ? text : text.replaceAll(/\s+/g, ' ').trim();
  return style.textTransform === 'uppercase' ? plain.toUpperCase() : plain;
}

function seen(colour: string): boolean {
  return colour !== 'transparent' && !colour.endsWith(', 0)') && !colour.endsWith('/ 0)');
}
