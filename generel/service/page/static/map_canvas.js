// Draws points on a plain canvas. Every point is blended into one picture in memory, which is then shown at once: 170,000 points
// take some milliseconds so, without WebGL or WebGPU, and as well on a machine without a graphics card.

const NAMES_SHOWN = 40;

/** The picture of a map. `view` is {k, x, y}: a place p of the map is at p · k · side + (x, y) on the canvas, in CSS pixels. */
export class MapCanvas {
  constructor(canvas, points) {
    Object.assign(this, { canvas, points, context: canvas.getContext("2d"), view: { k: 1, x: 0, y: 0 }, shown: points.kinds.map(() => true), marked: -1 });
    this.readColors();
  }

  /** Takes the colors of the page's scheme. */
  readColors() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => {
      const [red, green, blue] = style.getPropertyValue(`--${name}`).trim().match(/[\da-f]{2}/gi).map((pair) => Number.parseInt(pair, 16));
      return [red, green, blue];
    };
    this.colors = this.points.kinds.map(color);
    this.ground = color("sheet");
    this.ink = style.getPropertyValue("--ink").trim();
    this.dark = style.colorScheme === "dark";
  }

  /** Takes the size that the page gives the canvas. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(2, devicePixelRatio || 1);
    Object.assign(this, { width, height, ratio, side: Math.min(width, height) });
    this.canvas.width = Math.max(1, Math.round(width * ratio));
    this.canvas.height = Math.max(1, Math.round(height * ratio));
    this.picture = this.context.createImageData(this.canvas.width, this.canvas.height);
  }

  /** Where a point is on the canvas, in CSS pixels. */
  place(point) {
    const { k, x, y } = this.view;
    return [this.points.x[point] * this.side * k + x, this.points.y[point] * this.side * k + y];
  }

  /** The place of the map that is at a pixel. */
  under(left, top) {
    const { k, x, y } = this.view;
    return [(left - x) / (this.side * k), (top - y) / (this.side * k)];
  }

  /** Points of shown kinds in view. */
  inView() {
    const [left, top] = this.under(0, 0), [right, bottom] = this.under(this.width, this.height);
    return this.points.index.range(left, top, right, bottom).filter((point) => this.shown[this.points.kind[point]]);
  }

  /** Draws everything again; gives back how many milliseconds the points took. */
  draw() {
    const began = performance.now();
    this.drawPoints();
    const took = performance.now() - began;
    this.drawNames();
    this.drawMark();
    return took;
  }

  drawPoints() {
    const { points, picture, shown, colors, ground, ratio } = this;
    const pixels = picture.data, { width, height } = picture;
    new Uint32Array(pixels.buffer).fill(0xff000000 | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
    const scale = this.side * this.view.k * ratio, left = this.view.x * ratio, top = this.view.y * ratio;
    const disc = discOf((0.75 + 0.55 * Math.log2(1 + this.view.k) + (points.n < 5000 ? 1.5 : 0)) * ratio, this.dark ? 0.62 : 0.5);
    const { reach, cover, size } = disc;
    for (let point = 0; point < points.n; point++) {
      if (!shown[points.kind[point]]) continue;
      const x = Math.round(points.x[point] * scale + left), y = Math.round(points.y[point] * scale + top);
      if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
      const [red, green, blue] = colors[points.kind[point]];
      let at = 0;
      for (let row = y - reach; row <= y + reach; row++) {
        let pixel = (row * width + x - reach) * 4;
        for (let column = 0; column < size; column++, at++, pixel += 4) {
          const share = cover[at];
          if (share === 0) continue;
          pixels[pixel] += (red - pixels[pixel]) * share;
          pixels[pixel + 1] += (green - pixels[pixel + 1]) * share;
          pixels[pixel + 2] += (blue - pixels[pixel + 2]) * share;
        }
      }
    }
    this.context.putImageData(picture, 0, 0);
  }

  /** The names of labels in view, the most tied first, each where there is room for it. */
  drawNames() {
    const { context, ratio } = this;
    const deepest = 1 + Math.floor(Math.log2(Math.max(1, this.view.k)) + (this.side > 600 ? 1 : 0));
    context.save();
    context.scale(ratio, ratio);
    context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = [];
    this.namesShown = [];
    for (const { point, level, concept } of [...this.points.labels, ...this.nearNames ?? []]) {
      if (taken.length >= NAMES_SHOWN) break;
      if (level > deepest || !this.shown[this.points.kind[point]] || point === this.marked) continue;
      const [x, y] = this.place(point);
      if (x < 0 || y < 8 || x > this.width || y > this.height - 8) continue;
      const text = concept.name.length > 34 ? `${concept.name.slice(0, 32).trimEnd()}…` : concept.name;
      const width = context.measureText(text).width;
      const left = x + 7 + width > this.width ? x - 7 - width : x + 7;
      if (left < 0) continue;
      const box = [left - 3, y - 9, left + width + 3, y + 9];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) continue;
      taken.push(box);
      this.namesShown.push({ point, concept });
      this.write(text, left, y, this.colors[this.points.kind[point]]);
    }
    context.restore();
  }

  write(text, left, y, [red, green, blue]) {
    const { context } = this;
    context.lineWidth = 3.5;
    context.strokeStyle = `rgb(${this.ground.join(" ")} / 88%)`;
    context.strokeText(text, left, y);
    context.fillStyle = `rgb(${red} ${green} ${blue})`;
    context.fillText(text, left, y);
  }

  /** A ring around the point that was picked, and its name. */
  drawMark() {
    if (this.marked < 0) return;
    const { context, ratio } = this;
    const [x, y] = this.place(this.marked);
    context.save();
    context.scale(ratio, ratio);
    for (const [width, color] of [[5, `rgb(${this.ground.join(" ")})`], [2, this.ink]]) {
      context.lineWidth = width;
      context.strokeStyle = color;
      context.beginPath();
      context.arc(x, y, 9, 0, 2 * Math.PI);
      context.stroke();
    }
    const concept = this.points.named.get(this.marked);
    if (concept) {
      context.font = `700 13px ${getComputedStyle(document.body).fontFamily}`;
      context.textBaseline = "middle";
      this.write(concept.name, x + 14, y, this.colors[this.points.kind[this.marked]]);
    }
    context.restore();
  }
}

// How much of each pixel around its middle a disc covers, times how opaque it is.
function discOf(radius, opacity) {
  const reach = Math.ceil(radius), size = 2 * reach + 1, cover = new Float32Array(size * size);
  for (let row = -reach; row <= reach; row++) {
    for (let column = -reach; column <= reach; column++) {
      cover[(row + reach) * size + column + reach] = opacity * Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(row, column)));
    }
  }
  return { reach, size, cover };
}
