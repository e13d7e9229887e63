// What the server's panel tools answer, and how it is got out of a tool result.

export type Box = readonly [number, number, number, number];

export interface DocumentFacts {
  workflow_id: string;
  document_id: string;
  name: string;
  stage: string | null;
  approved: boolean;
  assigned_to: readonly string[];
  page_numbers: readonly number[];
  doubtful_by_page: Readonly<Record<string, number>>;
  approve: { allowed: boolean; reasons: readonly string[] };
  read_only: boolean;
}

export interface PageFacts {
  page_number: number;
  page_id: string;
  width: number;
  height: number;
}

export interface Picture {
  mime: string;
  data: string;
  width: number;
  height: number;
}

export interface LastEntry {
  entry: number;
  tool: string;
  who: string;
  when: string;
  undoable: boolean;
}

export interface Value {
  id: string;
  kind: "field" | "cell";
  name: string;
  value: string;
  confidence: number | null;
  box: Box | null;
  status: string;
  doubtful: boolean;
  why: string | null;
  message: string | null;
  corrected: boolean;
  table_id: string | null;
  row: number | null;
  column: number | null;
  last_entry: LastEntry | null;
  /** Characters of the whole text, if `value` is only its beginning. */
  cut?: number;
}

export interface Table {
  id: string;
  name: string;
  columns: readonly string[];
}

export interface Check {
  check: string;
  message: string;
  value_ids: readonly string[];
}

export interface PageAnswer {
  document: DocumentFacts;
  page: PageFacts;
  picture: Picture | null;
  picture_note: string | null;
  values: readonly Value[];
  tables: readonly Table[];
  checks: readonly Check[];
  /** What did not fit into the answer. */
  left_out?: { values: number };
}

export interface PanelAnswer {
  document: { workflow_id: string; document_id: string };
  page_number: number;
  browser: string | null;
}

export interface ToolResult {
  content?: readonly { type: string; text?: string }[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta?: Record<string, unknown>;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The structured part of a result, or the same as its text; null where a host has cut it to something else. */
export function structuredOf(result: ToolResult): JsonObject | null {
  if (isObject(result.structuredContent)) return result.structuredContent;
  try {
    const parsed: unknown = JSON.parse(textOf(result));
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

export function textOf(result: ToolResult): string {
  return result.content?.find((block) => block.type === "text")?.text ?? "";
}

export function pageAnswerOf(answer: JsonObject | null): PageAnswer | null {
  const isWhole = isObject(answer?.["document"]) && isObject(answer["page"]) && Array.isArray(answer["values"]);
  return isWhole ? (answer as unknown as PageAnswer) : null;
}

export function panelAnswerOf(answer: JsonObject | null): PanelAnswer | null {
  return isObject(answer?.["document"]) && typeof answer["page_number"] === "number"
    ? (answer as unknown as PanelAnswer)
    : null;
}
