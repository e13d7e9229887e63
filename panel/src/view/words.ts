// How confidence, status and moments are said.

import { state } from "../state.ts";
import type { Value } from "../wire.ts";

export type Tone = "low" | "medium" | "high" | "none" | "verified" | "failed";

const LOW = 0.5;
const MEDIUM = 0.8;

/** The tone (colour) of a value: its mark if it has one, else its confidence. */
export function toneOf(value: Value): Tone {
  if (value.status === "verified") return "verified";
  if (value.status === "failed") return "failed";
  if (value.confidence === null) return value.doubtful ? "medium" : "none";
  if (value.confidence < LOW) return "low";
  return value.confidence < MEDIUM || value.doubtful ? "medium" : "high";
}

/** Status or confidence in a word, with the percentage where it is known. */
export function toneInWords(value: Value): string {
  const tone = toneOf(value);
  if (tone === "verified") return value.corrected ? "corrected" : "verified";
  if (tone === "failed") return "failed";
  if (value.confidence === null) return value.doubtful ? "doubtful" : "no confidence";
  return `${tone} ${Math.round(value.confidence * 100)} %`;
}

/** A moment as the host's person writes it; values of the document are never formatted. */
export function momentInWords(when: string): string {
  const { locale, timeZone } = state.host;
  try {
    return new Date(when).toLocaleString(locale, { dateStyle: "medium", timeStyle: "short", timeZone });
  } catch {
    return when;
  }
}
