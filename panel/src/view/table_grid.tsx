// A table of the page as a grid, gone through with the arrow keys.

import { Fragment, h } from "preact";
import { Editor } from "./editor.tsx";
import { ValueText } from "./field_row.tsx";
import { memo } from "./memo.tsx";
import { toneInWords, toneOf } from "./words.ts";
import { type Grid, labelOf } from "../arrangement.ts";
import { select } from "../reading.ts";
import { type Draft, openDialog, state, type Trouble } from "../state.ts";
import type { Value } from "../wire.ts";
import { startEditing, verify } from "../writing.ts";

interface Props {
  grid: Grid;
  readOnly: boolean;
}

export function TableGrid({ grid, readOnly }: Props) {
  const { selected, editing, drafts, troubles, saving } = state;
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
            <button onClick={() => void verify(cells.map((cell) => cell.id))}>Verify table</button>
            <button onClick={addRow}>Add row</button>
          </span>
        )}
      </div>
      <div class="grid-room">
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
                  <GridCell
                    key={cell.id}
                    value={cell}
                    selected={selected?.id === cell.id}
                    reachable={selected?.id === cell.id && selected.place === "grid"}
                    editing={editing?.id === cell.id && editing.place === "grid"}
                    saving={saving.has(cell.id)}
                    draft={drafts.get(cell.id)}
                    trouble={troubles.get(cell.id)}
                  />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface CellProps {
  value: Value;
  selected: boolean;
  reachable: boolean;
  editing: boolean;
  saving: boolean;
  draft: Draft | undefined;
  trouble: Trouble | undefined;
}

const GridCell = memo(function GridCell(props: CellProps) {
  const { value, selected, reachable, editing, saving, draft, trouble } = props;
  const here = { id: value.id, place: "grid" } as const;
  const tone = trouble ? "failed" : draft || saving ? "medium" : toneOf(value);
  const word = trouble ? "not saved" : saving ? "saving" : draft ? "not saved" : toneInWords(value);
  return (
    <td
      role="gridcell"
      class={`${selected ? "selected " : ""}${value.doubtful ? "doubtful " : ""}${tone}`}
      tabIndex={reachable ? 0 : -1}
      aria-selected={selected}
      data-value={value.id}
      data-place="grid"
      onClick={() => !editing && select(here)}
      onDblClick={() => startEditing(here)}
    >
      {editing ? (
        <Editor id={value.id} label={labelOf(value)} text={draft?.text ?? value.value} base={draft?.base ?? value.value} />
      ) : (
        <>
          <ValueText value={value} draft={draft} />
          <span class="unseen">, {word}</span>
        </>
      )}
    </td>
  );
});
