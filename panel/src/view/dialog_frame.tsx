// A dialog that keeps the focus inside and closes with Esc. Who opened it gets the focus back in focus.ts.

import { type ComponentChildren, h } from "preact";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

function show(dialog: HTMLDialogElement | null): void {
  dialog?.showModal();
  dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
}

export function DialogFrame({ title, onClose, children, wide }: Props) {
  return (
    <dialog
      ref={show}
      class={wide ? "wide" : ""}
      aria-labelledby="dialog-title"
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2 id="dialog-title"><bdi>{title}</bdi></h2>
      {children}
    </dialog>
  );
}
