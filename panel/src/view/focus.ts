// Where the focus goes after the panel was drawn anew: it is never left on nothing.

import { state } from "../state.ts";

let lastFocus = 0;
let opener: Element | null = null;
let isDialogOpen = false;
let hadFocus = false;

/** Called before and after each drawing. */
export function beforeDrawing(): void {
  if (state.dialog !== null && !isDialogOpen) opener = document.activeElement;
}

export function afterDrawing(): void {
  const isClosed = isDialogOpen && state.dialog === null;
  isDialogOpen = state.dialog !== null;
  const isLost = document.activeElement === null || document.activeElement === document.body;
  // Not before the person is in the panel: the chat keeps its focus when a panel appears.
  if (!isDialogOpen && document.hasFocus()) {
    if (state.focus !== lastFocus) focusSelected();
    else if (isClosed && opener?.isConnected && opener !== document.body) (opener as HTMLElement).focus();
    else if (isLost && (hadFocus || isClosed)) focusSelected();
  }
  lastFocus = isDialogOpen ? lastFocus : state.focus;
  hadFocus = document.activeElement !== document.body && document.activeElement !== null;
}

function focusSelected(): void {
  const { id, place } = state.selected ?? { id: "", place: "list" };
  const elements = [...document.querySelectorAll<HTMLElement>(`[data-value="${CSS.escape(id)}"]`)];
  const element = elements.find((each) => each.dataset["place"] === place) ?? elements[0];
  (element ?? document.querySelector<HTMLElement>("[data-values]"))?.focus({ preventScroll: true });
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}
