// The order of a page's values: what is to be checked, the other fields, then each table as a grid.

import type { Filter, Selection, State } from "./state.ts";
import type { Table, Value } from "./wire.ts";

export interface GridRow {
  row: number;
  cells: readonly (Value | null)[];
}

export interface Grid {
  table: Table;
  columns: readonly string[];
  rows: readonly GridRow[];
}

export interface Arrangement {
  toCheck: readonly Value[];
  fields: readonly Value[];
  grids: readonly Grid[];
  /** All of them one below the other, each value once. */
  sequence: readonly Selection[];
  byId: ReadonlyMap<string, Value>;
}

let last: { key: readonly unknown[]; arrangement: Arrangement } | null = null;

/** The arrangement of the present page; the same object as long as nothing that it depends on has changed. */
export function arrange(state: State): Arrangement {
  const key = [state.answer, state.filter, state.held, state.toCheck];
  if (last === null || key.some((part, index) => part !== last?.key[index])) {
    last = { key, arrangement: arranged(state) };
  }
  return last.arrangement;
}

/** Values of a page that pass a filter. */
export function passing(values: readonly Value[], filter: Filter): ReadonlySet<string> {
  return new Set(filter === "all" ? [] : values.filter((value) => passes(value, filter)).map((value) => value.id));
}

/** Whether a person has to look at a value: doubtful, or suspected by a check that failed. */
export function isToCheck(value: Value): boolean {
  return value.doubtful || (value.why !== null && value.status !== "verified");
}

export function passes(value: Value, filter: Filter): boolean {
  if (filter === "doubtful") return value.doubtful;
  if (filter === "unverified") return value.status !== "verified";
  if (filter === "corrected") return value.corrected;
  return true;
}

/** The value's name, with its row if it is in a table. */
export function labelOf(value: Value): string {
  return value.kind === "cell" ? `${value.name}, row ${value.row ?? "?"}` : value.name;
}

/** The next doubtful value of the page after the selected one, or before it; `around`: from the other end on. */
export function nextDoubtful(state: State, step: 1 | -1, around = false): Selection | null {
  const { sequence, byId } = arrange(state);
  const ordered = step === 1 ? sequence : sequence.toReversed();
  const selected = ordered.findIndex((each) => each.id === state.selected?.id);
  const isNext = ({ id }: Selection): boolean =>
    id !== state.selected?.id && !state.saving.has(id) && isToCheck(byId.get(id) as Value);
  return ordered.slice(around ? 0 : selected + 1).find(isNext) ?? null;
}

/** The page with doubtful values that comes next, going round. */
export function nextDoubtfulPage(state: State, step: 1 | -1): number | null {
  const document = state.answer?.document;
  const present = state.answer?.page.page_number;
  if (!document || present === undefined) return null;
  const pages = document.page_numbers.filter((page) => (document.doubtful_by_page[page] ?? 0) > 0 && page !== present);
  const ordered = step === 1 ? pages : [...pages].reverse();
  return ordered.find((page) => (page - present) * step > 0) ?? ordered[0] ?? null;
}

export type Direction = "up" | "down" | "left" | "right";

/** What an arrow key leads to in the list, or out of the grid that the selected cell is in. */
export function neighbour(state: State, direction: Direction): Selection | null {
  const { sequence, byId } = arrange(state);
  if (direction === "left" || direction === "right") return null;
  const { selected } = state;
  const table = selected?.place === "grid" ? byId.get(selected.id)?.table_id : undefined;
  const isHere = ({ id, place }: Selection): boolean =>
    table ? place === "grid" && byId.get(id)?.table_id === table : id === selected?.id;
  const index = direction === "down" ? sequence.findLastIndex(isHere) + 1 : sequence.findIndex(isHere) - 1;
  return sequence[index] ?? null;
}

function arranged({ answer, filter, held, toCheck }: State): Arrangement {
  const values = answer?.values ?? [];
  const shown = values.filter((value) => held.has(value.id) || passes(value, filter));
  const first = shown.filter((value) => isToCheck(value) || toCheck.has(value.id));
  const firstIds = new Set(first.map((value) => value.id));
  const fields = shown.filter((value) => value.kind === "field" && !firstIds.has(value.id));
  const grids = (answer?.tables ?? [])
    .map((table) => gridOf(table, shown.filter((value) => value.table_id === table.id)))
    .filter((grid) => filter === "all" || grid.rows.length > 0);
  const inGrids = grids.flatMap((grid) => grid.rows.flatMap((row) => row.cells)).filter((cell) => cell !== null);
  return {
    toCheck: first,
    fields,
    grids,
    sequence: [
      ...[...first, ...fields].map((value): Selection => ({ id: value.id, place: "list" })),
      ...inGrids.filter((cell) => !firstIds.has(cell.id)).map((cell): Selection => ({ id: cell.id, place: "grid" })),
    ],
    byId: new Map(values.map((value) => [value.id, value])),
  };
}

function gridOf(table: Table, cells: readonly Value[]): Grid {
  const width = Math.max(table.columns.length, ...cells.map((cell) => (cell.column ?? 0) + 1));
  const columns = Array.from({ length: width }, (_, index) => table.columns[index] ?? "");
  const rows = new Map<number, (Value | null)[]>();
  for (const cell of cells) {
    const row = rows.get(cell.row ?? 0) ?? Array.from({ length: width }, () => null);
    row[cell.column ?? 0] = cell;
    rows.set(cell.row ?? 0, row);
  }
  const sorted = [...rows].sort(([one], [other]) => one - other);
  return { table, columns, rows: sorted.map(([row, each]) => ({ row, cells: each })) };
}
