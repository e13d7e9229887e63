// The selected value in full, with what can be done with it: always at the same place below the list.

import { Fragment, h } from "preact";
import { Conflict } from "./conflict.tsx";
import { ValueText } from "./field_row.tsx";
import { momentInWords, toneInWords, toneOf } from "./words.ts";
import { labelOf } from "../arrangement.ts";
import { putBackOf, undoChange, undoEntries } from "../changes.ts";
import { isReadOnly, valueOf } from "../session.ts";
import { openDialog, state } from "../state.ts";
import { deleteRow } from "../structure.ts";
import type { Value } from "../wire.ts";
import { startEditing, verify } from "../writing.ts";

/** Characters from which a text may have to be scrolled. */
const LONG = 120;

export function SelectedValue() {
  const value = valueOf(state.selected?.id);
  if (!value || !state.selected) return null;
  const trouble = state.troubles.get(value.id);
  const draft = state.drafts.get(value.id);
  const checks = state.answer?.checks.filter((check) => check.value_ids.includes(value.id) && !value.why?.includes(check.message)) ?? [];
  const readOnly = isReadOnly();
  return (
    <section class="chosen-value" aria-label="Selected value">
      <h2><bdi>{labelOf(value)}</bdi> <span class={`word ${toneOf(value)}`}>{toneInWords(value)}</span></h2>
      <p class="whole" tabIndex={value.value.length > LONG ? 0 : undefined}><ValueText value={value} draft={undefined} /></p>
      {value.cut && <p class="reason">Only the beginning of {value.cut} characters is shown.</p>}
      {value.why && <p class="reason"><bdi>{value.why}</bdi></p>}
      {value.message && <p class="reason failed"><bdi>{value.message}</bdi></p>}
      {checks.map((check, index) => <p key={index} class="reason failed"><bdi>{check.message}</bdi></p>)}
      {(trouble || (draft && state.editing === null)) && <Conflict value={value} trouble={trouble} draft={draft} />}
      {!readOnly && <Actions value={value} />}
      <LastChange value={value} />
    </section>
  );
}

function Actions({ value }: { value: Value }) {
  const { selected } = state;
  const row = state.answer?.values.filter((each) => each.table_id === value.table_id && each.row === value.row) ?? [];
  return (
    <p class="buttons">
      <button onClick={() => selected && startEditing(selected)}>Edit <kbd>Enter</kbd></button>
      <button onClick={() => verify([value.id])}>Verify <kbd>v</kbd></button>
      <button onClick={() => openDialog({ kind: "note", id: value.id })}>Note…</button>
      {value.kind === "cell" && value.table_id !== null && value.row !== null && (
        <>
          <button onClick={() => verify(row.map((each) => each.id))}>Verify row</button>
          <button onClick={() => deleteRow(value.table_id as string, value.row as number)}>Delete row</button>
        </>
      )}
    </p>
  );
}

function LastChange({ value }: { value: Value }) {
  const change = state.changes.findLast((each) => each.valueId === value.id && !each.undone);
  const last = value.last_entry;
  if (!change && !last) return null;
  return (
    <p class="last">
      {last && <span>Last change: <bdi>{last.who}</bdi>, {momentInWords(last.when)}. </span>}
      {change?.undoable && (
        <button onClick={() => undoChange(change)}>Undo: <bdi>{putBackOf(change)}</bdi></button>
      )}
      {change && !change.undoable && <span>It cannot be undone. {change.why}</span>}
      {!change && last?.undoable && (
        <button onClick={() => undoEntries([last.entry], labelOf(value))}>Undo the last change</button>
      )}
    </p>
  );
}
