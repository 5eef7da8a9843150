/** Elements in one line: h('button.primary', { title, onclick }, 'Import'). */

type Child = Node | string | number | null | undefined | false;
type Props = Record<string, unknown>;

export function h<K extends keyof HTMLElementTagNameMap>(
  spec: K | `${K}.${string}`, props?: Props | Child, ...children: Child[]
): HTMLElementTagNameMap[K] {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag) as HTMLElementTagNameMap[K];
  if (classes.length > 0) element.className = classes.join(' ');
  if (props !== null && typeof props === 'object' && !(props instanceof Node)) setProps(element, props);
  else children.unshift(props as Child);
  append(element, children);
  return element;
}

function setProps(element: HTMLElement, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'style') element.style.cssText = String(value);
    else if (name in element && !name.includes('-') && name !== 'list' && name !== 'role') {
      (element as unknown as Props)[name] = value;
    } else element.setAttribute(name, value === true ? '' : String(value));
  }
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the text only where it differs, so that a running clock costs no layout for what stands still. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A function that runs at most once per animation frame. */
export function perFrame(run: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      run();
    });
  };
}

/** Canvas pixels for CSS pixels: resizes the backing store and returns a context scaled to CSS units. */
export function fitCanvas(canvas: HTMLCanvasElement): { context: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  const w = Math.round(width * ratio);
  const hgt = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== hgt) {
    canvas.width = w;
    canvas.height = hgt;
  }
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  // Canvases change without a word; a board in a headset is told by this.
  canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  return { context, width, height };
}

/** The value of a CSS custom property, for what is drawn on a canvas. */
export function token(name: string, element: Element = document.documentElement): string {
  return getComputedStyle(element).getPropertyValue(name).trim();
}
