// The bar at the top: which document and page, zoom, and what can be decided.

import { Fragment, h } from "preact";
import { fitWidth, turnPage, zoomIn, zoomOut } from "./zoom.ts";
import { countsOf, tellChat } from "../changes.ts";
import { openNextDocument, showHistory, startApproval, takeApprovalBack } from "../decisions.ts";
import { changeMode } from "../host.ts";
import { showPage } from "../reading.ts";
import { openDialog, state, update } from "../state.ts";
import type { PageAnswer } from "../wire.ts";

interface Props {
  answer: PageAnswer;
}

export function Toolbar({ answer }: Props) {
  const { document } = answer;
  const { host, busy, capabilities } = state;
  const modes = host.availableDisplayModes ?? [];
  const left = Object.values(document.doubtful_by_page).reduce((sum, count) => sum + count, 0);
  return (
    <header>
      <div class="title">
        <h1 title={document.name}><bdi>{document.name}</bdi></h1>
        <p>
          {document.stage && <><bdi>{document.stage}</bdi> · </>}
          {document.approved ? "approved" : left === 0 ? "no doubtful value" : `${left} doubtful`}
          {document.assigned_to.length > 0 && <> · <bdi>{document.assigned_to.join(", ")}</bdi></>}
          {document.read_only && " · read only"}
        </p>
      </div>
      <nav class="buttons" aria-label="Document">
        {!document.read_only && (document.approved ? (
          <button disabled={busy !== null} onClick={() => takeApprovalBack()}>Take approval back</button>
        ) : (
          <button class="main" disabled={busy !== null} onClick={() => startApproval()}>Approve</button>
        ))}
        <button disabled={busy !== null} onClick={() => openNextDocument()}>Next document</button>
        {!document.read_only && (
          <button onClick={() => openDialog({ kind: "assign", failure: null })}>Assign</button>
        )}
        <button onClick={() => showHistory()}>History</button>
        {"message" in capabilities && countsOf() && <button onClick={() => tellChat()}>Tell the chat</button>}
        {modes.includes("fullscreen") && modes.includes("inline") && (
          <button aria-pressed={host.displayMode === "fullscreen"} onClick={() => changeMode()}>
            Full screen
          </button>
        )}
        <button aria-label="Keys and help" onClick={() => openDialog({ kind: "help" })}>?</button>
      </nav>
    </header>
  );
}

export function PageBar({ answer }: Props) {
  const { page, document } = answer;
  const numbers = document.page_numbers;
  const index = numbers.indexOf(page.page_number);
  const go = (number: number | undefined): void => { if (number !== undefined) void showPage(number); };
  return (
    <div class="bar" role="toolbar" aria-label="Page">
      {numbers.length > 1 && (
        <span class="pages">
          <button aria-label="Previous page" disabled={index <= 0} onClick={() => go(numbers[index - 1])}>‹</button>
          <select aria-label="Page" value={String(state.turningTo ?? page.page_number)} onChange={(event) => go(Number(event.currentTarget.value))}>
            {numbers.map((number) => {
              const doubtful = document.doubtful_by_page[number] ?? 0;
              return <option key={number} value={String(number)}>{`Page ${number} of ${numbers.length}${doubtful ? `: ${doubtful} doubtful` : ""}`}</option>;
            })}
          </select>
          <button aria-label="Next page" disabled={index === numbers.length - 1} onClick={() => go(numbers[index + 1])}>›</button>
        </span>
      )}
      <span class="zoom">
        <button aria-label="Zoom out" onClick={() => zoomOut()}>−</button>
        <button aria-label="Zoom in" onClick={() => zoomIn()}>+</button>
        <button onClick={() => fitWidth()}>Fit</button>
        <button onClick={() => turnPage()}>Turn</button>
        {!document.read_only && (
          <button
            aria-pressed={state.drawing}
            onClick={() => update({ drawing: !state.drawing })}
          >
            Draw
          </button>
        )}
      </span>
    </div>
  );
}
