// Calls of the server's tools through the host.

import { request } from "./bridge.ts";
import { type Failure, type Outcome, outcomeOf, outcomeOfError, readFailureOf } from "./outcome.ts";
import {
  type JsonObject, type PageAnswer, pageAnswerOf, type PanelAnswer, panelAnswerOf, structuredOf, type ToolResult,
} from "./wire.ts";

const KEY = "docreview/panel";
const READ_SECONDS = 60;
// Hosts may ask their person about each call, who may take a while.
const WRITE_SECONDS = 180;

export interface DocumentIds {
  workflow_id: string;
  document_id: string;
}

let key: string | null = null;

/** Keeps the panel key that came with an answer, to send it along from now on. */
export function keepKey(result: ToolResult): void {
  const given = result._meta?.[KEY];
  if (typeof given === "string") key = given;
}

export function openPanel(ids: DocumentIds): Promise<PanelAnswer | Failure> {
  return readShaped("review_panel", { ...ids }, panelAnswerOf);
}

/** Reads a page; without its picture, the size of the page is left out as well. */
export function fetchPage(ids: DocumentIds, page_number: number, picture: boolean): Promise<PageAnswer | Failure> {
  return readShaped("review_panel_page", { ...ids, page_number, picture }, pageAnswerOf);
}

export function read(tool: string, values: JsonObject): Promise<JsonObject | Failure> {
  return readShaped(tool, values, (answer) => answer);
}

/** Calls a tool that writes; never throws, so that what was typed can be kept whatever happens. */
export async function write(tool: string, values: JsonObject): Promise<Outcome> {
  try {
    return outcomeOf(await call(tool, values, WRITE_SECONDS));
  } catch (error) {
    return outcomeOfError(error);
  }
}

async function readShaped<T>(
  tool: string, values: JsonObject, shape: (answer: JsonObject | null) => T | null,
): Promise<T | Failure> {
  try {
    const result = await call(tool, values, READ_SECONDS);
    keepKey(result);
    return (result.isError ? null : shape(structuredOf(result))) ?? readFailureOf(result);
  } catch (error) {
    return outcomeOfError(error);
  }
}

async function call(name: string, values: JsonObject, seconds: number): Promise<ToolResult> {
  const meta = key === null ? {} : { _meta: { [KEY]: key } };
  return (await request("tools/call", { name, arguments: values, ...meta }, seconds)) as ToolResult;
}
