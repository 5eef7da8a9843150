/** While a session is replayed the keys of the transport are the session's. */

import type { SessionBar } from './session_bar';
import type { SessionReplay } from '../../state/session/session_replay';

/** Does what a key asks of the replay, and keeps it from the page then; keys typed into a field are the field's. */
export function replayKey(event: KeyboardEvent, replay: SessionReplay, bar: SessionBar | null, leave: () => void): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  const target = event.target as HTMLElement | null;
  if (target?.closest('input, textarea, select, dialog, [role=slider]')) return;
  if (target?.closest('button, a') && (event.key === ' ' || event.key === 'Enter')) return;
  const run: Record<string, () => void> = {
    ' ': () => replay.toggle(), k: () => replay.pause(), l: () => replay.play(),
    ArrowLeft: () => replay.seek(replay.at_ms - (event.shiftKey ? 10_000 : 1000)),
    ArrowRight: () => replay.seek(replay.at_ms + (event.shiftKey ? 10_000 : 1000)),
    Home: () => replay.seek(replay.start_ms), End: () => replay.seek(replay.end_ms),
    '[': () => bar?.nextSpeed(-1), ']': () => bar?.nextSpeed(1),
    Escape: leave,
  };
  const act = run[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act === undefined) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}
