// What the panel keeps of the open document besides what it shows.

import type { DocumentIds } from "./server.ts";
import { state } from "./state.ts";
import type { PageAnswer, Value } from "./wire.ts";

/** A page that was read, when, and how many writes had ended then. */
export interface KeptPage {
  answer: PageAnswer;
  at: number;
  writes: number;
}

export const session = {
  ids: null as DocumentIds | null,
  /** Writes that have ended: what was read before the last one may be out of date. */
  writes: 0,
  /** Settled when all that was typed or marked so far is saved, or not, and the page read again. */
  saves: Promise.resolve() as Promise<unknown>,
  pages: new Map<number, KeptPage>(),
  /** Documents that were open, not to offer them as the next one again. */
  seen: new Set<string>(),
};

export function openIds(): DocumentIds {
  if (session.ids === null) throw new Error("no document is open");
  return session.ids;
}

/** A value of the present page. */
export function valueOf(id: string | null | undefined): Value | null {
  return state.answer?.values.find((value) => value.id === id) ?? null;
}

export function pageNumber(): number {
  return state.answer?.page.page_number ?? 0;
}

export function isReadOnly(): boolean {
  return state.answer?.document.read_only ?? true;
}
