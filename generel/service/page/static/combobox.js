// The search field with type-ahead: the combobox pattern of ARIA with a list of options.
// https://www.w3.org/WAI/ARIA/apg/patterns/combobox/ – the focus stays in the field; arrows move through the options.
import { ask } from "./api.js";
import { announce, fill, make } from "./dom.js";
import { kindMark } from "./parts.js";
import { HOW } from "./words.js";

const PAUSE_MS = 60;
const LIMIT = 8;
let made = 0;

/** Turns the input inside `box` into such a field.
 *  onChoose(concept): an option was taken. onText(text): Enter without an option. */
export function combobox(box, { onChoose, onText = () => {} }) {
  const input = box.querySelector("input");
  const list = make("ul", { class: "options", role: "listbox", id: `options-${++made}`, "aria-label": "Concepts", hidden: true });
  box.append(list);
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, autocomplete: "off", autocapitalize: "off", spellcheck: "false" })) input.setAttribute(name, value);
  let matches = [], at = -1, pause = 0, running = null;

  const close = () => {
    clearTimeout(pause);
    running?.abort();
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (match) => {
    input.value = match.concept.name;
    close();
    onChoose(match.concept);
  };
  const point = (to) => {
    at = to;
    [...list.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const show = (found, text) => {
    matches = found;
    fill(list, found.length ? found.map((match, index) => optionOf(match, `${list.id}-${index}`, () => choose(match))) : make("li", { class: "none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, `No name like “${text}”. Enter searches by meaning.`));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    point(-1);
    announce(found.length ? `${found.length} suggestions` : "No suggestions");
  };
  const search = async () => {
    const text = input.value.trim();
    running?.abort();
    if (!text) return close();
    running = new AbortController();
    try {
      const { matches: found } = await ask("/v1/concepts", { query: { q: text, limit: LIMIT, meaning: "no" }, signal: running.signal });
      if (document.activeElement === input) show(found, text);
    } catch (error) {
      // Suggestions are a help only: what went wrong is said when the search itself is sent.
      if (error.name !== "AbortError") close();
    }
  };
  input.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(search, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    const open = !list.hidden && matches.length > 0;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return search();
      // The field itself is the place before the first option and after the last.
      const places = matches.length + 1;
      point((at + 1 + (event.key === "ArrowDown" ? 1 : -1) + places) % places - 1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (open && at >= 0) return choose(matches[at]);
      close();
      if (input.value.trim()) onText(input.value.trim());
    }
  });
  input.addEventListener("blur", close);
  return { close };
}

function optionOf(match, id, take) {
  const other = match.matched.toLowerCase() !== match.concept.name.toLowerCase();
  return make("li", { role: "option", id, "aria-selected": "false", onmousedown: (event) => event.preventDefault(), onclick: take },
    make("span", {}, match.concept.name), kindMark(match.concept.kind),
    other ? make("span", { class: "matched" }, `${HOW[match.how] ?? match.how}: ${match.matched}`) : null);
}
