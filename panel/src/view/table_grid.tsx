// A table of the page as a grid, gone through with the arrow keys.

import { h } from "preact";
import { Editor } from "./editor.tsx";
import { stateInWords, ValueText } from "./field_row.tsx";
import { memo } from "./memo.tsx";
import { attributesOf, type ShownValue, shownValue } from "./shown_value.ts";
import { toneOf } from "./words.ts";
import type { Grid } from "../arrangement.ts";
import { openDialog } from "../state.ts";
import { verify } from "../writing.ts";

interface Props {
  grid: Grid;
  readOnly: boolean;
}

export function TableGrid({ grid, readOnly }: Props) {
  const { table, columns, rows } = grid;
  const cells = rows.flatMap((row) => row.cells).filter((cell) => cell !== null);
  const title = `table-${table.id}`;
  const addRow = (): void =>
    openDialog({ kind: "add-row", tableId: table.id, texts: columns.map(() => ""), failure: null });
  return (
    <section class="table" aria-labelledby={title}>
      <div class="heading">
        <h2 id={title}><bdi>{table.name || "Table"}</bdi> <small>{rows.length} rows</small></h2>
        {!readOnly && (
          <span class="buttons">
            <button onClick={() => verify(cells.map((cell) => cell.id))}>Verify table</button>
            <button onClick={addRow}>Add row</button>
          </span>
        )}
      </div>
      <div class="grid">
        <table role="grid" aria-labelledby={title}>
          <thead>
            <tr>
              <th scope="col" class="number"><span class="unseen">Row</span></th>
              {columns.map((column, index) => <th key={index} scope="col" title={column}><bdi>{column}</bdi></th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.row}>
                <th scope="row" class="number">{row.row}</th>
                {row.cells.map((cell, index) => cell === null ? <td key={index} role="gridcell" class="gap" /> : (
                  <GridCell key={cell.id} {...shownValue(cell, "grid")} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const GridCell = memo(function GridCell(shown: ShownValue) {
  const { value, isSelected, isEditing, isSaving, draft, trouble } = shown;
  const tone = trouble ? "failed" : draft || isSaving ? "medium" : toneOf(value);
  return (
    <td role="gridcell" class={`${isSelected ? "selected " : ""}${tone}`} {...attributesOf(shown, "grid")}>
      {isEditing ? <Editor value={value} draft={draft} /> : <ValueText value={value} draft={draft} />}
      <span class="unseen">, {stateInWords(shown)}</span>
    </td>
  );
});
