// Puts the parts together: header, views, theme, keys.

const DRAWINGS = { architecture: drawArchitecture, resources: drawTree, network: drawNetwork, settings: drawSettings, differences: drawDifferences };
const THEMES = { auto: "Theme: system", light: "Theme: light", dark: "Theme: dark" };

function drawHeader() {
  document.getElementById("project").textContent = DATA.project;
  document.getElementById("stacks").replaceChildren(...DATA.stacks.map((stack, place) =>
    h("button", { type: "button", "aria-pressed": String(place === state.stack), onclick: () => show({ stack: place }) }, stack.name)));
  document.getElementById("stacks").hidden = state.view === "differences";
  document.getElementById("views").replaceChildren(...Object.entries(VIEWS).map(([view, title]) =>
    h("a", { href: `#${addressOf({ ...state, view })}`, "aria-current": view === state.view ? "page" : null }, title)));
  document.title = `${stackOf().name}: ${VIEWS[state.view].toLowerCase()} · ${DATA.project}`;
}

function drawView() {
  DRAWINGS[state.view]();
}

let drawn = false;

function drawAll(before) {
  drawHeader();
  const sameView = drawn && before.view === state.view && before.stack === state.stack && before.left === state.left && before.right === state.right;
  if (!sameView) {
    drawView();
    if (drawn) window.scrollTo(0, 0);
  } else if (state.view === "architecture") {
    markArchitecture();
  } else if (state.view === "resources") {
    markTree();
  }
  drawDetails();
  const resource = stackOf().resources[state.selected];
  if (drawn && before.selected !== state.selected) announce(resource ? `${resource.name}, ${resource.kind}, selected` : "nothing selected");
  drawn = true;
}

function drawTheme(theme) {
  const button = document.getElementById("theme");
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.textContent = THEMES[theme];
  button.onclick = () => {
    const names = Object.keys(THEMES);
    const next = names[(names.indexOf(theme) + 1) % names.length];
    // A page from a file may have no storage.
    try { localStorage.setItem("theme", next); } catch { /* the choice holds until the page is closed */ }
    drawTheme(next);
  };
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("theme");
    return stored in THEMES ? stored : "auto";
  } catch {
    return "auto";
  }
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    document.getElementById("query").focus();
  } else if (event.key === "Escape" && !typing && state.selected >= 0) {
    closeDetails();
  }
});

// The address says what is shown, so it cannot also be a place to jump to.
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});

drawTheme(storedTheme());
drawSearch();
onChange(drawAll);
window.addEventListener("hashchange", readAddress);
readAddress();
