// The history of the document from the server's journal, with an undo for each change.

import { Fragment, h } from "preact";
import { DialogFrame } from "./dialog_frame.tsx";
import { FailureText } from "./failure_text.tsx";
import { momentInWords } from "./words.ts";
import { undoEntries } from "../changes.ts";
import { showHistory } from "../decisions.ts";
import { nameOf } from "../reading.ts";
import { closeDialog, type Dialog, type HistoryEntry, state } from "../state.ts";
import { isObject } from "../wire.ts";

export function History({ entries, older, failure }: Dialog & { kind: "history" }) {
  const undo = async (entry: HistoryEntry, label: string): Promise<void> => {
    if (await undoEntries([entry.entry], label)) await showHistory();
  };
  return (
    <DialogFrame title="History of this document" onClose={closeDialog} wide>
      <FailureText failure={failure} />
      {entries.length === 0 && !failure && <p>Nothing was changed through this server.</p>}
      <ol class="history" tabIndex={0} aria-label="Changes, the newest first">
        {entries.map((entry) => {
          const name = nameOfEntry(entry);
          const what = entry.tool.replace(/^\w+?_/, "").replaceAll("_", " ");
          return (
            <li key={entry.entry}>
              <p>
                {name && <><bdi class="name">{name}</bdi> </>}
                <b>{what}</b> {isObject(entry.before) || isObject(entry.after) ? <bdi>{changeInWords(entry)}</bdi> : null}
                {entry.outcome !== "done" && <span class="word failed"> {entry.outcome}</span>}
              </p>
              <p class="quiet">
                {entry.at && momentInWords(entry.at)} · <bdi>{entry.by}</bdi>
                {entry.via === "panel" && ", in a panel"}
                {entry.agreed && `, agreed: ${entry.agreed}`}
                {entry.undone_by !== undefined && " · undone"}
                {entry.not_undoable && <> · <bdi>{entry.not_undoable}</bdi></>}
              </p>
              {entry.undoable && (
                <button disabled={state.busy !== null} onClick={() => undo(entry, `${name} ${what}`)}>
                  Undo{putBack(entry)}
                </button>
              )}
            </li>
          );
        })}
      </ol>
      <p class="buttons">
        {older && <button onClick={() => showHistory(entries.at(-1)?.entry ?? null)}>Older</button>}
        <button class="main" data-first onClick={closeDialog}>Close</button>
      </p>
    </DialogFrame>
  );
}

function nameOfEntry({ arguments: values }: HistoryEntry): string {
  const id = values?.["field_data_id"] ?? values?.["cell_id"];
  if (typeof id === "string") return nameOf(id);
  return typeof values?.["field_name"] === "string" ? values["field_name"] : "";
}

/** What an entry changed, old and new, in the words of the journal. */
function changeInWords({ before, after }: HistoryEntry): string {
  const [old, now] = [mainOf(before), mainOf(after)];
  if (old !== null && now !== null) return `${old || "(empty)"} → ${now || "(empty)"}`;
  return now ?? (old === null ? "" : `was ${old || "(empty)"}`);
}

function mainOf(state: unknown): string | null {
  if (!isObject(state)) return null;
  const main = state["value"] ?? state["text"] ?? state["verification_status"] ?? state["is_approved"] ?? state["member"];
  return main === undefined || main === null ? null : String(main);
}

function putBack(entry: HistoryEntry): string {
  const old = mainOf(entry.before);
  return old === null ? "" : `: puts back “${old}”`;
}
