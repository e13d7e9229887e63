// The editor in the place of a value: Enter saves, Tab saves and goes on to the next doubtful value, Esc leaves.

import { h } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { session } from "../session.ts";
import { discardDraft, leaveEditor, saveText } from "../writing.ts";

interface Props {
  id: string;
  label: string;
  text: string;
  base: string;
}

export function Editor({ id, label, text, base }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const typed = useRef(text);
  const isFinished = useRef(false);

  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  // An editor that goes away by a change of page keeps what was typed.
  useEffect(() => () => {
    const { ids } = session;
    if (!isFinished.current) queueMicrotask(() => session.ids === ids && leaveEditor(id, typed.current, base));
  }, []);

  const finish = (action: () => unknown): void => {
    isFinished.current = true;
    action();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      finish(() => saveText(id, typed.current, base, "stay"));
    } else if (event.key === "Tab") {
      event.preventDefault();
      finish(() => saveText(id, typed.current, base, event.shiftKey ? "previous" : "next"));
    } else if (event.key === "Escape") {
      event.preventDefault();
      finish(() => discardDraft(id));
    }
    event.stopPropagation();
  };
  const onBlur = (): void => {
    // The whole frame has lost the focus, not the field in it.
    if (document.activeElement === field.current || isFinished.current) return;
    finish(() => leaveEditor(id, typed.current, base));
  };

  return (
    <textarea
      ref={field}
      class="editor"
      rows={1}
      dir="auto"
      aria-label={`New value of ${label}`}
      spellcheck={false}
      defaultValue={text}
      onInput={(event) => { typed.current = event.currentTarget.value; }}
      onKeyDown={onKeyDown}
      onBlur={onBlur}
      onPointerDown={(event) => event.stopPropagation()}
    />
  );
}
