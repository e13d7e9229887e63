// The page: its picture with a box for each value; zoom, pan, turn, and drawing a box.

import { Component, type ComponentChildren, h } from "preact";
import { boxOf, type Point, pointBy, readableScale, type Size, turned, turnOf } from "./geometry.ts";
import { memo } from "./memo.tsx";
import { toneOf } from "./words.ts";
import { zoomAt, zoomLimits } from "./zoom.ts";
import { select, selectionOf } from "../reading.ts";
import { valueOf } from "../session.ts";
import { openDialog, state, update } from "../state.ts";
import type { Box, PageAnswer, Value } from "../wire.ts";

const { hypot, max, min, round } = Math;
const MARGIN = 12;
const MOVED = 4;
const LEAST_BOX = 3;

/** A pointer that is down: where it went down on the screen and on the page, and how far the room was scrolled. */
interface Drag {
  from: Point;
  start: Point;
  scroll: Point;
  box: string | null;
  hasMoved: boolean;
}

export class PagePicture extends Component<{ answer: PageAnswer }> {
  room!: HTMLElement;
  size: Size = { width: 0, height: 0 };
  drag: Drag | null = null;
  drawn: Box | null = null;
  shown = "";
  scale = 0;
  lastScale = 0;
  /** What stays in its place when the scale changes, from the corner of the room; else the middle. */
  anchor: Point | null = null;
  fingers = 0;

  keepRoom = (element: HTMLElement | null): void => {
    if (element) this.room = element;
  };

  override componentDidMount(): void {
    for (const type of ["wheel", "touchstart", "touchmove"]) {
      this.room.addEventListener(type, this.zoomByHand as EventListener, { passive: false });
    }
    new ResizeObserver(() => {
      this.size = { width: this.room.clientWidth, height: this.room.clientHeight };
      this.forceUpdate();
    }).observe(this.room);
  }

  override componentDidUpdate(): void {
    const { scale, lastScale, size, room } = this;
    const box = this.#selectedBox();
    const { page } = this.props.answer;
    const key = [state.selected?.id, box, state.turn, page.page_id, size.width, size.height].join();
    this.lastScale = scale;
    if (size.width === 0) return;
    if (key !== this.shown && box) {
      const turn = turnOf(page, state.turn);
      const onSheet = boxOf(pointBy(turn, box[0], box[1]), pointBy(turn, box[2], box[3]));
      const readable = readableScale(onSheet, size, scale, zoomLimits.fit);
      if (Math.abs(readable - scale) > 0.001) {
        update({ zoom: readable });
        return;
      }
      bringIntoView(room, onSheet, scale);
    } else if (scale !== lastScale && lastScale > 0) {
      const [x, y] = this.anchor ?? [size.width / 2, size.height / 2];
      const factor = scale / lastScale;
      room.scrollTo((room.scrollLeft + x) * factor - x, (room.scrollTop + y) * factor - y);
    }
    this.shown = key;
    this.anchor = null;
  }

