// The panel beside the view: everything that is known of the selected resource.

function drawDetails() {
  const panel = document.getElementById("details");
  const stack = stackOf();
  const resource = stack.resources[state.selected];
  panel.hidden = !resource;
  document.body.classList.toggle("with-details", Boolean(resource));
  if (!resource) {
    panel.replaceChildren();
    return;
  }
  const card = stack.cards[resource.card];
  const isCard = card.resource === state.selected;
  panel.replaceChildren(
    h(
      "div",
      { class: "details-head", "data-role": card.role },
      h("p", { class: "kind" }, resource.kind, resource.region ? ` in ${resource.region}` : ""),
      h("h2", {}, resource.name),
      h("button", { type: "button", class: "plain close", "aria-label": "Close the details", onclick: closeDetails }, "×"),
    ),
    ...(isCard ? cardDetails(stack, card, resource) : resourceDetails(stack, resource)).filter(Boolean),
  );
  panel.scrollTop = 0;
}

function closeDetails() {
  const card = selectedCard();
  show({ selected: -1 });
  document.querySelector(`[data-card="${card}"]`)?.focus();
}

function part(title, ...content) {
  const filled = content.flat(Infinity).filter(Boolean);
  return filled.length ? h("section", { class: "part" }, h("h3", {}, title), ...filled) : null;
}

function listOf(items) {
  return items.length ? h("ul", { class: "plain-list" }, items.map((item) => h("li", {}, item))) : null;
}

function cardDetails(stack, card, resource) {
  const place = resource.card;
  const { before, after } = around(stack, place);
  return [
    card.summary && h("p", { class: "summary" }, card.summary),
    card.facts.length ? h("ul", { class: "facts" }, card.facts.map((fact) => h("li", {}, fact))) : null,
    part("Talks to, while it runs", conversations(stack, place)),
    part("Must be there first", chips(before)),
    part("Waits for it", chips(after)),
    part("Ports", listOf(portsOf(stack, place))),
    part(`Makes ${counted(membersOf(stack, place).length, "resource")}`, membersTree(stack, state.selected)),
    ...technical(resource),
  ];
}

function resourceDetails(stack, resource) {
  const owner = stack.cards[resource.card];
  const parent = stack.resources[resource.parent];
  const lists = dependencyLists(stack);
  const linkTo = (place) => selector(place, stack.resources[place].name);
  const path = parent && parent.name !== owner.title ? [" / ", linkTo(resource.parent)] : [];
  return [
    h("p", { class: "path" }, "Part of ", cardSelector(resource.card), path),
    part("Depends on", listOf(lists.resources[state.selected].map(linkTo))),
    part("What depends on it", listOf(lists.resourcesBack[state.selected].map(linkTo))),
    part("Parts", membersTree(stack, state.selected)),
    ...technical(resource),
  ];
}

function technical(resource) {
  const options = Object.entries(resource.options);
  const inputs = Object.keys(resource.inputs).length;
  return [
    part("Options", options.length ? h("dl", { class: "inputs" }, options.flatMap(([name, value]) => entry(name, value))) : null),
    part("Inputs", inputs ? inputList(resource.inputs) : null),
    part("Type", h("p", { class: "mono" }, resource.type), resource.provider && h("p", { class: "mono" }, `provider ${resource.provider}`)),
  ];
}

/** Cards with their distance: direct ones first, then the others behind a word. */
function chips(found) {
  const direct = [...found].filter(([, distance]) => distance === 1).map(([card]) => cardSelector(card));
  const others = [...found].filter(([, distance]) => distance > 1).map(([card]) => cardSelector(card));
  if (!direct.length) return null;
  return [
    h("p", { class: "chips" }, direct),
    others.length ? h("details", {}, h("summary", {}, `and ${others.length} more through these`), h("p", { class: "chips" }, others)) : null,
  ];
}

function conversations(stack, place) {
  const lines = stack.links.flatMap((link) => {
    if (link.source === place) return [h("li", { "data-link": link.kind }, `${link.label} → `, cardSelector(link.target), h("small", {}, link.detail))];
    if (link.target !== place) return [];
    const from = link.source < 0 ? h("b", {}, "client") : cardSelector(link.source);
    return [h("li", { "data-link": link.kind }, from, ` → ${link.label}`, h("small", {}, link.detail))];
  });
  return lines.length ? h("ul", { class: "conversations" }, lines) : null;
}

function membersOf(stack, card) {
  return stack.resources.filter((resource) => resource.card === card && !resource.component);
}

function portsOf(stack, card) {
  return stack.ports
    .filter((port) => stack.resources[port.resource].card === card)
    .map((port) => `${port.listens} → ${port.target} (${port.reach})`);
}

function membersTree(stack, place) {
  const children = childrenOf(stack, place);
  if (!children.length) return null;
  return h(
    "ul",
    { class: "members" },
    children.map((child) => {
      const resource = stack.resources[child];
      return h("li", {}, selector(child, resource.name), " ", h("small", {}, kindInWords(resource.kind)), membersTree(stack, child));
    }),
  );
}

function inputList(inputs) {
  return h("dl", { class: "inputs" }, Object.entries(inputs).flatMap(([name, value]) => entry(name, value)));
}

function entry(name, value, title = "") {
  return [h("dt", { title }, name), h("dd", {}, inputValue(value))];
}

function inputValue(value) {
  if (value !== null && typeof value === "object") {
    if ("§" in value) {
      const text = DATA.texts[value["§"]];
      const lines = text.split("\n").length;
      return h("details", {}, h("summary", {}, lines > 1 ? `text of ${lines} lines` : `text of ${text.length} characters`), h("pre", { tabindex: "0" }, text));
    }
    if (!Object.keys(value).length) return valueElement(null);
    if (Array.isArray(value)) return h("ul", { class: "plain-list" }, value.map((item) => h("li", {}, inputValue(item))));
    return inputList(value);
  }
  return valueElement(value);
}
