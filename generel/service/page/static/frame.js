// What every page has: the search at the top, the switch of schemes, and the page's own module.
import { address, conceptAddress } from "./api.js";
import { combobox } from "./combobox.js";

const html = document.documentElement;

function startTopSearch() {
  const box = document.querySelector(".top .search");
  if (!box) return;
  combobox(box, {
    onChoose: (concept) => location.assign(conceptAddress(concept.curie)),
    onText: (text) => location.assign(address("/", { q: text })),
  });
}

function startThemeSwitch() {
  const button = document.getElementById("theme");
  const dark = () => (html.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => button.setAttribute("aria-label", dark() ? "Switch to light colors" : "Switch to dark colors");
  button.addEventListener("click", () => {
    html.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("generel-theme", html.dataset.theme); } catch { /* The choice then lasts for this page only. */ }
    name();
    document.dispatchEvent(new Event("themechange"));
  });
  name();
}

/** "/" goes to the search, as on many sites. */
function startShortcut() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const field = document.querySelector("main .search input") ?? document.querySelector(".top .search input");
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

startThemeSwitch();
startTopSearch();
startShortcut();
