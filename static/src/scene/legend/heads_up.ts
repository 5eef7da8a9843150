/** A quiet bar at the foot of the scene: what the hands do now, and a way out. */

export interface Pad {
  readonly sign: string;
  readonly name: string;
  hold(down: boolean): void;
}

export class HeadsUp {
  private readonly root = document.createElement('div');
  private readonly words = document.createElement('span');
  private readonly pads = document.createElement('div');

  constructor(host: HTMLElement, label: string, leave: string, onLeave: () => void) {
    this.root.className = 'scene-heads-up';
    this.root.setAttribute('role', 'group');
    this.root.setAttribute('aria-label', label);
    this.words.setAttribute('role', 'status');
    this.pads.className = 'scene-pads';
    const close = document.createElement('button');
    close.type = 'button';
    close.textContent = 'Leave';
    close.title = leave;
    close.setAttribute('aria-label', leave);
    close.addEventListener('click', onLeave);
    this.root.append(this.pads, this.words, close);
    this.root.hidden = true;
    host.append(this.root);
  }

  set shown(shown: boolean) {
    this.root.hidden = !shown;
  }

  set text(text: string) {
    if (this.words.textContent !== text) this.words.textContent = text;
  }

  /** Buttons to hold, for fingers. */
  setPads(pads: readonly Pad[]): void {
    this.pads.replaceChildren(...pads.map(({ sign, name, hold }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = sign;
      button.title = name;
      button.setAttribute('aria-label', name);
      button.addEventListener('pointerdown', (event) => {
        event.preventDefault();
        button.setPointerCapture(event.pointerId);
        hold(true);
      });
      for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) button.addEventListener(end, () => hold(false));
      return button;
    }));
  }

  dispose(): void {
    this.root.remove();
  }
}
