// Starts the panel: shakes hands with the host, and opens the document that the tool was called with.

import { h, render } from "preact";
import { handle, listenToHost } from "./bridge.ts";
import { connect } from "./host.ts";
import { listenToKeys } from "./keyboard.ts";
import { outcomeOfError, readFailureOf } from "./outcome.ts";
import { openDocument, readAgain } from "./reading.ts";
import { type DocumentIds, keepKey } from "./server.ts";
import { session } from "./session.ts";
import { onUpdate, state, update } from "./state.ts";
import { App } from "./view/app.tsx";
import { afterDrawing, beforeDrawing } from "./view/focus.ts";
import { panelAnswerOf, structuredOf, type ToolResult } from "./wire.ts";
import "./styles.css";

const root = document.getElementById("panel") as HTMLElement;

let asked: DocumentIds | null = null;

handle("ui/notifications/tool-input", (params) => {
  const { workflow_id, document_id } = (params["arguments"] ?? {}) as Partial<DocumentIds>;
  if (workflow_id && document_id) asked = { workflow_id, document_id };
});

handle("ui/notifications/tool-result", (result: ToolResult) => {
  const opened = result.isError ? null : panelAnswerOf(structuredOf(result));
  keepKey(result);
  const { workflow_id, document_id } = opened?.document ?? asked ?? {};
  if (workflow_id && document_id && !result.isError) void openDocument({ workflow_id, document_id }, opened);
  else update({ phase: "failed", failure: readFailureOf(result) });
});

handle("ui/notifications/tool-cancelled", () => {
  if (state.answer === null) update({ phase: "failed", failure: outcomeOfError(new Error("The call was cancelled.")) });
});

handle("ui/resource-teardown", () => {
  onUpdate(() => undefined);
  render(null, root);
});

listenToHost(() => {
  session.writes += 1;
  void readAgain();
});
let isScheduled = false;

// Once for all changes of a moment.
function draw(): void {
  isScheduled = false;
  beforeDrawing();
  render(<App />, root);
  afterDrawing();
}

onUpdate(() => {
  if (!isScheduled) queueMicrotask(draw);
  isScheduled = true;
});
draw();
listenToKeys();
connect().catch((error: unknown) => update({ phase: "failed", failure: outcomeOfError(error) }));
