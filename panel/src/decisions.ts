// Decisions on the document as a whole: approve, assign, the next one from the queue; and its history.

import { carryOut } from "./asking.ts";
import { recordChange } from "./changes.ts";
import { isFailure } from "./outcome.ts";
import { openDocument, readAgain } from "./reading.ts";
import { read } from "./server.ts";
import { openIds, session } from "./session.ts";
import { type HistoryEntry, openDialog, say, state, update } from "./state.ts";
import { isObject, type JsonObject } from "./wire.ts";

const HISTORY_PAGE = 30;
const QUEUE_PAGE = 50;

/** Shows what stands against an approval, or asks whether to approve. */
export async function startApproval(): Promise<void> {
  const opened = session.ids;
  // Before, what stands against it is from before the last save.
  await session.saves;
  const { answer, busy, dialog } = state;
  if (session.ids !== opened || dialog !== null) return;
  if (answer === null || busy !== null || answer.document.approved || answer.document.read_only) return;
  const { allowed, reasons } = answer.document.approve;
  openDialog({ kind: "approve", allowed, reasons, failure: null });
}

export async function approve(): Promise<void> {
  await decide({ action: "approve" }, "Document approved", "approve");
}

export async function takeApprovalBack(): Promise<void> {
  await decide({ action: "unapprove" }, "Approval taken back", null);
}

export async function assign(member: string): Promise<void> {
  await decide({ action: "assign", member }, `Assigned to ${member}`, "assign");
}

async function decide(what: JsonObject, label: string, dialog: "approve" | "assign" | null): Promise<void> {
  const { workflow_id, document_id } = openIds();
  const opened = session.ids;
  update({ busy: "Asking the server…", dialog: null });
  const values = { ...what, model_id: workflow_id, file_ids: [document_id] };
  const outcome = await carryOut("review_files", values, label);
  update({ busy: null });
  if (session.ids !== opened) return;
  if (!isFailure(outcome)) {
    markDecided(what);
    recordChange(outcome, label);
  } else if (dialog === "assign") {
    openDialog({ kind: "assign", failure: outcome });
  } else if (dialog === "approve") {
    openDialog({ kind: "approve", allowed: false, reasons: [], failure: outcome });
  } else {
    say(outcome.message, { urgent: true });
  }
  await readAgain();
}

function markDecided(what: JsonObject): void {
  const { answer, focus } = state;
  if (answer === null || what["action"] === "assign") return;
  const document = { ...answer.document, approved: what["action"] === "approve" };
  update({ answer: { ...answer, document }, focus: focus + 1 });
}

/** Opens the next document that waits for a person, of this workflow if there is one. */
export async function openNextDocument(): Promise<void> {
  const { workflow_id } = openIds();
  update({ busy: "Looking for the next document…" });
  for (const scope of [{ workflow_id }, {}]) {
    const answer = await read("review_queue", { kinds: ["document"], limit: QUEUE_PAGE, ...scope });
    if (isFailure(answer)) {
      update({ busy: null });
      say(`The queue could not be read. ${answer.message}`, { urgent: true });
      return;
    }
    const entries = Array.isArray(answer["entries"]) ? answer["entries"].filter(isObject) : [];
    const next = entries.find((entry) => !session.seen.has(String(entry["document_id"])) && entry["workflow_id"]);
    if (next) {
      update({ busy: null });
      const ids = { workflow_id: String(next["workflow_id"]), document_id: String(next["document_id"]) };
      await openDocument(ids, null);
      return;
    }
  }
  update({ busy: null });
  say("No other document waits for a person.");
}

export async function showHistory(before: number | null = null): Promise<void> {
  const { document_id } = openIds();
  const { dialog } = state;
  const known = before !== null && dialog?.kind === "history" ? dialog.entries : [];
  const values = { about: [document_id], limit: HISTORY_PAGE, ...(before === null ? {} : { before }) };
  update({ busy: "Reading the history…" });
  const answer = await read("review_history", values);
  update({ busy: null });
  if (isFailure(answer)) {
    openDialog({ kind: "history", entries: known, older: false, failure: answer });
    return;
  }
  const entries = (Array.isArray(answer["entries"]) ? answer["entries"] : []) as HistoryEntry[];
  const older = entries.length === HISTORY_PAGE;
  openDialog({ kind: "history", entries: [...known, ...entries], older, failure: null });
}
