// The whole panel, drawn anew from its state.

import { Fragment, h } from "preact";
import { Dialogs } from "./dialogs.tsx";
import { BrowserLink, FailureWords } from "./failure_text.tsx";
import { MessageBar } from "./message_bar.tsx";
import { PagePicture } from "./page_picture.tsx";
import { SelectedValue } from "./selected_value.tsx";
import { PageBar, Toolbar } from "./toolbar.tsx";
import { ValuesList } from "./values_list.tsx";
import { openDocument } from "../reading.ts";
import { session } from "../session.ts";
import { state } from "../state.ts";

export function App() {
  const { answer } = state;
  if (answer === null) return <NoDocument />;
  return (
    <>
      <Toolbar answer={answer} />
      <main>
        <section class="picture" aria-label="Page">
          <PageBar answer={answer} />
          <PagePicture answer={answer} />
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
          <button class="main" onClick={() => session.ids && openDocument(session.ids, null)}>Try again</button>
        )}
      </p>
      {browser && <BrowserLink address={browser} />}
    </div>
  );
}
