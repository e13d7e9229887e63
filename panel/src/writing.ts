// Saving what was typed, and marks: what a person wrote is kept until the server has it.

import { labelOf } from "./arrangement.ts";
import { carryOut } from "./asking.ts";
import { recordChange } from "./changes.ts";
import { type Failure, isFailure, type Success } from "./outcome.ts";
import { goToDoubtful, selectionOf, readAgain } from "./reading.ts";
import { isReadOnly, openIds, pageNumber, session, valueOf } from "./session.ts";
import { type Draft, say, sayFailure, type Selection, state, update, withEntry, withMember } from "./state.ts";
import type { JsonObject, Value } from "./wire.ts";

type Then = "stay" | "next" | "previous";

const MOST_MARKED_ONE_BY_ONE = 100;

export function startEditing(selected: Selection): void {
  if (isReadOnly() || state.saving.has(selected.id)) return;
  if (valueOf(selected.id)?.cut) {
    say("This text is too long to be edited here: only its beginning is shown.");
    return;
  }
  update({ selected, editing: selected, message: null });
}

/** Leaves the editor; what was typed stays as a draft if it differs from the value. */
export function leaveEditor(id: string, text: string, base: string): void {
  const { drafts, editing } = state;
  const draft: Draft | null = text === base ? null : { base, text };
  update({ drafts: withEntry(drafts, id, draft), editing: editing?.id === id ? null : editing });
}

/** Throws away what was typed. */
export function discardDraft(id: string): void {
  const { drafts, troubles, focus } = state;
  update({
    drafts: withEntry(drafts, id, null), troubles: withEntry(troubles, id, null), editing: null, focus: focus + 1,
  });
}

/** Saves a typed text and marks the value as verified: whoever typed it has looked at the page. */
export async function saveText(id: string, text: string, base: string, then: Then, note: string | null = null): Promise<void> {
  const value = valueOf(id);
  if (value === null || state.saving.has(id)) return;
  const isChanged = text !== base;
  update({
    editing: null,
    drafts: withEntry(state.drafts, id, isChanged ? { base, text } : null),
    saving: withMember(state.saving, id, isChanged),
    troubles: withEntry(state.troubles, id, null),
    focus: then === "stay" ? state.focus + 1 : state.focus,
  });
  const page = pageNumber();
  const saved = isChanged ? write(value, page, { text, base, note }) : Promise.resolve();
  if (then !== "stay") await goToDoubtful(then === "next" ? 1 : -1);
  await saved;
}

/** Takes the value that somebody else has put there, and forgets what was typed. */
export function takeTheirs(id: string): void {
  discardDraft(id);
  say(`${labelOf(valueOf(id) as Value)}: kept as it is now.`);
}

/** Writes the typed text over the value that is there now, after the person has seen both. */
export async function writeMineAgain(id: string): Promise<void> {
  const { troubles, drafts } = state;
  const trouble = troubles.get(id);
  const draft = drafts.get(id);
  const text = draft?.text ?? trouble?.mine;
  const note = trouble?.note ?? null;
  if (text === undefined || text === null) await verify([id], note);
  else await saveText(id, text, trouble?.theirs ?? draft?.base ?? "", "stay", note);
}

/** Marks values as verified, with a note if there is one. */
export async function verify(ids: readonly (string | undefined)[], note: string | null = null): Promise<void> {
  const values = ids.map((id) => valueOf(id)).filter((value) => value !== null);
  const [first] = values;
  if (first === undefined || isReadOnly()) return;
  if (values.length === 1) {
    const draft = state.drafts.get(first.id);
    if (draft) return saveText(first.id, draft.text, draft.base, "stay", note);
    if (first.status === "verified" && note === null) {
      say(`${labelOf(first)} is verified already.`);
      return;
    }
    const { saving } = state;
    if (saving.has(first.id)) return;
    update({ saving: withMember(saving, first.id, true) });
    await write(first, pageNumber(), { text: null, base: first.value, note });
    return;
  }
  await verifyMany(values.filter((value) => value.status !== "verified"));
}

