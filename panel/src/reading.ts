// Opening a document, its pages, reading again after a write, reading the next page ahead.

import { isToCheck, labelOf, nextDoubtful, nextDoubtfulPage, passing } from "./arrangement.ts";
import { type Failure, isFailure } from "./outcome.ts";
import { type DocumentIds, fetchPage, openPanel } from "./server.ts";
import { session, valueOf } from "./session.ts";
import { FRESH, say, type Selection, state, type Trouble, update } from "./state.ts";
import type { PageAnswer, PanelAnswer, Value } from "./wire.ts";

const FRESH_MILLISECONDS = 60_000;
const AHEAD_MILLISECONDS = 150;

/** Opens a document at a page; asks the server which page is best if none is given. */
export async function openDocument(ids: DocumentIds, opened: PanelAnswer | null): Promise<void> {
  session.ids = ids;
  session.pages.clear();
  session.seen.add(ids.document_id);
  update({ ...FRESH, phase: "reading" });
  const panelAnswer = opened ?? (await openPanel(ids));
  if (session.ids !== ids) return;
  if (isFailure(panelAnswer)) {
    update({ phase: "failed", failure: panelAnswer });
    return;
  }
  update({ browser: panelAnswer.browser });
  await showPage(panelAnswer.page_number);
}

/** Shows another page: at once if it was read ahead, else when it has come. */
export async function showPage(number: number, select: "first" | "last" = "first"): Promise<void> {
  update({ turningTo: number });
  const known = session.pages.get(number);
  if (known) {
    present(known.answer, select);
    if (known.writes !== session.writes || Date.now() - known.at > FRESH_MILLISECONDS) await readAgain();
  } else {
    const answer = await readAndKeep(number);
    if (state.turningTo !== number) return;
    if (isFailure(answer)) {
      failed(answer, number);
      return;
    }
    present(answer, select);
  }
  readAhead(number);
}

/** Reads the present page again, until nothing was written meanwhile. True if it is now as the server has it. */
export async function readAgain(): Promise<boolean> {
  const number = state.answer?.page.page_number;
  if (number === undefined || session.ids === null) return false;
  const { ids } = session;
  for (;;) {
    const { writes } = session;
    const answer = await fetchPage(ids, number, false);
    if (session.ids !== ids) return false;
    if (writes !== session.writes) continue;
    if (isFailure(answer)) {
      update({ stale: answer.message });
      return false;
    }
    const known = session.pages.get(number)?.answer ?? state.answer;
    if (known?.page.page_number !== number) return false;
    const { page, picture, picture_note } = known;
    const whole = { ...answer, page, picture, picture_note };
    keep(whole, writes);
    if (state.answer?.page.page_number !== number) return false;
    refresh(whole);
    return true;
  }
}

/** Goes to the next doubtful value: on this page, else on another one, else from the other end of this one. */
export async function goToDoubtful(step: 1 | -1): Promise<void> {
  const page = nextDoubtful(state, step) ? null : nextDoubtfulPage(state, step);
  const next = nextDoubtful(state, step, page === null && !nextDoubtful(state, step));
  if (page !== null) {
    await showPage(page, step === 1 ? "first" : "last");
  } else if (next) {
    select(next);
  } else {
    update({ focus: state.focus + 1 });
    say("No other doubtful value in this document.");
  }
}

export function select(selected: Selection, focus = true): void {
  update({ selected, editing: null, message: null, focus: focus ? state.focus + 1 : state.focus });
}

async function readAndKeep(number: number): Promise<PageAnswer | Failure> {
  const { writes, ids } = session;
  if (ids === null) throw new Error("no document is open");
  const answer = await fetchPage(ids, number, true);
  if (!isFailure(answer) && session.ids === ids) keep(answer, writes);
  return answer;
}

