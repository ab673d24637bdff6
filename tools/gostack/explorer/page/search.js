// One field for everything: components, resources, settings, ports. "/" goes there.

const MOST_HITS = 24;

function drawSearch() {
  const list = h("ul", { id: "hits", role: "listbox", "aria-label": "Found", hidden: true });
  const field = h("input", {
    type: "search", id: "query", class: "field", role: "combobox", placeholder: "Search   ( / )", autocomplete: "off",
    "aria-label": "Search components, resources, settings and ports", "aria-controls": "hits", "aria-expanded": "false", "aria-autocomplete": "list",
  });
  field.addEventListener("input", () => fillHits(field, list));
  field.addEventListener("keydown", (event) => searchKeys(event, field, list));
  field.addEventListener("blur", () => setTimeout(() => closeHits(field, list), 150));
  field.addEventListener("focus", () => field.value && fillHits(field, list));
  document.getElementById("search").replaceChildren(field, list);
}

function candidates() {
  const stack = stackOf();
  const resources = stack.resources.map((resource, place) => {
    const isCard = stack.cards[resource.card].resource === place;
    return { text: resource.name, more: resource.kind, extra: resource.type, rank: isCard ? 0 : resource.component ? 1 : 2, go: () => show({ selected: place, view: ["architecture", "resources"].includes(state.view) && isCard ? state.view : isCard ? "architecture" : "resources" }) };
  });
  const settings = stack.settings.map((setting) => ({
    text: setting.key, more: `setting: ${valueText(setting.value)}`, extra: setting.meaning, rank: 3,
    go: () => { settingsFilter = setting.key.toLowerCase(); onlyGiven = false; show({ view: "settings" }); drawView(); },
  }));
  const ports = stack.ports.map((port) => ({ text: port.listens, more: `port: ${port.target}`, extra: port.protocol, rank: 4, go: () => show({ view: "network", selected: port.resource }) }));
  return [...resources, ...settings, ...ports];
}

function fillHits(field, list) {
  const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) {
    closeHits(field, list);
    return;
  }
  const found = candidates()
    .map((item) => ({ item, score: scoreOf(item, words) }))
    .filter(({ score }) => score < Infinity)
    .sort((one, other) => one.score - other.score || one.item.text.localeCompare(other.item.text));
  list.replaceChildren(...found.slice(0, MOST_HITS).map(({ item }, number) => {
    const option = h("li", { role: "option", id: `hit-${number}`, "aria-selected": "false" }, h("b", {}, item.text), h("small", {}, item.more));
    option.addEventListener("mousedown", (event) => event.preventDefault());
    option.addEventListener("click", () => { field.value = ""; closeHits(field, list); item.go(); document.getElementById("main").focus(); });
    return option;
  }));
  if (!found.length) list.replaceChildren(h("li", { class: "none" }, "Nothing is called so."));
  list.hidden = false;
  field.setAttribute("aria-expanded", "true");
  announce(found.length ? `${found.length} found` : "nothing found");
  choose(field, list, 0);
}

/** Lower is better: the name itself, its beginning, a part of it, its type or meaning. */
function scoreOf(item, words) {
  const text = item.text.toLowerCase();
  const everything = `${text} ${item.more} ${item.extra}`.toLowerCase();
  if (!words.every((word) => everything.includes(word))) return Infinity;
  const joined = words.join(" ");
  const place = text === joined ? 0 : text.startsWith(joined) ? 10 : words.every((word) => text.includes(word)) ? 20 : 40;
  return place + item.rank;
}

function choose(field, list, number) {
  const options = [...list.querySelectorAll('[role="option"]')];
  options.forEach((option, place) => option.setAttribute("aria-selected", String(place === number)));
  const chosen = options[number];
  field.setAttribute("aria-activedescendant", chosen?.id ?? "");
  chosen?.scrollIntoView({ block: "nearest" });
}

function searchKeys(event, field, list) {
  const options = [...list.querySelectorAll('[role="option"]')];
  const current = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (options.length) choose(field, list, (current + step + options.length) % options.length);
  } else if (event.key === "Enter" && options[current]) {
    event.preventDefault();
    options[current].click();
  } else if (event.key === "Escape") {
    field.value = "";
    closeHits(field, list);
    event.stopPropagation();
  }
}

function closeHits(field, list) {
  list.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}
