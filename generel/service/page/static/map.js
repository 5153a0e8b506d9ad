// The map of the space. `?at=CURIE` is the concept that is picked, `hide=kind` what is left out, `view=x,y,k` what is in view.
/* global d3 */
import { ask, conceptAddress, root } from "./api.js";
import { combobox } from "./combobox.js";
import { announce, fill, make } from "./dom.js";
import { MapCanvas } from "./map_canvas.js";
import { Points } from "./map_data.js";
import { conceptLink, kindMark, problemNote } from "./parts.js";
import { count, many } from "./words.js";

const canvas = document.getElementById("points");
const tip = document.getElementById("tip");
const state = document.getElementById("map-state");
const DEEPEST = 400, HOVER_PX = 10, STEP_PX = 80, IN_LIST = 14;
let points, picture, zoom, waiting = 0, settled = 0;
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

async function start() {
  fill(state, make("p", { class: "loading" }, "Loading the map …"));
  try {
    points = await Points.load();
  } catch (error) {
    return fill(state, error.status === 404 ? noMap(error) : problemNote(error));
  }
  fill(state);
  picture = new MapCanvas(canvas, points);
  zoom = d3.zoom().scaleExtent([0.7, DEEPEST]).on("zoom", ({ transform }) => { picture.view = transform; redraw(); }).on("end", settle);
  d3.select(canvas).call(zoom).on("dblclick.zoom", null);
  const query = new URLSearchParams(location.search);
  query.getAll("hide").forEach((kind) => { picture.shown[points.kinds.indexOf(kind)] = false; });
  fill(document.getElementById("legend"), legend());
  new ResizeObserver(resize).observe(canvas);
  picture.fit();
  const view = (query.get("view") ?? "").split(",").map(Number);
  show(view.length === 3 && view.every(Number.isFinite) ? view : [0.5, 0.5, 0.94], { slowly: false });
  document.body.dataset.ready = "true";
  if (query.get("at")) await find(query.get("at"), { fly: !query.get("view") });
}

const noMap = (error) => make("div", { class: "note" }, make("h2", {}, "This space has no map yet"), make("p", {}, error.message, "."));

function redraw() {
  if (waiting) return;
  waiting = requestAnimationFrame(() => {
    waiting = 0;
    canvas.dataset.took = picture.draw().toFixed(1);
  });
}

function resize() {
  if (!picture || (picture.width === canvas.clientWidth && picture.height === canvas.clientHeight)) return;
  const middle = picture.under(picture.width / 2, picture.height / 2), { k } = picture.view;
  picture.fit();
  show([...middle, k], { slowly: false });
}

/** Brings a place of the map to the middle, so many times as large. */
function show([x, y, k], { slowly = true } = {}) {
  const to = d3.zoomIdentity.translate(picture.width / 2, picture.height / 2).scale(k).translate(-x * picture.side, -y * picture.side);
  const selection = d3.select(canvas);
  if (slowly && !still) selection.transition().duration(650).call(zoom.transform, to);
  else selection.call(zoom.transform, to);
}

/** Once the view rests: it goes into the address, and what it shows into the list beside it. */
function settle() {
  clearTimeout(settled);
  settled = setTimeout(async () => {
    const [x, y] = picture.under(picture.width / 2, picture.height / 2);
    remember({ view: [x.toFixed(4), y.toFixed(4), picture.view.k.toPrecision(4)].join(",") });
    const inside = picture.inView();
    picture.nearNames = inside.length <= 120 ? (await points.names(inside).catch(() => [])).map((each) => ({ ...each, level: 0 })) : [];
    picture.draw();
    const listed = picture.namesShown.slice(0, IN_LIST);
    fill(document.getElementById("in-view"), listed.map(({ point, concept }) => make("li", {}, kindDot(concept.kind), conceptLink(concept), make("button", { type: "button", class: "bare small", onclick: () => pick(point, { fly: true }) }, "show", make("span", { class: "unseen" }, ` ${concept.name}`)))));
    document.getElementById("in-view-title").textContent = `In view: ${count(inside.length)} ${inside.length === 1 ? "concept" : "concepts"}`;
  }, 180);
}

const kindDot = (kind) => make("span", { class: "kind", "data-kind": kind }, make("span", { class: "unseen" }, kind));

function remember(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const each of [value].flat()) if (each !== null) query.append(name, each);
  }
  history.replaceState(null, "", `${root}/map${query.size ? `?${query}` : ""}`.replaceAll("%2C", ",").replaceAll("%3A", ":"));
}

