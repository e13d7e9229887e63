// Where a box of the page lies on the sheet that is turned, and back.

import type { Turn } from "../state.ts";
import type { Box } from "../wire.ts";

export interface Size {
  width: number;
  height: number;
}

export function turned({ width, height }: Size, turn: Turn): Size {
  return turn === 90 || turn === 270 ? { width: height, height: width } : { width, height };
}

/** A point of the page on the turned sheet. */
export function onSheet(x: number, y: number, page: Size, turn: Turn): [number, number] {
  if (turn === 90) return [page.height - y, x];
  if (turn === 180) return [page.width - x, page.height - y];
  if (turn === 270) return [y, page.width - x];
  return [x, y];
}

/** A point of the turned sheet on the page. */
export function onPage(x: number, y: number, page: Size, turn: Turn): [number, number] {
  if (turn === 90) return [y, page.height - x];
  if (turn === 180) return [page.width - x, page.height - y];
  if (turn === 270) return [page.width - y, x];
  return [x, y];
}

export function boxOf(one: readonly [number, number], other: readonly [number, number]): Box {
  return [Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[0], other[0]), Math.max(one[1], other[1])];
}

export function boxOnSheet([x1, y1, x2, y2]: Box, page: Size, turn: Turn): Box {
  return boxOf(onSheet(x1, y1, page, turn), onSheet(x2, y2, page, turn));
}

/** The transformation that lays the page, `scale` pixels for one of its own, on the turned sheet. */
export function transformOf(page: Size, turn: Turn, scale: number): string {
  const [x, y] = { 0: [0, 0], 90: [page.height, 0], 180: [page.width, page.height], 270: [0, page.width] }[turn] as [number, number];
  return `translate(${x * scale}px, ${y * scale}px) rotate(${turn}deg)`;
}

const LEAST_TEXT = 13;
const GOOD_TEXT = 20;
const MOST_OF_ROOM = 0.94;

/** The scale at which a box can be read and seen as a whole: the present one if that is good enough. */
export function readableScale([x1, y1, x2, y2]: Box, room: Size, scale: number, least: number): number {
  const [width, height] = [Math.max(1, x2 - x1), Math.max(1, y2 - y1)];
  const fits = MOST_OF_ROOM * Math.min(room.width / width, room.height / height);
  if (scale > fits * 1.05) return Math.max(least / 2, fits);
  // The shorter side is the height of the text, also of a text that lies on its side.
  const text = Math.min(width, height);
  return text * scale >= LEAST_TEXT ? scale : Math.max(scale, Math.min(GOOD_TEXT / text, fits));
}
