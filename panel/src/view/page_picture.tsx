// The page: its picture with a box for each value; zoom, pan, turn, and drawing a box.

import { h } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { boxOf, boxOnSheet, onPage, readableScale, type Size, transformOf, turned } from "./geometry.ts";
import { memo } from "./memo.tsx";
import { toneOf } from "./words.ts";
import { zoomAt, zoomLimits } from "./zoom.ts";
import { placeOf, select } from "../reading.ts";
import { type Selection, type Turn, update } from "../state.ts";
import type { Box, PageFacts, Picture, Value } from "../wire.ts";

const MARGIN = 12;
const MOVED = 4;
const LEAST_BOX = 3;

interface Props {
  page: PageFacts;
  picture: Picture | null;
  note: string | null;
  name: string;
  values: readonly Value[];
  selected: Selection | null;
  zoom: number | "width";
  turn: Turn;
  drawing: boolean;
  turning: boolean;
}

interface Anchor {
  x: number;
  y: number;
  left: number;
  top: number;
}

export const PagePicture = memo(function PagePicture(props: Props) {
  const { page, picture, note, name, values, selected, zoom, turn, drawing, turning } = props;
  const room = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | null>(null);
  const isToBeShown = useRef(true);
  const lastScale = useRef(0);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [drawn, setDrawn] = useState<Box | null>(null);
  const sheet = turned(page, turn);
  const fit = size.width / sheet.width;
  const scale = zoom === "width" ? fit : zoom;
  zoomLimits.fit = fit;

  useLayoutEffect(() => {
    const element = room.current;
    if (!element) return undefined;
    const measure = (): void => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const box = values.find((value) => value.id === selected?.id)?.box ?? null;
  const onSheet = box && boxOnSheet(box, page, turn);

  // Another value, page or turn: the box is shown as soon as the scale is one at which it can be read.
  useLayoutEffect(() => { isToBeShown.current = true; }, [selected?.id, box?.join(), turn, page.page_id, size]);
  useLayoutEffect(() => {
    const element = room.current;
    const factor = scale / lastScale.current;
    lastScale.current = scale;
    if (!element || size.width === 0) return;
    if (isToBeShown.current && onSheet) {
      const readable = readableScale(onSheet, size, scale, fit);
      if (Math.abs(readable - scale) > 0.001) {
        update({ zoom: readable });
        return;
      }
      bringIntoView(element, onSheet, scale);
    } else if (factor !== 1 && Number.isFinite(factor)) {
      keepInPlace(element, factor, anchor.current);
    }
    isToBeShown.current = false;
    anchor.current = null;
  });

  useEffect(() => {
    const element = room.current;
    if (!element) return undefined;
    return zoomByWheelAndPinch(element, (factor, x, y) => {
      anchor.current = { x, y, left: element.scrollLeft, top: element.scrollTop };
      isToBeShown.current = false;
      zoomAt(factor);
    });
  }, []);

  const pointOf = (event: PointerEvent): [number, number] => {
    const edge = (room.current?.firstElementChild as HTMLElement).getBoundingClientRect();
    return onPage((event.clientX - edge.left) / scale, (event.clientY - edge.top) / scale, page, turn);
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.pointerType === "touch" && !drawing)) return;
    const element = event.currentTarget as HTMLElement;
    const hit = (event.target as Element).getAttribute("data-box");
    const start = drawing ? pointOf(event) : null;
    const from = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop };
    let moved = false;
    element.setPointerCapture(event.pointerId);
    const move = (next: PointerEvent): void => {
      const [dx, dy] = [next.clientX - from.x, next.clientY - from.y];
      moved ||= Math.hypot(dx, dy) > MOVED;
      if (!moved) return;
      if (start) setDrawn(boxOf(start, pointOf(next)));
      else element.scrollTo(from.left - dx, from.top - dy);
    };
    const end = (last: PointerEvent): void => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", end);
      element.removeEventListener("pointercancel", end);
      setDrawn(null);
      if (start && moved && last.type === "pointerup") finishBox(boxOf(start, pointOf(last)), page);
      else if (!moved && !start && hit) selectBox(values, hit);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", end);
    element.addEventListener("pointercancel", end);
  };
  const onClick = (event: MouseEvent): void => {
    const hit = (event.target as Element).getAttribute("data-box");
    if (hit && (event as PointerEvent).pointerType === "touch" && !drawing) selectBox(values, hit);
  };

  return (
    <div
      ref={room}
      class={`room${drawing ? " drawing" : ""}${turning ? " turning" : ""}`}
      tabIndex={0}
      role="region"
      aria-label={`Picture of page ${page.page_number}`}
      onPointerDown={onPointerDown}
      onClick={onClick}
    >
      <div class="sheet" style={{ width: `${sheet.width * scale}px`, height: `${sheet.height * scale}px` }}>
        <div
          class="paper"
          style={{
            width: `${page.width * scale}px`,
            height: `${page.height * scale}px`,
            transform: transformOf(page, turn, scale),
          }}
        >
          {picture ? (
            <img alt={`Page ${page.page_number} of ${name}`} src={`data:${picture.mime};base64,${picture.data}`} draggable={false} />
          ) : (
            <p class="no-picture">{note ?? "There is no picture of this page."}</p>
          )}
          <Boxes values={values} width={page.width} height={page.height} />
          <svg class="boxes marks" viewBox={`0 0 ${page.width} ${page.height}`} preserveAspectRatio="none" aria-hidden="true">
            {box && <BoxShape box={box} kind="chosen" />}
            {drawn && <BoxShape box={drawn} kind="drawn" />}
          </svg>
        </div>
      </div>
    </div>
  );
});

