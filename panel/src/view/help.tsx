// The keys, and whether they are on.

import { h } from "preact";
import { DialogFrame } from "./dialog_frame.tsx";
import { KEYS } from "../keyboard.ts";
import { closeDialog, state, update } from "../state.ts";

export function Help() {
  return (
    <DialogFrame title="Keys" onClose={closeDialog}>
      <p class="quiet">They work while the focus is in this panel and not in a text.</p>
      <table class="keys">
        <tbody>
          {KEYS.map(([keys, meaning]) => (
            <tr key={keys}><th scope="row"><kbd>{keys}</kbd></th><td>{meaning}</td></tr>
          ))}
        </tbody>
      </table>
      <p>
        <label class="switch">
          <input type="checkbox" checked={state.keysOn} onChange={() => update({ keysOn: !state.keysOn })} /> Single-letter keys are on
        </label>
      </p>
      <p class="buttons"><button class="main" data-first onClick={closeDialog}>Close</button></p>
    </DialogFrame>
  );
}
