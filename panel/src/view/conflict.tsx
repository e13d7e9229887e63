// A text or a mark that was not saved: both values side by side if somebody else was there, and the choice.

import { Fragment, h } from "preact";
import { FailureWords } from "./failure_text.tsx";
import { momentInWords } from "./words.ts";
import type { Draft, Trouble } from "../state.ts";
import type { Value } from "../wire.ts";
import { discardDraft, takeTheirs, writeMineAgain } from "../writing.ts";

interface Props {
  value: Value;
  trouble: Trouble | undefined;
  draft: Draft | undefined;
}

export function Conflict({ value, trouble, draft }: Props) {
  const { failure, theirs = null, base } = trouble ?? {};
  const mine = draft?.text ?? trouble?.mine ?? null;
  if (failure?.kind === "conflict" && theirs !== null) {
    const last = value.last_entry;
    return (
      <div class="trouble" role="group" aria-label="Two values">
        <p>
          Somebody changed this value meanwhile{last && <>: <bdi>{last.who}</bdi>, {momentInWords(last.when)}</>}. Nothing was overwritten.
        </p>
        <dl class="both">
          <div><dt>There now</dt><dd><bdi>{theirs || "(empty)"}</bdi></dd></div>
          <div><dt>{mine === null ? "When you verified it" : "Yours"}</dt><dd><bdi>{(mine ?? base) || "(empty)"}</bdi></dd></div>
        </dl>
        <p class="buttons">
          <button onClick={() => takeTheirs(value.id)}>Keep what is there</button>
          <button class="main" onClick={() => writeMineAgain(value.id)}>
            {mine === null ? "Verify what is there" : "Write mine"}
          </button>
        </p>
      </div>
    );
  }
  return (
    <div class="trouble">
      {failure && <FailureWords failure={failure} />}
      {theirs !== null && failure?.done === "unknown" && <p>Read again, it is still <bdi class="draft">{theirs || "(empty)"}</bdi>.</p>}
      {mine !== null && <p>Your text is kept: <bdi class="draft">{mine || "(empty)"}</bdi></p>}
      <p class="buttons">
        <button class="main" onClick={() => writeMineAgain(value.id)}>{trouble ? "Try again" : "Save"}</button>
        <button onClick={() => discardDraft(value.id)}>{mine === null ? "Dismiss" : "Discard"}</button>
      </p>
    </div>
  );
}
