// What was saved from this panel: kept to be undone, and told to the model by names, ids and counts.

import { carryOut } from "./asking.ts";
import { request } from "./bridge.ts";
import { isFailure, type Success } from "./outcome.ts";
import { readAgain } from "./reading.ts";
import { session, valueOf } from "./session.ts";
import { type Change, say, sayFailure, state, update } from "./state.ts";

const CONTEXT_SECONDS = 20;
const MAX_NAMED = 50;
// A name of a field may be text from the document: only what looks like a name is told to the model.
const PLAIN_NAME = /^[\p{L}\p{N}_.-]{1,40}$/u;

/** Keeps what was saved, to be undone; `before` is the text that a value had, if its text was changed. */
export function recordChange(
  outcome: Success, label: string, valueId: string | null = null, before: string | null = null,
): void {
  const change: Change = {
    label,
    valueId,
    before,
    entries: outcome.entries,
    undoable: outcome.undoable && outcome.entries.length > 0,
    why: outcome.whyNotUndoable,
    undone: false,
  };
  update({ changes: [...state.changes, change] });
  say(`Saved: ${label}.`, { change });
  tellModel();
}

/** What an undo would put back, in words. */
export function putBackOf(change: Change): string {
  if (change.before !== null) return change.before === "" ? "puts back an empty value" : `puts back “${change.before}”`;
  return "takes it back";
}

export async function undoLast(): Promise<void> {
  const change = state.changes.findLast((each) => !each.undone && each.undoable);
  if (change) await undoChange(change);
  else say("Nothing that was saved here is left to undo.");
}

export async function undoChange(change: Change): Promise<void> {
  await undoEntries(change.entries, change.label);
}

/** Undoes journal entries, the newest first. True if it was done. */
export async function undoEntries(entries: readonly number[], label: string): Promise<boolean> {
  const opened = session.ids;
  if (state.busy !== null) return false;
  update({ busy: `Undoing: ${label}…` });
  const newestFirst = [...entries].sort((one, other) => other - one);
  const outcome = await carryOut("review_undo", { entries: newestFirst }, `Undo: ${label}`);
  if (session.ids !== opened) return false;
  if (!isFailure(outcome)) {
    const undone = new Set(entries);
    const isUndone = ({ entries: own }: Change): boolean => own.length > 0 && own.every((entry) => undone.has(entry));
    update({ changes: state.changes.map((change) => (isUndone(change) ? { ...change, undone: true } : change)) });
    tellModel();
  }
  await readAgain();
  update({ busy: null });
  if (isFailure(outcome)) {
    sayFailure(`Not undone: ${label}.`, outcome);
  } else {
    say(`Undone: ${label}.`);
  }
  return !isFailure(outcome);
}

/** What was done here, as counts; `null` if nothing was. */
export function countsOf(): { saved: number; undone: number } | null {
  const { changes } = state;
  if (changes.length === 0) return null;
  const undone = changes.filter((change) => change.undone).length;
  return { saved: changes.length - undone, undone };
}

export function tellModel(): void {
  const { changes, answer } = state;
  if (!("updateModelContext" in state.capabilities) || session.ids === null) return;
  const changed = changes.filter((change) => !change.undone && change.valueId !== null).slice(-MAX_NAMED);
  const structuredContent = {
    ...session.ids,
    page_number: answer?.page.page_number,
    counts: countsOf(),
    approved: answer?.document.approved,
    changed: changed.map(({ valueId }) => {
      const name = valueOf(valueId)?.name ?? "";
      return { id: valueId, ...(PLAIN_NAME.test(name) ? { name } : {}) };
    }),
  };
  const text = `The person has changed values of document ${session.ids.document_id} in the review panel: ${JSON.stringify(structuredContent)}`;
  const told = request("ui/update-model-context", { structuredContent, content: [{ type: "text", text }] }, CONTEXT_SECONDS);
  // The model's context is a courtesy: a host that does not take it loses nothing of the review.
  told.catch(() => undefined);
}

export function tellChat(): void {
  const counts = countsOf();
  const { answer } = state;
  if (session.ids === null || answer === null) return;
  const text = `I reviewed document ${session.ids.document_id} of workflow ${session.ids.workflow_id} in the panel: ` +
    `${counts?.saved ?? 0} changes saved, ${answer.document.approved ? "approved" : "not approved"}. Please go on from there.`;
  request("ui/message", { role: "user", content: [{ type: "text", text }] }, CONTEXT_SECONDS)
    .then(() => say("The chat was told."))
    .catch((error: unknown) => say(`The chat could not be told. ${String(error)}`, { urgent: true }));
}
