// What the host says of itself and its surroundings, and what it is told: theme, size, display mode.

import { handle, notify, type Params, request } from "./bridge.ts";
import { type HostContext, say, state, update } from "./state.ts";

const PROTOCOL = "2026-01-26";
const CONNECT_SECONDS = 30;
const INLINE_HEIGHT = { wide: 640, narrow: 780 };
const NARROW = 700;
const LEAST_HEIGHT = 320;

let reported = "";

const panel = (): HTMLElement => document.getElementById("panel") as HTMLElement;

/** Shakes hands with the host; throws what `request` throws. */
export async function connect(): Promise<void> {
  handle("ui/notifications/host-context-changed", apply);
  const appCapabilities = { availableDisplayModes: ["inline", "fullscreen"] };
  const appInfo = { name: "docreview-panel", version: "1" };
  const hello = { protocolVersion: PROTOCOL, appInfo, appCapabilities };
  const answer = (await request("ui/initialize", hello, CONNECT_SECONDS)) as {
    hostCapabilities?: Params;
    hostContext?: HostContext;
  };
  apply(answer.hostContext ?? {});
  update({ capabilities: answer.hostCapabilities ?? {} });
  notify("ui/notifications/initialized");
  addEventListener("resize", fit);
  new ResizeObserver(() => requestAnimationFrame(reportSize)).observe(panel());
}

/** Asks for full screen, or to be inline again; the host decides. */
export async function changeMode(): Promise<void> {
  const wanted = state.host.displayMode === "fullscreen" ? "inline" : "fullscreen";
  try {
    const answer = (await request("ui/request-display-mode", { mode: wanted }, CONNECT_SECONDS)) as { mode?: string };
    apply({ displayMode: answer.mode ?? wanted });
  } catch {
    say("The host did not change the display.");
  }
}

function apply(context: HostContext): void {
  const page = document.documentElement;
  if (context.theme) page.style.colorScheme = context.theme === "dark" ? "dark" : "light";
  for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
    if (name.startsWith("--") && value) page.style.setProperty(name, value);
  }
  if (context.styles?.css?.fonts) useFonts(context.styles.css.fonts);
  for (const [side, pixels] of Object.entries(context.safeAreaInsets ?? {})) {
    page.style.setProperty(`--safe-${side}`, `${pixels}px`);
  }
  update({ host: { ...state.host, ...context } });
  fit();
}

// A real height in pixels: hosts read it from the document, and 100vh would grow with the frame.
function fit(): void {
  const { displayMode, containerDimensions: { height, maxHeight } = {} } = state.host;
  const wanted = innerWidth < NARROW ? INLINE_HEIGHT.narrow : INLINE_HEIGHT.wide;
  const inline = height ?? Math.min(wanted, maxHeight ?? wanted);
  const pixels = displayMode === "fullscreen" ? Math.max(height ?? 0, innerHeight) : inline;
  panel().style.height = `${Math.max(LEAST_HEIGHT, Math.floor(pixels))}px`;
}

function reportSize(): void {
  const { offsetWidth: width, offsetHeight: height } = panel();
  const size = `${width}x${height}`;
  if (size !== reported) notify("ui/notifications/size-changed", { width, height });
  reported = size;
}

function useFonts(rules: string): void {
  const style = document.getElementById("host-fonts") ?? document.head.appendChild(document.createElement("style"));
  style.id = "host-fonts";
  style.textContent = rules;
}
