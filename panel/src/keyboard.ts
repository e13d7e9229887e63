// Keys of the panel. They act only in this frame and outside of texts, and can be switched off.

import { type Direction, neighbour } from "./arrangement.ts";
import { undoLast } from "./changes.ts";
import { startApproval } from "./decisions.ts";
import { goToDoubtful, select } from "./reading.ts";
import { openDialog, type Selection, state, update } from "./state.ts";
import { fitWidth, turnPage, zoomIn, zoomOut } from "./view/zoom.ts";
import { startEditing, verify } from "./writing.ts";

export const KEYS: readonly (readonly [string, string])[] = [
  ["j k ↓ ↑", "next, previous value"],
  ["↓ ↑ → ←", "in a table: the cell there"],
  ["n p", "next, previous doubtful value, on any page"],
  ["Enter", "edit; in the editor: save and verify"],
  ["Tab", "in the editor: save, on to the next doubtful value"],
  ["Esc", "leave without saving; close a dialog"],
  ["v", "verify"],
  ["u", "undo what was saved last"],
  ["Shift+A", "approve"],
  ["+ − 0", "zoom in, out, fit the width"],
  ["r", "turn the page"],
  ["?", "these keys"],
];

const LETTERS: Readonly<Record<string, () => unknown>> = {
  j: () => move("down"),
  k: () => move("up"),
  n: () => goToDoubtful(1),
  p: () => goToDoubtful(-1),
  v: () => verify([state.selected?.id]),
  u: undoLast,
  A: startApproval,
  "+": zoomIn,
  "=": zoomIn,
  "-": zoomOut,
  0: fitWidth,
  r: turnPage,
  "?": () => openDialog({ kind: "help" }),
};

export function listenToKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (state.answer === null || state.dialog !== null || isText(event.target)) return;
    if (event.key === "Escape" && state.drawing) update({ drawing: false });
    if (actOn(event)) event.preventDefault();
  });
}

function actOn({ key, target }: KeyboardEvent): boolean {
  const element = target as Element;
  const isInList = element === document.body || element.closest("[data-values]") !== null;
  const isOnButton = element.closest("button, select, summary") !== null;
  const { selected, keysOn } = state;
  if (key.startsWith("Arrow")) {
    if (!isInList || isOnButton) return false;
    move(key.slice(5).toLowerCase() as Direction);
    return true;
  }
  if (key === "Enter") {
    if (!isInList || isOnButton || !selected) return false;
    startEditing(selected);
    return true;
  }
  const action = keysOn ? LETTERS[key] : undefined;
  if (action) void action();
  return action !== undefined;
}

function move(direction: Direction): void {
  const next = cellBeside(direction) ?? neighbour(state, direction);
  if (next) select(next);
}

/** The next cell of the grid in a direction, past places without one. */
function cellBeside(direction: Direction): Selection | null {
  if (state.selected?.place !== "grid") return null;
  let cell: Element | null = document.querySelector("td[aria-selected=true]");
  const column = (cell as HTMLTableCellElement | null)?.cellIndex ?? 0;
  do {
    const row: Element | null | undefined = cell?.parentElement;
    const other = direction === "up" ? row?.previousElementSibling : row?.nextElementSibling;
    cell = (direction === "left" ? cell?.previousElementSibling : direction === "right" ? cell?.nextElementSibling
      : other?.children[column]) ?? null;
  } while (cell?.className === "gap");
  const id = (cell as HTMLElement | null)?.dataset["value"];
  return id === undefined ? null : { id, place: "grid" };
}

function isText(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}
