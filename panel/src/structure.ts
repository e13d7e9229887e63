// Fields and rows that are added, rows that are deleted.

import { arrange } from "./arrangement.ts";
import { carryOut } from "./asking.ts";
import { recordChange } from "./changes.ts";
import { type Failure, isFailure } from "./outcome.ts";
import { readAgain } from "./reading.ts";
import { openIds, session } from "./session.ts";
import { openDialog, say, sayFailure, state, update } from "./state.ts";
import type { Box, JsonObject } from "./wire.ts";

/** Adds a field to the present page. What was typed stays in the dialog if that fails. */
export async function addField(name: string, text: string, box: Box | null): Promise<void> {
  const { answer } = state;
  if (answer === null) return;
  const change = { field_name: name, value: text, page_id: answer.page.page_id, ...(box ? { bbox: box } : {}) };
  const failure = await add(change, `Field ${name} added`);
  if (failure) openDialog({ kind: "add-field", box, name, text, failure });
}

/** Adds a row below the others of a table. */
export async function addRow(tableId: string, columns: readonly string[], texts: readonly string[]): Promise<void> {
  const cells = Object.fromEntries(columns.map((column, index) => [column, texts[index] ?? ""]).filter(([, text]) => text !== ""));
  const failure = await add({ table_id: tableId, cells }, "Row added");
  if (failure) openDialog({ kind: "add-row", tableId, texts, failure });
}

async function add(change: JsonObject, label: string): Promise<Failure | null> {
  const opened = session.ids;
  const before = new Set(state.answer?.values.map((value) => value.id));
  update({ busy: "Saving…", dialog: null });
  const outcome = await carryOut("review_apply", { ...openIds(), changes: [change] }, label);
  update({ busy: null });
  if (session.ids !== opened) return null;
  if (!isFailure(outcome)) recordChange(outcome, label);
  const isRead = await readAgain();
  const fresh = state.answer?.values.find((value) => !before.has(value.id));
  if (isRead && fresh) {
    update({
      selected: { id: fresh.id, place: fresh.kind === "cell" ? "grid" : "list" }, focus: state.focus + 1,
    });
  }
  // Adding is not to be repeated blindly: an unclear one may have been carried out.
  if (!isFailure(outcome)) return null;
  if (outcome.done === "unknown" && isRead && fresh) {
    say(`The answer did not come, but it was saved: ${label}.`);
    return null;
  }
  return outcome;
}

/** Deletes a row; the server asks for a person's agreement, once for all of its cells. */
export async function deleteRow(tableId: string, row: number): Promise<void> {
  const grid = arrange(state).grids.find((each) => each.table.id === tableId);
  const cells = grid?.rows.find((each) => each.row === row)?.cells ?? [];
  const lines = cells.flatMap((cell) => (cell ? [`${cell.name}: ${cell.value}`] : []));
  const opened = session.ids;
  update({ busy: "Deleting…" });
  const values = { ...openIds(), changes: [{ table_id: tableId, row, delete: true }] };
  const outcome = await carryOut("review_apply", values, `Delete row ${row} with these cells`, lines);
  update({ busy: null });
  if (session.ids !== opened) return;
  if (isFailure(outcome)) {
    sayFailure(`Row ${row} was not deleted.`, outcome);
  } else {
    recordChange(outcome, `Row ${row} deleted`);
  }
  await readAgain();
  update({ focus: state.focus + 1 });
}
