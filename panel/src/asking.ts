// A write that the server wants agreed to: its summary is shown, and a person's click sends the code.

import { type Failure, isFailure, type Outcome, type Question, type Success } from "./outcome.ts";
import { write } from "./server.ts";
import { session } from "./session.ts";
import { state, update } from "./state.ts";
import type { JsonObject } from "./wire.ts";

const DECLINED: Failure = {
  kind: "refused", message: "You did not agree.", next: "", done: "no",
};

let lastAsked: Promise<unknown> = Promise.resolve();

/**
 * Carries out a write, asking the person if the server wants that.
 *
 * `title` and `lines` say in the panel's words what it is about, beside the server's summary.
 */
export async function carryOut(
  tool: string, values: JsonObject, title: string, lines: readonly string[] = [],
): Promise<Success | Failure> {
  let outcome: Outcome = await write(tool, values);
  while (outcome.kind === "question") {
    const question: Question = outcome;
    if (!(await agreed(title, lines, question))) return DECLINED;
    const isExpired = Date.now() > question.expiresAt;
    outcome = await write(tool, isExpired ? values : { ...values, confirm: question.code });
  }
  if (!isFailure(outcome) || outcome.done !== "no") session.writes += 1;
  return outcome;
}

/** One question after the other, should two writes ask at once. */
function agreed(title: string, lines: readonly string[], question: Question): Promise<boolean> {
  const asked = lastAsked.then(() => new Promise<boolean>((resolve) => {
    const dialogBefore = state.dialog;
    const answer = (isYes: boolean) => (): void => {
      update({ dialog: dialogBefore });
      resolve(isYes);
    };
    update({
      dialog: { kind: "question", title, lines, question, agree: answer(true), cancel: answer(false) },
    });
  }));
  lastAsked = asked;
  return asked;
}
