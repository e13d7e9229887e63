// Dialogs that add a field, with a box that was drawn or without, and a row.

import { h } from "preact";
import { FormDialog } from "./form_dialog.tsx";
import { arrange } from "../arrangement.ts";
import { type Dialog, state, update } from "../state.ts";
import { addField, addRow } from "../structure.ts";

export function AddField({ box, name, text, failure }: Dialog & { kind: "add-field" }) {
  const save = ([typedName = "", typedText = ""]: readonly string[]): boolean => {
    if (typedName.trim() !== "") void addField(typedName.trim(), typedText, box);
    return typedName.trim() !== "";
  };
  return (
    <FormDialog title="Add a field" action="Add" failure={failure} labels={["Name", "Value"]} texts={[name, text]} onSave={save}>
      {box
        ? <p class="quiet">The box only marks the place on the page: nothing reads it, so type its text.</p>
        : <p class="buttons"><button onClick={() => update({ dialog: null, drawing: true })}>Draw its box first</button></p>}
    </FormDialog>
  );
}

export function AddRow({ tableId, texts, failure }: Dialog & { kind: "add-row" }) {
  const grid = arrange(state).grids.find((each) => each.table.id === tableId);
  if (!grid) return null;
  const save = (typed: readonly string[]): boolean => {
    const isTyped = typed.some((text) => text !== "");
    if (isTyped) void addRow(tableId, grid.columns, typed);
    return isTyped;
  };
  return (
    <FormDialog title={`Add a row to ${grid.table.name || "the table"}`} action="Add row" failure={failure} labels={grid.columns} texts={texts} onSave={save} />
  );
}
