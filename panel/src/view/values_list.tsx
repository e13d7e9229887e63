// The values of the page: filters, failed checks, what is to be checked, fields, tables.

import { Fragment, h } from "preact";
import { FieldRow } from "./field_row.tsx";
import { shownValue } from "./shown_value.ts";
import { TableGrid } from "./table_grid.tsx";
import { arrange, isToCheck, passes, passing } from "../arrangement.ts";
import { select, selectionOf } from "../reading.ts";
import { isReadOnly } from "../session.ts";
import { type Filter, openDialog, state, update } from "../state.ts";
import type { Value } from "../wire.ts";

const FILTERS: readonly [Filter, string][] = [
  ["all", "All"], ["doubtful", "Doubtful"], ["unverified", "Unverified"], ["corrected", "Corrected"],
];

export function ValuesList() {
  const { toCheck, fields, grids } = arrange(state);
  const left = toCheck.filter(isToCheck).length;
  const readOnly = isReadOnly();
  const leftOut = state.answer?.left_out;
  const values = state.answer?.values ?? [];
  return (
    <>
      <Filters filter={state.filter} values={values} />
      <div class="values" data-values tabIndex={-1}>
        <Checks />
        {toCheck.length > 0 && (
          <Rows values={toCheck} title="To check" note={left === 0 ? "all checked" : `${left} left`} />
        )}
        {fields.length > 0 && <Rows values={fields} title="Fields" note={String(fields.length)} />}
        {grids.map((grid) => <TableGrid key={grid.table.id} grid={grid} readOnly={readOnly} />)}
        {leftOut && <p class="quiet">{leftOut.values} more values of this page do not fit into the answer and are not shown.</p>}
        {values.length === 0 && <p class="quiet">There are no values on this page.</p>}
        {values.length > 0 && toCheck.length + fields.length + grids.length === 0 && (
          <p class="quiet">No value of this page passes the filter.</p>
        )}
        {!readOnly && (
          <p class="buttons">
            <button onClick={() => openDialog({ kind: "add-field", box: null, name: "", text: "", failure: null })}>
              Add a field
            </button>
          </p>
        )}
      </div>
    </>
  );
}

interface RowsProps {
  values: readonly Value[];
  title: string;
  note: string;
}

function Rows({ values, title, note }: RowsProps) {
  const id = `rows-${title.replace(" ", "-")}`;
  return (
    <section aria-labelledby={id}>
      <div class="heading"><h2 id={id}>{title} <small>{note}</small></h2></div>
      <div role="grid" aria-labelledby={id}>
        {values.map((value) => (
          <FieldRow key={value.id} {...shownValue(value, "list")} />
        ))}
      </div>
    </section>
  );
}

function Filters({ filter, values }: { filter: Filter; values: readonly Value[] }) {
  const choose = (chosen: Filter): void => {
    update({ filter: chosen, held: passing(state.answer?.values ?? [], chosen) });
  };
  return (
    <div class="filters" role="group" aria-label="Which values">
      {FILTERS.map(([name, word]) => (
        <button key={name} aria-pressed={filter === name} onClick={() => choose(name)}>
          {word} <small>{values.filter((value) => passes(value, name)).length}</small>
        </button>
      ))}
    </div>
  );
}

function Checks() {
  const checks = state.answer?.checks ?? [];
  if (checks.length === 0) return null;
  const values = state.answer?.values ?? [];
  return (
    <section class="checks" aria-label="What does not add up">
      <ul>
        {checks.map((check, index) => {
          const value = values.find((each) => check.value_ids.includes(each.id));
          return (
            <li key={index}>
              <bdi>{check.message}</bdi>
              {value && <button onClick={() => select(selectionOf(value))}>Show</button>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