const Boxes = memo(function Boxes({ values, width, height }: { values: readonly Value[]; width: number; height: number }) {
  const largestFirst = values.filter((value) => value.box !== null).sort((one, other) => areaOf(other.box) - areaOf(one.box));
  return (
    <svg class="boxes" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {largestFirst.map((value) => value.box && (
        <BoxShape key={value.id} id={value.id} box={value.box} kind={value.doubtful ? `doubtful ${toneOf(value)}` : toneOf(value)} />
      ))}
    </svg>
  );
});

function BoxShape({ box: [x1, y1, x2, y2], kind, id }: { box: Box; kind: string; id?: string }) {
  return <rect class={kind} data-box={id} x={x1} y={y1} width={Math.max(1, x2 - x1)} height={Math.max(1, y2 - y1)} />;
}

function areaOf(box: Box | null): number {
  return box ? (box[2] - box[0]) * (box[3] - box[1]) : 0;
}

function selectBox(values: readonly Value[], id: string): void {
  const value = values.find((each) => each.id === id);
  if (value) select({ id, place: placeOf(value) });
}

function finishBox([x1, y1, x2, y2]: Box, page: Size): void {
  const box: Box = [
    Math.max(0, Math.round(x1)), Math.max(0, Math.round(y1)),
    Math.min(page.width, Math.round(x2)), Math.min(page.height, Math.round(y2)),
  ];
  if (box[2] - box[0] < LEAST_BOX || box[3] - box[1] < LEAST_BOX) return;
  update({ drawing: false, dialog: { kind: "add-field", box, name: "", text: "", failure: null } });
}

/** Scrolls so that a box is seen, with some of its surroundings; not at all if it is. */
function bringIntoView(element: HTMLElement, box: Box, scale: number): void {
  const [x1, y1, x2, y2] = box.map((edge) => edge * scale) as unknown as Box;
  const { scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height } = element;
  const isSeen = x1 >= left && x2 <= left + width && y1 >= top + MARGIN && y2 <= top + height - MARGIN;
  if (!isSeen) element.scrollTo((x1 + x2 - width) / 2, (y1 + y2 - height) / 2);
}

/** After a change of scale: what was under the pointer stays there; without one, the middle. */
function keepInPlace(element: HTMLElement, factor: number, anchor: Anchor | null): void {
  const { clientWidth, clientHeight, scrollLeft, scrollTop } = element;
  const at = anchor ?? { x: clientWidth / 2, y: clientHeight / 2, left: scrollLeft, top: scrollTop };
  element.scrollTo((at.left + at.x) * factor - at.x, (at.top + at.y) * factor - at.y);
}

function zoomByWheelAndPinch(element: HTMLElement, zoom: (factor: number, x: number, y: number) => void): () => void {
  let distance = 0;
  const inside = (x: number, y: number): [number, number] => {
    const edge = element.getBoundingClientRect();
    return [x - edge.left, y - edge.top];
  };
  const onWheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), ...inside(event.clientX, event.clientY));
  };
  const onTouch = (event: TouchEvent): void => {
    const [one, other] = event.touches;
    if (!one || !other) return;
    event.preventDefault();
    const now = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    if (event.type === "touchmove" && distance > 0) {
      zoom(now / distance, ...inside((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2));
    }
    distance = now;
  };
  element.addEventListener("wheel", onWheel, { passive: false });
  element.addEventListener("touchstart", onTouch, { passive: false });
  element.addEventListener("touchmove", onTouch, { passive: false });
  return () => {
    element.removeEventListener("wheel", onWheel);
    element.removeEventListener("touchstart", onTouch);
    element.removeEventListener("touchmove", onTouch);
  };
}
