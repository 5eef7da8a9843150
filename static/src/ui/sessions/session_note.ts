/** The field in which a note is written: one line, Enter leaves it, Escape lets it be; pinned to a neuron or not. */

import { h } from '../dom';
import { iconButton } from '../icons';

export interface NotePlace {
  readonly label: string;
  readonly position: [number, number, number];
}

/** Opens the field in an element; `leave` gets the words and the place. Returns what closes it. */
export function openNote(
  host: HTMLElement, place: NotePlace | null, when: string, leave: (text: string, position: [number, number, number] | null) => void,
): () => void {
  const field = h('input', {
    type: 'text', maxLength: 500, placeholder: `Note at ${when}`, 'aria-label': 'Note', autocomplete: 'off', spellcheck: true,
  });
  const pin = h('input', { type: 'checkbox', checked: place !== null });
  const close = (): void => element.remove();
  const done = (): void => {
    const text = field.value.trim();
    const position = place !== null && pin.checked ? place.position : null;
    if (text === '' && position === null) {
      field.focus();
      return;
    }
    close();
    leave(text, position);
  };
  const element = h(
    'form.session-note', { 'aria-label': 'Write a note', onsubmit: (event: Event) => { event.preventDefault(); done(); } },
    field,
    place === null ? null : h('label.session-note-pin', pin, `at ${place.label}`),
    h('button.primary', { type: 'submit' }, 'Leave note'),
    iconButton('close', 'Let it be', 'Esc', close),
  );
  element.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') close();
  });
  host.querySelector('.session-note')?.remove();
  host.append(element);
  field.focus();
  return close;
}
