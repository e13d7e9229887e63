// All that the panel shows, in one object that is replaced when something changes.

import { doneInWords, type Failure, type Question } from "./outcome.ts";
import type { Box, JsonObject, PageAnswer } from "./wire.ts";

/** What a host says of itself, by and by. */
export interface HostContext {
  theme?: string;
  styles?: { variables?: Record<string, string | undefined>; css?: { fonts?: string } };
  displayMode?: string;
  availableDisplayModes?: readonly string[];
  containerDimensions?: { height?: number; maxHeight?: number };
  locale?: string;
  timeZone?: string;
  safeAreaInsets?: Record<"top" | "right" | "bottom" | "left", number>;
}

export type Place = "list" | "grid";
export type Filter = "all" | "doubtful" | "unverified" | "corrected";
export type Turn = 0 | 90 | 180 | 270;

/** A value, and where in the list it is selected: doubtful cells are at the top and in their grid. */
export interface Selection {
  id: string;
  place: Place;
}

/** A text that was typed and is not saved; `base` is the value that the typing began with. */
export interface Draft {
  base: string;
  text: string;
}

/** Why a draft or a mark could not be saved. `theirs` is what is there now, if it was read again. */
export interface Trouble {
  failure: Failure;
  mine: string | null;
  base: string;
  theirs: string | null;
  note: string | null;
}

/** A saved change, as it can be undone from here. */
export interface Change {
  label: string;
  valueId: string | null;
  before: string | null;
  entries: readonly number[];
  undoable: boolean;
  why: string;
  undone: boolean;
}

export interface Message {
  text: string;
  urgent: boolean;
  change: Change | null;
  /** A value to go to, and the page that it is on. */
  show: { selected: Selection; page: number } | null;
}

export interface HistoryEntry {
  entry: number;
  at: string;
  tool: string;
  arguments: JsonObject;
  outcome: string;
  before?: JsonObject | null;
  after?: JsonObject | null;
  by?: string;
  undoable?: boolean;
  not_undoable?: string;
  undone_by?: unknown;
  via?: string;
  agreed?: string;
}

export type Dialog =
  | { kind: "help" }
  | { kind: "history"; entries: readonly HistoryEntry[]; older: boolean; failure: Failure | null }
  | { kind: "assign"; failure: Failure | null }
  | { kind: "note"; id: string }
  | { kind: "add-field"; box: Box | null; name: string; text: string; failure: Failure | null }
  | { kind: "add-row"; tableId: string; texts: readonly string[]; failure: Failure | null }
  | { kind: "approve"; reasons: readonly string[]; allowed: boolean; failure: Failure | null }
  | { kind: "question"; title: string; lines: readonly string[]; question: Question; agree: () => void; cancel: () => void };

export interface State {
  phase: "waiting" | "reading" | "ready" | "failed";
  failure: Failure | null;
  answer: PageAnswer | null;
  browser: string | null;
  /** The number of a page that is on its way. */
  turningTo: number | null;
  /** Why the page could not be read again after a write. */
  stale: string | null;
  selected: Selection | null;
  editing: Selection | null;
  drafts: ReadonlyMap<string, Draft>;
  troubles: ReadonlyMap<string, Trouble>;
  saving: ReadonlySet<string>;
  /** Values of this page that were doubtful when it was opened: they stay at the top when they are checked. */
  toCheck: ReadonlySet<string>;
  filter: Filter;
  /** Values that passed the filter when it was chosen: they stay in the list when they are changed. */
  held: ReadonlySet<string>;
  changes: readonly Change[];
  dialog: Dialog | null;
  busy: string | null;
  message: Message | null;
  keysOn: boolean;
  /** Pixels on the screen for one of the page, or as wide as there is room. */
  zoom: number | "width";
  turn: Turn;
  drawing: boolean;
  /** Goes up by one each time the focus is to go to the selected value. */
  focus: number;
  host: HostContext;
  /** What the host can do, by name. */
  capabilities: JsonObject;
}

/** What a document begins with. */
export const FRESH = {
  failure: null, answer: null, browser: null, turningTo: null, stale: null,
  selected: null, editing: null, drafts: new Map(), troubles: new Map(), saving: new Set<string>(), toCheck: new Set<string>(),
  filter: "all", held: new Set<string>(), changes: [], dialog: null, busy: null, message: null,
  zoom: "width", turn: 0, drawing: false,
} satisfies Partial<State>;

const INITIAL: State = { ...FRESH, phase: "waiting", keysOn: true, focus: 0, host: {}, capabilities: {} };

/** The present state: read it anew after anything that takes time. */
export let state: State = INITIAL;

let redraw = (): void => undefined;

export function onUpdate(listener: () => void): void {
  redraw = listener;
}

export function update(change: Partial<State>): void {
  state = { ...state, ...change };
  redraw();
}

/** Says what happened, also to screen readers. */
export function say(text: string, more: Partial<Message> = {}): void {
  update({ message: { text, urgent: false, change: null, show: null, ...more } });
}

/** Says why something was not done, and whether anything was changed all the same. */
export function sayFailure(text: string, { message, done }: Failure): void {
  say(`${text} ${message} ${doneInWords(done)}`, { urgent: true });
}

export function openDialog(dialog: Dialog): void {
  update({ dialog });
}

export function closeDialog(): void {
  update({ dialog: null });
}

export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | null): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === null) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

export function withMember<K>(set: ReadonlySet<K>, member: K, isIn: boolean): ReadonlySet<K> {
  const copy = new Set(set);
  if (isIn) copy.add(member);
  else copy.delete(member);
  return copy;
}
