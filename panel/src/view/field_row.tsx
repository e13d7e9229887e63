// A value of the list: its name, its text, and how sure it is.

import { h } from "preact";
import { Editor } from "./editor.tsx";
import { memo } from "./memo.tsx";
import { attributesOf, type ShownValue } from "./shown_value.ts";
import { toneInWords, toneOf } from "./words.ts";
import { labelOf } from "../arrangement.ts";
import type { Draft } from "../state.ts";
import type { Value } from "../wire.ts";

export const FieldRow = memo(function FieldRow(shown: ShownValue) {
  const { value, isSelected, isEditing, draft, trouble } = shown;
  const label = labelOf(value);
  const tone = trouble ? "failed" : draft ? "medium" : toneOf(value);
  return (
    <div role="row" class={`field${isSelected ? " selected" : ""}`} {...attributesOf(shown, "list")}>
      <span role="rowheader" class="name" title={label}><bdi>{label}</bdi></span>
      <span role="gridcell" class="text">
        {isEditing ? <Editor value={value} draft={draft} /> : <ValueText value={value} draft={draft} />}
      </span>
      <span role="gridcell" class={`word ${tone}`}>{stateInWords(shown)}</span>
    </div>
  );
});

/** The text of a value as it is on the paper; a text that is not saved instead, if there is one. */
export function ValueText({ value, draft }: { value: Value; draft: Draft | undefined }) {
  if (draft) return <bdi class="draft">{draft.text || "(empty)"}</bdi>;
  return value.value === "" ? <span class="empty">empty</span> : <bdi>{value.value}</bdi>;
}

/** Status or confidence in a word, or what became of an attempt to save. */
export function stateInWords({ value, isSaving, draft, trouble }: ShownValue): string {
  if (isSaving) return "saving…";
  if (trouble) return { conflict: "conflict", unknown: "unclear", refused: "not saved" }[trouble.failure.kind];
  return draft ? "not saved" : toneInWords(value);
}