  #selectedBox(): Box | null {
    return valueOf(state.selected?.id)?.box ?? null;
  }

  /** Control and the wheel, or two fingers. */
  zoomByHand = (event: WheelEvent | TouchEvent): void => {
    const points: Point[] = event instanceof WheelEvent ? [[event.clientX, event.clientY]]
      : [...event.touches].map((touch) => [touch.clientX, touch.clientY]);
    const [one, other = one] = points;
    const isPinch = points.length === 2;
    if (!one || !other || !(isPinch || (event instanceof WheelEvent && (event.ctrlKey || event.metaKey)))) return;
    event.preventDefault();
    const distance = hypot(one[0] - other[0], one[1] - other[1]);
    const edge = this.room.getBoundingClientRect();
    this.anchor = [(one[0] + other[0]) / 2 - edge.left, (one[1] + other[1]) / 2 - edge.top];
    if (event instanceof WheelEvent) zoomAt(Math.exp(-event.deltaY / 300));
    else if (event.type === "touchmove") zoomAt(distance / this.fingers);
    this.fingers = distance;
  };

  #onPage(event: PointerEvent): Point {
    const edge = (this.room.firstChild as HTMLElement).getBoundingClientRect();
    const { scale } = this;
    const back = turnOf(this.props.answer.page, state.turn).inverse();
    return pointBy(back, (event.clientX - edge.left) / scale, (event.clientY - edge.top) / scale);
  }

  down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const { room } = this;
    const box = (event.target as Element).getAttribute("data-box");
    this.drag = {
      from: [event.clientX, event.clientY], start: this.#onPage(event), scroll: [room.scrollLeft, room.scrollTop], box, hasMoved: false,
    };
    // A finger scrolls by itself.
    if (event.pointerType !== "touch" || state.drawing) room.setPointerCapture(event.pointerId);
  };

  move = (event: PointerEvent): void => {
    const { drag } = this;
    if (!drag) return;
    const [x, y] = [event.clientX - drag.from[0], event.clientY - drag.from[1]];
    drag.hasMoved ||= hypot(x, y) > MOVED;
    if (!drag.hasMoved) return;
    if (state.drawing) {
      this.drawn = boxOf(drag.start, this.#onPage(event));
      this.forceUpdate();
    } else if (event.pointerType !== "touch") {
      this.room.scrollTo(drag.scroll[0] - x, drag.scroll[1] - y);
    }
  };

  up = (event: PointerEvent): void => {
    const { drag, drawn } = this;
    this.drag = null;
    this.drawn = null;
    this.forceUpdate();
    if (!drag || event.type === "pointercancel") return;
    if (drawn) finishBox(drawn, this.props.answer.page);
    else if (!drag.hasMoved && !state.drawing) selectBox(drag.box);
  };

  override render({ answer }: { answer: PageAnswer }) {
    const { page, picture, picture_note: note, values, document: { name } } = answer;
    const { turn, zoom, drawing, turningTo } = state;
    const sheet = turned(page, turn);
    zoomLimits.fit = this.size.width / sheet.width;
    const scale = zoom === "width" ? zoomLimits.fit : zoom;
    this.scale = scale;
    const pixels = ({ width, height }: Size) => ({ width: `${width * scale}px`, height: `${height * scale}px` });
    const scaled = { width: page.width * scale, height: page.height * scale };
    const box = this.#selectedBox();
    return (
      <div
        ref={this.keepRoom}
        class={`room${drawing ? " drawing" : ""}${turningTo === null ? "" : " turning"}`}
        tabIndex={0}
        role="region"
        aria-label={`Picture of page ${page.page_number}`}
        onPointerDown={this.down}
        onPointerMove={this.move}
        onPointerUp={this.up}
        onPointerCancel={this.up}
      >
        <div class="sheet" style={pixels(sheet)}>
          <div class="paper" style={{ ...pixels(page), transform: String(turnOf(scaled, turn)) }}>
            {picture ? (
              <img alt={`Page ${page.page_number} of ${name}`} src={`data:${picture.mime};base64,${picture.data}`} draggable={false} />
            ) : (
              <p class="no-picture">{note ?? "There is no picture of this page."}</p>
            )}
            <Boxes values={values} {...page} />
            <Layer {...page}>
              {box && <BoxShape box={box} kind="chosen" />}
              {this.drawn && <BoxShape box={this.drawn} kind="drawn" />}
            </Layer>
          </div>
        </div>
      </div>
    );
  }
}

const Boxes = memo(function Boxes({ values, width, height }: { values: readonly Value[]; width: number; height: number }) {
  const largestFirst = [...values].sort((one, other) => areaOf(other.box) - areaOf(one.box));
  return (
    <Layer width={width} height={height}>
      {largestFirst.map((value) => value.box && (
        <BoxShape key={value.id} id={value.id} box={value.box} kind={`${value.doubtful ? "doubtful " : ""}${toneOf(value)}`} />
      ))}
    </Layer>
  );
});

function Layer({ width, height, children }: Size & { children?: ComponentChildren }) {
  return <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">{children}</svg>;
}

function BoxShape({ box: [x1, y1, x2, y2], kind, id }: { box: Box; kind: string; id?: string }) {
  return <rect class={kind} data-box={id} x={x1} y={y1} width={max(1, x2 - x1)} height={max(1, y2 - y1)} />;
}

function areaOf(box: Box | null): number {
  return box ? (box[2] - box[0]) * (box[3] - box[1]) : 0;
}

function selectBox(id: string | null): void {
  const value = valueOf(id);
  if (value) select(selectionOf(value));
}

function finishBox([x1, y1, x2, y2]: Box, page: Size): void {
  const box: Box = [
    max(0, round(x1)), max(0, round(y1)),
    min(page.width, round(x2)), min(page.height, round(y2)),
  ];
  if (box[2] - box[0] < LEAST_BOX || box[3] - box[1] < LEAST_BOX) return;
  update({ drawing: false });
  openDialog({ kind: "add-field", box, name: "", text: "", failure: null });
}

/** Scrolls so that a box is seen, with some of its surroundings; not at all if it is. */
function bringIntoView(room: HTMLElement, box: Box, scale: number): void {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box.map((edge) => edge * scale);
  const { scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height } = room;
  const isSeen = x1 >= left && x2 <= left + width && y1 >= top + MARGIN && y2 <= top + height - MARGIN;
  if (!isSeen) room.scrollTo((x1 + x2 - width) / 2, (y1 + y2 - height) / 2);
}
