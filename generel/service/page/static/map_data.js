// The points of the map: columns of numbers as the service sends them, an index to find what is near a place, and names on demand.
/* global KDBush */
import { ask } from "./api.js";

const NAMES_AT_ONCE = 200;

/** All points. `x` and `y` are shares of the map's side, y upward; places in the columns are "points", the space's rows are `row`. */
export class Points {
  constructor(columns) {
    this.kinds = columns.kinds;
    this.n = columns.row.length;
    this.row = Int32Array.from(columns.row);
    this.kind = Uint8Array.from(columns.kind);
    this.x = Float32Array.from(columns.x, (value) => value / columns.extent);
    this.y = Float32Array.from(columns.y, (value) => 1 - value / columns.extent);
    this.index = new KDBush(this.n, 64, Float32Array);
    for (let point = 0; point < this.n; point++) this.index.add(this.x[point], this.y[point]);
    this.index.finish();
    this.pointOfRow = new Map(columns.row.map((row, point) => [row, point]));
    this.labels = columns.labels.map(({ row, level, concept }) => ({ point: this.pointOfRow.get(row), level, concept }));
    this.named = new Map(this.labels.map(({ point, concept }) => [point, concept]));
  }

  static async load(signal) {
    return new Points(await ask("/v1/map", { signal }));
  }

  /** How many points there are of each kind, by its number. */
  counts() {
    const counts = new Array(this.kinds.length).fill(0);
    for (let point = 0; point < this.n; point++) counts[this.kind[point]]++;
    return counts;
  }

  /** The nearest point of a shown kind within a radius, or -1. */
  nearest(x, y, radius, shown) {
    let best = -1, least = radius * radius;
    for (const point of this.index.within(x, y, radius)) {
      const distance = (this.x[point] - x) ** 2 + (this.y[point] - y) ** 2;
      if (distance <= least && shown[this.kind[point]]) [best, least] = [point, distance];
    }
    return best;
  }

  /** The concepts of some points; what is not known yet is asked for. */
  async names(points, signal) {
    const unknown = points.filter((point) => !this.named.has(point)).slice(0, NAMES_AT_ONCE);
    if (unknown.length) {
      const { names } = await ask("/v1/map/names", { body: { rows: unknown.map((point) => this.row[point]) }, signal });
      for (const { row, concept } of names) this.named.set(this.pointOfRow.get(row), concept);
    }
    return points.filter((point) => this.named.has(point)).map((point) => ({ point, concept: this.named.get(point) }));
  }
}
