// Zoom and turn, by buttons, keys, wheel and pinch.

import { state, type Turn, update } from "../state.ts";

const STEP = 1.25;
const MOST = 6;

/** The scale at which the page is as wide as there is room; set by the picture when it is drawn. */
export const zoomLimits = { fit: 1 };

export function zoomAt(factor: number): void {
  const { zoom } = state;
  const scale = (zoom === "width" ? zoomLimits.fit : zoom) * factor;
  update({ zoom: Math.min(Math.max(scale, zoomLimits.fit / 3), Math.max(MOST, zoomLimits.fit)) });
}

export function zoomIn(): void {
  zoomAt(STEP);
}

export function zoomOut(): void {
  zoomAt(1 / STEP);
}

export function fitWidth(): void {
  update({ zoom: "width" });
}

export function turnPage(): void {
  const { turn } = state;
  update({ turn: ((turn + 90) % 360) as Turn, zoom: "width" });
}
