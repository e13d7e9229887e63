// Which dialog is open, and the small ones: agreement, approval, reviewer, note.

import { h } from "preact";
import { AddField, AddRow } from "./add_values.tsx";
import { DialogFrame } from "./dialog_frame.tsx";
import { FailureText } from "./failure_text.tsx";
import { FormDialog } from "./form_dialog.tsx";
import { Help } from "./help.tsx";
import { History } from "./history.tsx";
import { labelOf } from "../arrangement.ts";
import { approve, assign } from "../decisions.ts";
import type { Failure } from "../outcome.ts";
import { valueOf } from "../session.ts";
import { closeDialog, type Dialog, state } from "../state.ts";
import { verify } from "../writing.ts";

export function Dialogs() {
  const { dialog } = state;
  switch (dialog?.kind) {
    case "help": return <Help />;
    case "history": return <History {...dialog} />;
    case "assign": return <Assign {...dialog} />;
    case "note": return <Note {...dialog} />;
    case "add-field": return <AddField key={String(dialog.box)} {...dialog} />;
    case "add-row": return <AddRow {...dialog} />;
    case "approve": return <Approve {...dialog} />;
    case "question": return <Agreement key={dialog.question.code} {...dialog} />;
    case undefined: return null;
  }
}

function Agreement({ title, lines, question, agree, cancel }: Dialog & { kind: "question" }) {
  return (
    <DialogFrame title={title} onClose={cancel} wide>
      <Lines lines={lines} />
      <p>The server asks for your agreement to this:</p>
      <p class="summary" tabIndex={0}><bdi>{question.summary}</bdi></p>
      <p class="buttons">
        <button data-first onClick={cancel}>Do not</button>
        {/* Only a click or a key of the person counts, not one that a script makes. */}
        <button class="main" onClick={(event) => event.isTrusted && agree()}>Agree and do it</button>
      </p>
    </DialogFrame>
  );
}

function Lines({ lines }: { lines: readonly string[] }) {
  return lines.length > 0 && <ul class="lines">{lines.map((line, index) => <li key={index}><bdi>{line}</bdi></li>)}</ul>;
}

function Approve({ allowed, reasons, failure }: Dialog & { kind: "approve" }) {
  const pages = Object.entries(state.answer?.document.doubtful_by_page ?? {}).filter(([, count]) => count > 0);
  const doubtful = pages.reduce((sum, [, count]) => sum + count, 0);
  const isOpen = allowed && !failure;
  return (
    <DialogFrame title={isOpen ? "Approve this document?" : "It cannot be approved yet"} onClose={closeDialog}>
      <FailureText failure={failure} />
      <Lines lines={reasons} />
      {isOpen && doubtful > 0 && (
        <p class="reason failed">
          {doubtful} {doubtful === 1 ? "value is" : "values are"} still doubtful, on page {pages.map(([page]) => page).join(", ")}.
        </p>
      )}
      {isOpen && state.drafts.size > 0 && <p class="reason failed">{state.drafts.size} typed texts are not saved.</p>}
      <p class="buttons">
        {isOpen && (
          <button class="main" data-first onClick={(event) => event.isTrusted && approve()}>Approve</button>
        )}
        <button data-first={!isOpen} onClick={closeDialog}>{isOpen ? "Cancel" : "Close"}</button>
      </p>
    </DialogFrame>
  );
}

function Assign({ failure }: { failure: Failure | null }) {
  const assigned = state.answer?.document.assigned_to ?? [];
  const save = ([member = ""]: readonly string[]): boolean => {
    if (member.trim() !== "") void assign(member.trim());
    return member.trim() !== "";
  };
  return (
    <FormDialog title="Assign to a reviewer" action="Assign" failure={failure} labels={["E-mail of the reviewer"]} texts={[]} onSave={save}>
      <p>Now: {assigned.length > 0 ? <bdi>{assigned.join(", ")}</bdi> : "nobody"}</p>
    </FormDialog>
  );
}

function Note({ id }: { id: string }) {
  const value = valueOf(id);
  if (!value) return null;
  const save = ([text = ""]: readonly string[]): boolean => {
    closeDialog();
    void verify([id], text.trim());
    return true;
  };
  return (
    <FormDialog title={`Verify ${labelOf(value)} with a note`} action="Verify" failure={null} labels={["Note"]} texts={[value.message ?? ""]} onSave={save} />
  );
}

