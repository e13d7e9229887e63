// The whole panel, drawn anew from its state.

import { Fragment, h } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { Dialogs } from "./dialogs.tsx";
import { BrowserLink, FailureWords } from "./failure_text.tsx";
import { MessageBar } from "./message_bar.tsx";
import { PagePicture } from "./page_picture.tsx";
import { SelectedValue } from "./selected_value.tsx";
import { PageBar, Toolbar } from "./toolbar.tsx";
import { ValuesList } from "./values_list.tsx";
import { openDocument } from "../reading.ts";
import { session } from "../session.ts";
import { onUpdate, type State, state } from "../state.ts";

export function App() {
  const [, setDrawn] = useState<State>(state);
  useEffect(() => onUpdate(() => setDrawn(state)), []);
  useLayoutEffect(() => {
    if (document.querySelector("dialog[open]") === null) focusSelected();
  }, [state.focus]);
  // What had the focus may be gone after a reading: it is never left on nothing.
  useLayoutEffect(() => {
    const wasLost = hadFocus && (document.activeElement === null || document.activeElement === document.body);
    if (wasLost && document.querySelector("dialog[open]") === null) focusSelected();
    hadFocus = document.activeElement !== document.body && document.activeElement !== null;
  });
  const { answer } = state;
  if (answer === null) return <NoDocument />;
  return (
    <>
      <Toolbar answer={answer} />
      <main>
        <section class="picture" aria-label="Page">
          <PageBar answer={answer} />
          <PagePicture
            page={answer.page}
            picture={answer.picture}
            note={answer.picture_note}
            name={answer.document.name}
            values={answer.values}
            selected={state.selected}
            zoom={state.zoom}
            turn={state.turn}
            drawing={state.drawing}
            turning={state.turningTo !== null}
          />
          {state.drawing && <p class="hint">Draw a box around the text of the new field. Esc ends it.</p>}
        </section>
        <section class="side" aria-label="Values">
          <ValuesList />
          <SelectedValue />
        </section>
      </main>
      <MessageBar />
      <Dialogs />
    </>
  );
}

let hadFocus = false;

function focusSelected(): void {
  const { selected } = state;
  // Not before the person is in the panel: the chat keeps its focus when a panel appears.
  if (!document.hasFocus()) return;
  const element = selected && document.querySelector<HTMLElement>(
    `[data-value="${CSS.escape(selected.id)}"][data-place="${selected.place}"], [data-value="${CSS.escape(selected.id)}"]`,
  );
  const target = element ?? document.querySelector<HTMLElement>("[data-values]");
  target?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function NoDocument() {
  const { phase, failure, browser } = state;
  if (phase !== "failed" || failure === null) {
    return <p class="no-document" role="status">{phase === "waiting" ? "Waiting for the document…" : "Reading the document…"}</p>;
  }
  return (
    <div class="no-document" role="alert">
      <h1>The document could not be shown</h1>
      <FailureWords failure={{ ...failure, done: "no" }} />
      <p class="buttons">
        {session.ids !== null && (
          <button class="main" onClick={() => session.ids && void openDocument(session.ids, null)}>Try again</button>
        )}
      </p>
      {browser && <BrowserLink address={browser} />}
    </div>
  );
}