async function verifyMany(values: readonly Value[]): Promise<void> {
  const [first] = values;
  if (first === undefined) {
    say("All of them are verified already.");
    return;
  }
  const mark = { verification_status: "verified" };
  const changes = values.length > MOST_MARKED_ONE_BY_ONE
    ? [{ table_id: first.table_id, ...mark }]
    : values.map((value) => ({ ...idOf(value), ...expected(value, value.value), ...mark }));
  update({ busy: `Verifying ${values.length} cells…` });
  const title = `Verify ${values.length} cells`;
  const outcome = await carryOut("review_apply", { ...openIds(), changes }, title);
  update({ busy: null });
  if (isFailure(outcome)) sayFailure("Not all were verified.", outcome);
  else recordChange(outcome, `${values.length} cells verified`);
  await readAgain();
}

export function idOf(value: Value): JsonObject {
  return value.kind === "field" ? { field_data_id: value.id } : { cell_id: value.id };
}

/** The value that is expected to be there; not of a text of which only the beginning is known. */
function expected(value: Value, base: string): JsonObject {
  return value.cut ? {} : { expected_value: base };
}

interface Wanted {
  text: string | null;
  base: string;
  note: string | null;
}

function write(value: Value, page: number, wanted: Wanted): Promise<void> {
  const save = writeNow(value, page, wanted);
  session.saves = Promise.all([session.saves, save]);
  return save;
}

async function writeNow(value: Value, page: number, wanted: Wanted): Promise<void> {
  const opened = session.ids;
  const { text, base, note } = wanted;
  const label = labelOf(value);
  const change = {
    ...idOf(value),
    ...expected(value, base),
    ...(text === null ? {} : { value: text }),
    verification_status: "verified",
    ...(note === null ? {} : { verification_message: note }),
  };
  const lines = text === null ? [label] : [label, `Now: ${base}`, `Then: ${text}`];
  const outcome = await carryOut("review_apply", { ...openIds(), changes: [change] }, `Save ${label}`, lines);
  if (session.ids !== opened) return;
  if (isFailure(outcome)) await notSaved(value, page, wanted, outcome);
  else await saved(value, wanted, outcome);
}

async function saved(value: Value, { text, base, note }: Wanted, outcome: Success): Promise<void> {
  const now: Value = {
    ...value, value: text ?? value.value, status: "verified", doubtful: false, why: null,
    corrected: value.corrected || text !== null, message: note ?? value.message,
  };
  settle(value.id, state.answer?.values.some((each) => each.id === value.id) ? now : null);
  const label = labelOf(value);
  if (outcome.kind === "already") say(`${label}: it was so already.`);
  else recordChange(outcome, label, value.id, text === null ? null : base);
  await readAgain();
}

async function notSaved(value: Value, page: number, wanted: Wanted, failure: Failure): Promise<void> {
  const label = labelOf(value);
  const { saving, troubles } = state;
  const trouble = { failure, mine: wanted.text, base: wanted.base, theirs: null, note: wanted.note };
  update({
    saving: withMember(saving, value.id, false),
    troubles: withEntry(troubles, value.id, trouble),
  });
  const show = { selected: selectionOf(value), page };
  const what = failure.kind === "conflict" ? "somebody changed it meanwhile, nothing was overwritten."
    : `${failure.kind === "unknown" ? "perhaps not saved" : "not saved"}. ${failure.message}`;
  say(`${label}: ${what}`, { urgent: true, show });
  if ((await readAgain()) && valueOf(value.id) && !state.troubles.has(value.id)) {
    say(`${label}: the answer did not come, but the value was saved.`);
  }
}

/** Nothing is left to do for this value; `now` is what it became. */
function settle(id: string, now: Value | null): void {
  const { answer, drafts, troubles, saving } = state;
  const values = answer?.values.map((each) => (each.id === id && now ? now : each)) ?? [];
  update({
    answer: answer && now ? { ...answer, values } : answer,
    drafts: withEntry(drafts, id, null),
    troubles: withEntry(troubles, id, null),
    saving: withMember(saving, id, false),
  });
}
