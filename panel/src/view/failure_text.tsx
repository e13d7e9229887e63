// Why something was not done, whether anything was changed, and what to do.

import { Fragment, h } from "preact";
import { request } from "../bridge.ts";
import { doneInWords, type Failure } from "../outcome.ts";
import { say, state } from "../state.ts";

const LINK_SECONDS = 30;

export function FailureWords({ failure }: { failure: Failure }) {
  const { message, done, next, link } = failure;
  return (
    <>
      <p><bdi>{message}</bdi> {message.includes("Nothing was sent") ? "" : doneInWords(done)}</p>
      {next && <p class="reason"><bdi>{next}</bdi></p>}
      {link && <BrowserLink address={link} />}
    </>
  );
}

export function FailureText({ failure }: { failure: Failure | null }) {
  return failure && <div class="trouble" role="alert"><FailureWords failure={failure} /></div>;
}

/** Opens the browser's panel through the host, or shows its address where the host opens nothing. */
export function BrowserLink({ address }: { address: string }) {
  if (!("openLinks" in state.capabilities)) return <p>In the browser: <bdi class="draft">{address}</bdi></p>;
  const open = (): void => {
    request("ui/open-link", { url: address }, LINK_SECONDS).catch(() => say("The host did not open the browser."));
  };
  return <p class="buttons"><button onClick={open}>Open in the browser</button></p>;
}
