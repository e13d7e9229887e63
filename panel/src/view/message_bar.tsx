// What happened last, also for screen readers, with its undo.

import { h } from "preact";
import { putBackOf, undoChange } from "../changes.ts";
import { readAgain, select, showPage } from "../reading.ts";
import { type Message, state } from "../state.ts";

export function MessageBar() {
  const { message, busy, stale, saving, turningTo } = state;
  const under = busy ?? (saving.size > 0 ? "Saving…" : turningTo !== null ? `Reading page ${turningTo}…` : null);
  const present = message?.change && state.changes.find((change) => change.entries === message.change?.entries);
  return (
    <footer>
      <div role="status" class="message">{under ?? (message?.urgent ? "" : message?.text)}</div>
      <div role="alert" class="message urgent">{message?.urgent ? message.text : ""}</div>
      {message?.show && <button onClick={() => show(message.show)}>Show</button>}
      {present?.undoable && !present.undone && under === null && (
        <button onClick={() => undoChange(present)}>
          Undo <kbd>u</kbd><span class="put-back">: <bdi>{putBackOf(present)}</bdi></span>
        </button>
      )}
      {stale !== null && (
        <span class="message urgent">
          The page could not be read again. <button onClick={() => readAgain()}>Read again</button>
        </span>
      )}
    </footer>
  );
}

async function show(target: Message["show"]): Promise<void> {
  if (target === null) return;
  if (state.answer?.page.page_number !== target.page) await showPage(target.page);
  select(target.selected);
}
