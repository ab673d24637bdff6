// What is shown is written in the address, so that back, reload and a shared link work.

const DATA = JSON.parse(document.getElementById("data").textContent);

const VIEWS = {
  architecture: "Architecture",
  resources: "Resources",
  network: "Ports and networks",
  settings: "Settings",
  differences: "Differences",
};

const state = { stack: 0, view: "architecture", selected: -1, left: 0, right: DATA.stacks.length > 1 ? 1 : 0 };

const listeners = [];

function onChange(listener) {
  listeners.push(listener);
}

function stackOf(place = state.stack) {
  return DATA.stacks[place];
}

function stackNamed(name) {
  return DATA.stacks.findIndex((stack) => stack.name === name);
}

/** Change what is shown; goes through the address, so that it can be undone with the back button. */
function show(change) {
  const next = { ...state, ...change };
  if (next.stack !== state.stack && !("selected" in change)) {
    next.selected = counterpart(next.stack);
  }
  const address = `#${addressOf(next)}`;
  if (address !== location.hash) history.pushState(null, "", address);
  readAddress();
}

/** The resource of another stack that is called like the selected one. */
function counterpart(stack) {
  const selected = stackOf().resources[state.selected];
  return selected ? stackOf(stack).resources.findIndex((item) => item.name === selected.name) : -1;
}

function addressOf(next) {
  const parts = { stack: stackOf(next.stack).name, view: next.view };
  const selected = stackOf(next.stack).resources[next.selected];
  if (selected) parts.select = selected.name;
  if (next.view === "differences" && DATA.stacks.length > 1) {
    parts.left = stackOf(next.left).name;
    parts.right = stackOf(next.right).name;
  }
  return new URLSearchParams(parts).toString();
}

function readAddress() {
  const parts = new URLSearchParams(location.hash.slice(1));
  const before = { ...state };
  state.stack = Math.max(0, stackNamed(parts.get("stack")));
  state.view = parts.get("view") in VIEWS ? parts.get("view") : "architecture";
  state.selected = stackOf().resources.findIndex((item) => item.name === parts.get("select"));
  for (const side of ["left", "right"]) {
    const place = stackNamed(parts.get(side));
    if (place >= 0) state[side] = place;
  }
  for (const listener of listeners) listener(before);
}
