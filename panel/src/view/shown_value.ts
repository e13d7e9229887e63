// What a row or a cell shows of its value: it is drawn again only if one of these has changed.

import { select } from "../reading.ts";
import { type Draft, type Place, state, type Trouble } from "../state.ts";
import type { Value } from "../wire.ts";
import { startEditing } from "../writing.ts";

export interface ShownValue {
  value: Value;
  isSelected: boolean;
  /** Whether it is the one that Tab leads to. */
  isReachable: boolean;
  isEditing: boolean;
  isSaving: boolean;
  draft: Draft | undefined;
  trouble: Trouble | undefined;
}

export function shownValue(value: Value, place: Place): ShownValue {
  const { selected, editing, saving, drafts, troubles } = state;
  const { id } = value;
  const isSelected = selected?.id === id;
  return {
    value,
    isSelected,
    isReachable: isSelected && selected.place === place,
    isEditing: editing?.id === id && editing.place === place,
    isSaving: saving.has(id),
    draft: drafts.get(id),
    trouble: troubles.get(id),
  };
}

/** Attributes of an element that stands for a value and can have the focus. */
export function attributesOf({ value, isSelected, isReachable, isEditing }: ShownValue, place: Place) {
  const here = { id: value.id, place };
  return {
    tabIndex: isReachable ? 0 : -1,
    "aria-selected": isSelected,
    "data-value": value.id,
    "data-place": place,
    onClick: () => isEditing || select(here),
    onDblClick: () => startEditing(here),
  };
}
