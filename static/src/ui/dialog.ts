/** Small modal dialogs on the browser's own <dialog>: focus is kept inside, Escape closes. */

import { h } from './dom';
import { icon } from './icons';

export function openDialog(title: string, body: Node, actions: HTMLElement[] = []): HTMLDialogElement {
  const dialog = h('dialog.dialog', { 'aria-label': title });
  const close = h('button.icon-button', { type: 'button', 'aria-label': 'Close', title: 'Close (Esc)', onclick: () => dialog.close() }, icon('close'));
  dialog.append(h('header', h('h2', title), close), body);
  if (actions.length > 0) dialog.append(h('footer', ...actions));
  dialog.addEventListener('close', () => dialog.remove());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something that cannot be undone; resolves to true where it was confirmed. */
export function confirmDialog(title: string, text: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    let confirmed = false;
    const yes = h('button.danger', { type: 'button', onclick: () => { confirmed = true; dialog.close(); } }, action);
    const no = h('button', { type: 'button', onclick: () => dialog.close() }, 'Keep it');
    const dialog = openDialog(title, h('p.dialog-text', text), [no, yes]);
    dialog.addEventListener('close', () => resolve(confirmed));
    no.focus();
  });
}
