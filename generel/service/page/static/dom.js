// Elements made by hand. Text is always text: nothing here, or anywhere on this page, parses data as markup.

const SAFE_LINK = /^(https?:\/\/|\/(?!\/)|[?#]|$)/i;

/** An element with its properties and children; strings become text, null and false nothing.
 *  `on…` adds a listener, `vars` sets CSS variables; a link that leads anywhere but to the web is left out. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [variable, number] of Object.entries(value)) element.style.setProperty(variable, number);
    else if (name === "href" && !SAFE_LINK.test(value)) continue;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** One of the signs drawn as lines on a grid of 24. */
export function sign(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const attributes = { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Puts the children into the element in the place of what was there. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Says a sentence to those who listen to the page instead of looking at it. */
export function announce(sentence) {
  document.getElementById("said").textContent = sentence;
}