function legend() {
  const counts = points.counts();
  return points.kinds.map((kind, number) => counts[number] && make("li", { "data-kind": kind },
    make("label", {}, make("input", { type: "checkbox", checked: picture.shown[number], onchange: (event) => {
      picture.shown[number] = event.target.checked;
      remember({ hide: points.kinds.filter((_, each) => !picture.shown[each]) });
      redraw();
      settle();
    } }), kindMark(kind, { plural: true })), make("span", { class: "quiet small" }, count(counts[number])))).filter(Boolean);
}

/** Finds a concept by what it is called and picks it. */
async function find(text, { fly = true } = {}) {
  try {
    const { row, concept } = await ask("/v1/map/place", { query: { query: text } });
    const point = points.pointOfRow.get(row);
    points.named.set(point, concept);
    picture.shown[points.kind[point]] = true;
    fill(document.getElementById("legend"), legend());
    await pick(point, { fly });
  } catch (error) {
    fill(document.getElementById("picked"), problemNote(error));
  }
}

async function pick(point, { fly = false } = {}) {
  const [{ concept }] = await points.names([point]);
  picture.marked = point;
  remember({ at: concept.curie });
  fill(document.getElementById("picked"), make("div", { class: "picked", "data-kind": concept.kind }, kindMark(concept.kind), make("strong", {}, concept.name), make("span", { class: "mono quiet" }, concept.curie),
    make("span", { class: "actions" }, make("a", { class: "button strong", href: conceptAddress(concept.curie) }, "Open"), make("a", { class: "button", href: `${root}/compare?a=${encodeURIComponent(concept.curie)}` }, "Compare"), make("button", { type: "button", class: "button", onclick: unpick }, "Clear"))));
  announce(`${concept.name}, ${concept.kind}, is marked on the map`);
  if (fly) show([points.x[point], points.y[point], Math.max(picture.view.k, 12)]);
  else redraw();
}

function unpick() {
  picture.marked = -1;
  remember({ at: null });
  fill(document.getElementById("picked"));
  redraw();
}

/** The point under a place of the canvas. */
function pointAt(event) {
  const { left, top } = canvas.getBoundingClientRect();
  return points.nearest(...picture.under(event.clientX - left, event.clientY - top), HOVER_PX / (picture.side * picture.view.k), picture.shown);
}

let hovered = -1;
async function hover(event) {
  if (!points || event.buttons) return;
  const point = pointAt(event);
  if (point === hovered) return;
  hovered = point;
  canvas.style.cursor = point < 0 ? "" : "pointer";
  tip.hidden = true;
  if (point < 0) return;
  const [named] = await points.names([point]).catch(() => []);
  if (!named || hovered !== point) return;
  fill(tip, kindMark(named.concept.kind), " ", named.concept.name);
  tip.hidden = false;
  const [x, y] = picture.place(point);
  tip.style.left = `${Math.max(4, Math.min(x + 12, picture.width - tip.offsetWidth - 6))}px`;
  tip.style.top = `${Math.max(4, y > picture.height - 60 ? y - tip.offsetHeight - 12 : y + 12)}px`;
}

const zoomBy = (factor) => d3.select(canvas).transition().duration(still ? 0 : 200).call(zoom.scaleBy, factor);
const moveBy = (x, y) => d3.select(canvas).call(zoom.translateBy, x / picture.view.k, y / picture.view.k);
const KEYS = {
  ArrowLeft: () => moveBy(STEP_PX, 0), ArrowRight: () => moveBy(-STEP_PX, 0), ArrowUp: () => moveBy(0, STEP_PX), ArrowDown: () => moveBy(0, -STEP_PX),
  "+": () => zoomBy(1.6), "=": () => zoomBy(1.6), "-": () => zoomBy(1 / 1.6), 0: () => show([0.5, 0.5, 0.94]), Escape: unpick,
};

canvas.addEventListener("pointermove", hover);
canvas.addEventListener("pointerleave", () => { hovered = -1; tip.hidden = true; });
canvas.addEventListener("click", (event) => {
  if (!points || event.defaultPrevented) return;
  const point = pointAt(event);
  if (point >= 0) pick(point);
});
canvas.addEventListener("keydown", (event) => {
  if (!picture || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.getElementById("zoom-in").addEventListener("click", () => picture && zoomBy(1.6));
document.getElementById("zoom-out").addEventListener("click", () => picture && zoomBy(1 / 1.6));
document.getElementById("zoom-all").addEventListener("click", () => picture && show([0.5, 0.5, 0.94]));
document.addEventListener("themechange", () => { if (picture) { picture.readColors(); redraw(); } });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (picture) { picture.readColors(); redraw(); } });
combobox(document.querySelector(".map-side .search"), { onChoose: (concept) => find(concept.curie), onText: (text) => find(text) });
start();
