// A dialog with texts to type. No <form>: a host's sandbox may not allow forms, and then nothing is submitted.

import { type ComponentChildren, h } from "preact";
import { DialogFrame } from "./dialog_frame.tsx";
import { FailureText } from "./failure_text.tsx";
import type { Failure } from "../outcome.ts";
import { closeDialog } from "../state.ts";

interface Props {
  title: string;
  action: string;
  failure: Failure | null;
  labels: readonly string[];
  texts: readonly string[];
  /** Gets what was typed; false if it is not enough to go on. */
  onSave: (texts: readonly string[]) => boolean;
  children?: ComponentChildren;
}

export function FormDialog({ title, action, failure, labels, texts, onSave, children }: Props) {
  const save = (event: Event): void => {
    const dialog = (event.currentTarget as Element).closest("dialog");
    const inputs = [...(dialog?.querySelectorAll("input") ?? [])];
    if (!onSave(inputs.map((input) => input.value))) inputs.find((input) => input.value === "")?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.isComposing) return;
    // Else the button that gets the focus back would be pressed by the same key.
    event.preventDefault();
    save(event);
  };
  return (
    <DialogFrame title={title} onClose={closeDialog}>
      <FailureText failure={failure} />
      {children}
      <div class="fields" onKeyDown={onKeyDown}>
        {labels.map((label, index) => (
          <label key={index}><bdi>{label}</bdi><input data-first={index === 0} dir="auto" maxLength={2000} defaultValue={texts[index] ?? ""} /></label>
        ))}
      </div>
      <p class="buttons"><button class="main" onClick={save}>{action}</button><button onClick={closeDialog}>Cancel</button></p>
    </DialogFrame>
  );
}