/** Keeps a page and its neighbours, no others: pictures are large. */
function keep(answer: PageAnswer, writes: number): void {
  const number = answer.page.page_number;
  const shown = state.turningTo ?? state.answer?.page.page_number ?? number;
  session.pages.set(number, { answer, at: Date.now(), writes });
  for (const each of session.pages.keys()) if (Math.abs(each - shown) > 1) session.pages.delete(each);
}

function failed(failure: Failure, number: number): void {
  update({ turningTo: null });
  if (state.answer) say(`Page ${number} could not be read: ${failure.message}`, { urgent: true });
  else update({ phase: "failed", failure });
}

function present(answer: PageAnswer, which: "first" | "last"): void {
  const toCheck = answer.values.filter(isToCheck);
  const value = (which === "first" ? toCheck[0] : toCheck.at(-1)) ?? answer.values[0];
  update({
    phase: "ready",
    failure: null,
    answer,
    turningTo: null,
    stale: null,
    editing: null,
    held: passing(answer.values, state.filter),
    toCheck: new Set(toCheck.map((each) => each.id)),
    selected: value ? selectionOf(value) : null,
    focus: state.focus + 1,
    drawing: false,
  });
  say(`Page ${answer.page.page_number} of ${answer.document.page_numbers.length}, ${toCheck.length} to check.`);
}

/** Takes over what was read again; what the person has selected, typed and not saved stays. */
function refresh(answer: PageAnswer): void {
  const ids = new Set(answer.values.map((value) => value.id));
  const selected = state.selected && ids.has(state.selected.id) ? state.selected : closest(answer);
  const values = answer.values.map((value) => {
    const old = valueOf(value.id);
    return old && JSON.stringify(old) === JSON.stringify(value) ? old : value;
  });
  const troubles = new Map<string, Trouble>();
  const drafts = new Map(state.drafts);
  for (const [id, trouble] of state.troubles) {
    const value = values.find((each) => each.id === id);
    const left = value ? whatIsLeft(trouble, value) : trouble;
    if (left) troubles.set(id, left);
    if (left?.mine === null || !left) drafts.delete(id);
  }
  update({
    answer: { ...answer, values },
    stale: null,
    selected,
    editing: state.editing && ids.has(state.editing.id) ? state.editing : null,
    toCheck: new Set([...state.toCheck, ...answer.values.filter(isToCheck).map((each) => each.id)]),
    troubles,
    drafts,
  });
}

/** What is left of a trouble now that the value was read again: nothing, if it is as the person wanted it. */
function whatIsLeft(trouble: Trouble, value: Value): Trouble | null {
  const { failure, mine, base } = trouble;
  const isMarked = value.status === "verified";
  if (mine === null) return isMarked && failure.kind !== "conflict" ? null : { ...trouble, theirs: value.value };
  if (value.value === mine) return isMarked || failure.kind === "conflict" ? null : { ...trouble, mine: null, base: mine };
  const isConflict = value.value !== base && failure.done !== "no";
  return { ...trouble, theirs: value.value, failure: isConflict ? { ...failure, kind: "conflict" } : failure };
}

function closest(answer: PageAnswer): Selection | null {
  const index = state.answer?.values.findIndex((value) => value.id === state.selected?.id) ?? 0;
  const value = answer.values[Math.max(0, index)] ?? answer.values.at(-1);
  return value ? selectionOf(value) : null;
}

/** A value where it is first in the list. */
export function selectionOf(value: Value): Selection {
  return { id: value.id, place: value.kind === "cell" && !isToCheck(value) ? "grid" : "list" };
}

function readAhead(number: number): void {
  setTimeout(() => {
    const numbers = state.answer?.document.page_numbers ?? [];
    const next = numbers[numbers.indexOf(number) + 1];
    if (next === undefined || state.answer?.page.page_number !== number || session.pages.has(next)) return;
    if (state.phase === "ready") void readAndKeep(next);
  }, AHEAD_MILLISECONDS);
}

/** The name of a value of this page by its id, or the id. */
export function nameOf(id: string): string {
  const value = valueOf(id);
  return value ? labelOf(value) : id;
}
