// What came of a call: one of a few kinds, each of which says whether anything was changed.

import { HostError, NoAnswer } from "./bridge.ts";
import { isObject, type JsonObject, structuredOf, textOf, type ToolResult } from "./wire.ts";

export type Done = "no" | "yes" | "unknown";

export interface Failure {
  kind: "conflict" | "refused" | "unknown";
  message: string;
  next: string;
  done: Done;
  /** Where a person can agree to it, if only there. */
  link?: string;
}

/** The server wants a person's agreement; the code stands for this call as it was. */
export interface Question {
  kind: "question";
  summary: string;
  code: string;
  expiresAt: number;
}

export interface Success {
  kind: "done" | "already";
  answer: JsonObject;
  entries: readonly number[];
  undoable: boolean;
  whyNotUndoable: string;
}

export type Outcome = Success | Question | Failure;

const MAX_MESSAGE = 600;
const CUT = "The host did not pass the server's answer on as it was.";

export function outcomeOf(result: ToolResult): Outcome {
  const answer = structuredOf(result);
  if (answer === null) {
    const text = textOf(result).slice(0, MAX_MESSAGE);
    return result.isError ? unclear("refused", text) : unclear("unknown", CUT);
  }
  const notes = isObject(answer["docreview"]) ? answer["docreview"] : {};
  if (isObject(answer["error"])) return failureOf(answer["error"], notes);
  const [failure] = [...listOf(answer["failed"]), ...listOf(answer["unknown"])];
  if (failure) return failureOf(failure, notes);
  // By item one number or several, or null where no journal is kept.
  const done = isObject(answer["done"]) ? Object.values(answer["done"]) : [];
  return {
    kind: isObject(answer["counts"]) && done.length === 0 ? "already" : "done",
    answer,
    entries: done.flat().filter((entry) => typeof entry === "number"),
    undoable: notes["undoable"] === true,
    whyNotUndoable: isObject(notes["not_undoable"]) ? Object.values(notes["not_undoable"]).join(" ") : "",
  };
}

export function outcomeOfError(error: unknown): Failure {
  if (error instanceof NoAnswer) return unclear("unknown", error.message);
  const text = String(error instanceof HostError ? error.message : error).slice(0, MAX_MESSAGE);
  return error instanceof HostError
    ? unclear("refused", `The host did not carry out the call: ${text}`)
    : unclear("unknown", text);
}

/** Why a result cannot be shown. */
export function readFailureOf(result: ToolResult): Failure {
  const outcome = outcomeOf(result);
  return isFailure(outcome) ? outcome : unclear("unknown", CUT);
}

export function isFailure(outcome: object): outcome is Failure {
  return ["refused", "unknown", "conflict"].includes((outcome as Partial<Failure>).kind ?? "");
}

/** In words for a person what of a failed write was done. */
export function doneInWords(done: Done): string {
  return {
    no: "Nothing was changed.",
    yes: "It was changed all the same.",
    unknown: "It is not known whether anything was changed.",
  }[done];
}

function unclear(kind: Failure["kind"], message: string): Failure {
  return { kind, message, next: "", done: "unknown" };
}

function listOf(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function failureOf(error: JsonObject, notes: JsonObject): Failure | Question {
  const code = String(error["code"] ?? "error");
  if (code === "needs_confirmation" && typeof notes["confirm"] === "string") {
    const seconds = Number(notes["expires_in_seconds"] ?? 300);
    const summary = String(notes["summary"] ?? error["message"] ?? "");
    return { kind: "question", summary, code: notes["confirm"], expiresAt: Date.now() + seconds * 1000 };
  }
  const done = error["done"] === "yes" || error["done"] === "unknown" ? error["done"] : "no";
  return {
    kind: code === "conflict" ? "conflict" : done === "unknown" ? "unknown" : "refused",
    message: String(error["message"] ?? "").replace(/^review_\w+: (changes\.0[.\w]*: )?/, ""),
    next: String(error["next"] ?? ""),
    done,
    ...(typeof notes["browser"] === "string" ? { link: notes["browser"] } : {}),
  };
}
