// A value of the list: its name, its text, and how sure it is.

import { h } from "preact";
import { Editor } from "./editor.tsx";
import { memo } from "./memo.tsx";
import { toneInWords, toneOf } from "./words.ts";
import { labelOf } from "../arrangement.ts";
import { select } from "../reading.ts";
import type { Draft, Trouble } from "../state.ts";
import type { Value } from "../wire.ts";
import { startEditing } from "../writing.ts";

interface Props {
  value: Value;
  selected: boolean;
  reachable: boolean;
  editing: boolean;
  saving: boolean;
  draft: Draft | undefined;
  trouble: Trouble | undefined;
}

export const FieldRow = memo(function FieldRow(props: Props) {
  const { value, selected, reachable, editing, saving, draft, trouble } = props;
  const label = labelOf(value);
  const here = { id: value.id, place: "list" } as const;
  return (
    <div
      role="row"
      class={`field${selected ? " selected" : ""}`}
      tabIndex={reachable ? 0 : -1}
      aria-selected={selected}
      data-value={value.id}
      data-place="list"
      onClick={() => !editing && select(here)}
      onDblClick={() => startEditing(here)}
    >
      <span role="rowheader" class="name" title={label}>
        <bdi>{label}</bdi>
      </span>
      <span role="gridcell" class="text">
        {editing ? (
          <Editor id={value.id} label={label} text={draft?.text ?? value.value} base={draft?.base ?? value.value} />
        ) : (
          <ValueText value={value} draft={draft} />
        )}
      </span>
      <span role="gridcell" class="state">
        <StateWord value={value} saving={saving} draft={draft} trouble={trouble} />
      </span>
    </div>
  );
});

/** The text of a value as it is on the paper; a text that is not saved instead, if there is one. */
export function ValueText({ value, draft }: { value: Value; draft: Draft | undefined }) {
  if (draft) return <bdi class="draft">{draft.text || "(empty)"}</bdi>;
  return value.value === "" ? <span class="empty">empty</span> : <bdi>{value.value}</bdi>;
}

interface StateProps {
  value: Value;
  saving: boolean;
  draft: Draft | undefined;
  trouble: Trouble | undefined;
}

export function StateWord({ value, saving, draft, trouble }: StateProps) {
  if (saving) return <span class="word none">saving…</span>;
  if (trouble) {
    const word = { conflict: "conflict", unknown: "unclear", refused: "not saved" }[trouble.failure.kind];
    return <span class="word failed">{word}</span>;
  }
  if (draft) return <span class="word medium">not saved</span>;
  return <span class={`word ${toneOf(value)}`}>{toneInWords(value)}</span>;
}
