// Where a box of the page lies on the sheet that is turned, and back.

import type { Turn } from "../state.ts";
import type { Box } from "../wire.ts";

const { max, min } = Math;

export interface Size {
  width: number;
  height: number;
}

/** A place: from the left, from the top. */
export type Point = readonly [number, number];

export function turned({ width, height }: Size, turn: Turn): Size {
  return turn === 90 || turn === 270 ? { width: height, height: width } : { width, height };
}

/** Lays the page on the turned sheet. */
export function turnOf(page: Size, turn: Turn): DOMMatrix {
  const { width, height } = turned(page, turn);
  return new DOMMatrix().translate(width / 2, height / 2).rotate(turn).translate(-page.width / 2, -page.height / 2);
}

export function pointBy(matrix: DOMMatrix, x: number, y: number): Point {
  const point = matrix.transformPoint({ x, y });
  return [point.x, point.y];
}

export function boxOf(one: Point, other: Point): Box {
  return [min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1])];
}

const LEAST_TEXT = 13;
const GOOD_TEXT = 20;
const MOST_OF_ROOM = 0.94;

/** The scale at which a box can be read and seen as a whole: the present one if that is good enough. */
export function readableScale([x1, y1, x2, y2]: Box, room: Size, scale: number, least: number): number {
  const [width, height] = [max(1, x2 - x1), max(1, y2 - y1)];
  const fits = MOST_OF_ROOM * min(room.width / width, room.height / height);
  if (scale > fits * 1.05) return max(least / 2, fits);
  // The shorter side is the height of the text, also of a text that lies on its side.
  const text = min(width, height);
  return text * scale >= LEAST_TEXT ? scale : max(scale, min(GOOD_TEXT / text, fits));
}
