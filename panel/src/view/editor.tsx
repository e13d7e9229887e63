// The editor in the place of a value: Enter saves, Tab saves and goes on to the next doubtful value, Esc leaves.

import { Component, createRef, h } from "preact";
import { labelOf } from "../arrangement.ts";
import { session } from "../session.ts";
import type { Draft } from "../state.ts";
import type { Value } from "../wire.ts";
import { discardDraft, leaveEditor, saveText } from "../writing.ts";

interface Props {
  value: Value;
  draft: Draft | undefined;
}

export class Editor extends Component<Props> {
  field = createRef<HTMLTextAreaElement>();
  id = this.props.value.id;
  /** The value that the typing began with, whatever is read meanwhile. */
  base = this.props.draft?.base ?? this.props.value.value;
  typed = this.props.draft?.text ?? this.base;
  isFinished = false;

  override componentDidMount(): void {
    this.field.current?.select();
  }

  // An editor that goes away by a change of page keeps what was typed.
  override componentWillUnmount(): void {
    const { ids } = session;
    queueMicrotask(() => session.ids === ids && this.leave());
  }

  leave(): void {
    const { id, base } = this;
    this.finish(() => leaveEditor(id, this.typed, base));
  }

  finish(action: () => unknown): void {
    if (!this.isFinished) {
      this.isFinished = true;
      action();
    }
  }

  onKeyDown = (event: KeyboardEvent): void => {
    const { id, base } = this;
    const { key, shiftKey } = event;
    event.stopPropagation();
    if (event.isComposing || (key === "Enter" && shiftKey)) return;
    if (key === "Escape") this.finish(() => discardDraft(id));
    else if (key === "Enter") this.finish(() => saveText(id, this.typed, base, "stay"));
    else if (key === "Tab") this.finish(() => saveText(id, this.typed, base, shiftKey ? "previous" : "next"));
    else return;
    event.preventDefault();
  };

  // Not if the whole frame has lost the focus: then the field still has it in the frame.
  onBlur = (): void => {
    if (document.activeElement !== this.field.current) this.leave();
  };

  override render() {
    return (
      <textarea
        ref={this.field}
        class="editor"
        rows={1}
        dir="auto"
        aria-label={`New value of ${labelOf(this.props.value)}`}
        spellcheck={false}
        defaultValue={this.typed}
        onInput={(event) => { this.typed = event.currentTarget.value; }}
        onKeyDown={this.onKeyDown}
        onBlur={this.onBlur}
      />
    );
  }
}
