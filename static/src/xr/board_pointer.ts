/** A hand's ray on an element of the page: the pointer, mouse and wheel events that a mouse there would have raised. */

/** What a drag does: seeks or what else the panel makes of it, marks a range of time (Shift), or marks neurons (Alt). */
export type Drag = 'plain' | 'zoom' | 'brush';

const CLICK_PX = 5;
const DOUBLE_MS = 400;
/** A notch of a wheel. */
const NOTCH_PX = 60;
/** No mouse or finger of the page has that number. */
const POINTER_ID = 7801;

export class BoardPointer {
  /** What the element under the ray says of itself; "" = nothing. */
  tooltip = '';
  private over: Element | null = null;
  private captured: Element | null = null;
  private pressed: { x: number; y: number; on: Element } | null = null;
  private click_ms = -Infinity;
  private last = { x: 0, y: 0 };

  /** @param root positioned anywhere, laid out, and not hidden; its own box is what x and y are relative to */
  constructor(private readonly root: HTMLElement) {}

  move(x: number, y: number, drag: Drag): void {
    const at = this.clientOf(x, y);
    const target = this.captured ?? this.under(at.x, at.y);
    this.enter(target, at);
    this.last = at;
    this.fire(target, 'pointermove', at, drag, this.pressed === null ? 0 : 1);
    this.fireMouse(target, 'mousemove', at, drag);
  }

  press(x: number, y: number, drag: Drag): void {
    const at = this.clientOf(x, y);
    const on = this.under(at.x, at.y);
    this.enter(on, at);
    this.pressed = { ...at, on };
    this.lend(on);
    this.fire(on, 'pointerdown', at, drag, 1);
    this.fireMouse(on, 'mousedown', at, drag);
  }

  release(x: number, y: number, drag: Drag): void {
    const at = this.clientOf(x, y);
    const { pressed } = this;
    const target = this.captured ?? this.under(at.x, at.y);
    this.fire(target, 'pointerup', at, drag, 0);
    this.fireMouse(target, 'mouseup', at, drag);
    this.captured = this.pressed = null;
    if (pressed === null || Math.hypot(at.x - pressed.x, at.y - pressed.y) > CLICK_PX) return;
    this.fireMouse(pressed.on, 'click', at, drag);
    const now = performance.now();
    if (now - this.click_ms < DOUBLE_MS) this.fireMouse(pressed.on, 'dblclick', at, drag);
    this.click_ms = now;
  }

  leave(): void {
    if (this.pressed !== null) {
      this.fire(this.captured ?? this.pressed.on, 'pointercancel', this.last, 'plain', 0);
      this.captured = this.pressed = null;
    }
    this.enter(null, this.last);
  }

  /** Turns the wheel over what is there; where nothing takes it, the root scrolls. */
  scroll(x: number, y: number, notches: number): void {
    const at = this.clientOf(x, y);
    const event = new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: at.x, clientY: at.y, deltaY: notches * NOTCH_PX });
    if (this.under(at.x, at.y).dispatchEvent(event)) this.root.scrollTop += notches * NOTCH_PX;
  }

  private clientOf(x: number, y: number): { x: number; y: number } {
    const box = this.root.getBoundingClientRect();
    return { x: box.left + x, y: box.top + y };
  }

  /** The innermost element there, the last drawn first. The page's own search ends at the window's edge. */
  private under(x: number, y: number): Element {
    let found: Element = this.root;
    for (let inner: Element | null = this.root; inner !== null;) {
      found = inner;
      inner = [...inner.children].reverse().find((child) => {
        const box = child.getBoundingClientRect();
        return x >= box.left && x < box.right && y >= box.top && y < box.bottom && takes(child);
      }) ?? null;
    }
    return found;
  }

  private enter(target: Element | null, at: { x: number; y: number }): void {
    if (target === this.over) return;
    const before = this.over;
    this.over = target;
    this.tooltip = titleOf(target, this.root);
    for (let element = before; element !== null && !element.contains(target); element = element.parentElement) {
      this.fire(element, 'pointerleave', at, 'plain', 0);
      if (element === this.root) break;
    }
    if (target !== null) this.fire(target, 'pointerenter', at, 'plain', 0);
  }

  /** The browser captures none but its own pointers; who asks for this one gets it from here. */
  private lend(target: Element): void {
    for (let element: Element | null = target; element !== null && element !== this.root; element = element.parentElement) {
      const lent = element;
      Object.assign(lent, {
        setPointerCapture: () => { this.captured = lent; },
        releasePointerCapture: () => { this.captured = null; },
        hasPointerCapture: () => this.captured === lent,
      });
    }
  }

  private fire(target: Element, type: string, at: { x: number; y: number }, drag: Drag, buttons: number): void {
    const bubbles = type !== 'pointerenter' && type !== 'pointerleave';
    target.dispatchEvent(new PointerEvent(type, {
      bubbles, cancelable: true, clientX: at.x, clientY: at.y, pointerId: POINTER_ID, pointerType: 'mouse', isPrimary: true, buttons, ...keysOf(drag),
      button: type === 'pointermove' ? -1 : 0,
    }));
  }

  private fireMouse(target: Element, type: string, at: { x: number; y: number }, drag: Drag): void {
    target.dispatchEvent(new MouseEvent(type, { bubbles: true, cancelable: true, clientX: at.x, clientY: at.y, button: 0, ...keysOf(drag) }));
  }
}

function keysOf(drag: Drag): { shiftKey: boolean; altKey: boolean } {
  return { shiftKey: drag === 'zoom', altKey: drag === 'brush' };
}

function takes(element: Element): boolean {
  return getComputedStyle(element).pointerEvents !== 'none' && !(element as HTMLElement).hidden;
}

function titleOf(from: Element | null, root: Element): string {
  for (let element = from; element !== null && element !== root; element = element.parentElement) {
    const title = element.getAttribute('title');
    if (title !== null && title !== '') return title;
  }
  return '';
}
