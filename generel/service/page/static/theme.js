// Sets the scheme before the first paint, so nothing flashes: what was chosen here before, else what the system prefers.
const chosen = (() => { try { return localStorage.getItem("generel-theme"); } catch { return null; } })();
if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
