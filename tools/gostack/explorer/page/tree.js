// Everything, as a tree: region, component, what it makes. The keys are those of every tree.

const openedNodes = new Set();

function drawTree() {
  const stack = stackOf();
  const tree = h("ul", { class: "tree", role: "tree", "aria-label": `Resources of ${stack.name}` });
  const filter = filterField("Filter by name or type", (text) => { fillTree(tree, stack, text); });
  document.getElementById("main").replaceChildren(
    h("div", { class: "toolbar" }, h("h2", {}, "Resources"), filter,
      h("button", { type: "button", class: "plain", onclick: () => setAll(tree, true) }, "Open all"),
      h("button", { type: "button", class: "plain", onclick: () => setAll(tree, false) }, "Close all")),
    h("p", { class: "hint" }, "A component groups what it makes. Select one: what it depends on is marked ", h("b", { class: "mark before" }, "before"), ", what depends on it ", h("b", { class: "mark after" }, "after"), "."),
    tree,
  );
  tree.addEventListener("keydown", treeKeys);
  fillTree(tree, stack, "");
}

function fillTree(tree, stack, text) {
  const hits = new Set();
  stack.resources.forEach((resource, place) => {
    if (text && `${resource.name} ${resource.type}`.toLowerCase().includes(text)) {
      for (let current = place; current >= 0; current = stack.resources[current].parent) hits.add(current);
      hits.add(stack.cards[resource.card].resource);
    }
  });
  const wanted = (place) => !text || hits.has(place);
  const groups = [...stack.regions.map((region) => region.name), ""];
  tree.replaceChildren(...groups.map((region) => {
    const cards = orderedCards(stack).filter((card) => card.region === region && wanted(card.resource));
    const title = region ? `Region ${region}` : "Shared by all regions";
    return cards.length ? node(`${stack.name}/region/${region}`, 1, [h("span", { class: "name" }, title), h("small", {}, counted(cards.length, "component"))], cards.map((card) => branch(stack, card.resource, 2, wanted, Boolean(text))), true, -1) : "";
  }));
  markTree();
  const first = tree.querySelector('[aria-selected="true"]') ?? tree.querySelector('[role="treeitem"]');
  if (first) first.tabIndex = 0;
}

/** The region itself, then in the order of the drawing's rows. */
function orderedCards(stack) {
  const roles = Object.keys(DATA.roles);
  const rank = (card) => (card.title === card.region ? -1 : roles.indexOf(card.role));
  return [...stack.cards].sort((one, other) => rank(one) - rank(other) || one.title.localeCompare(other.title));
}

function branch(stack, place, level, wanted, open) {
  const resource = stack.resources[place];
  // Parts that have a card of their own stand in their region.
  const children = childrenOf(stack, place).filter((child) => wanted(child) && stack.resources[child].card === resource.card);
  const marks = ["protect", "retainOnDelete"].filter((option) => resource.options[option]);
  const label = [h("span", { class: "name" }, resource.name), h("small", {}, resource.component ? resource.kind : kindInWords(resource.kind)), marks.map((mark) => h("span", { class: "mark" }, mark === "protect" ? "protected" : "stays on delete")), h("span", { class: "relation" })];
  return node(`${stack.name}/${resource.name}`, level, label, children.map((child) => branch(stack, child, level + 1, wanted, open)), open || openedNodes.has(`${stack.name}/${resource.name}`), place);
}

function node(key, level, label, children, open, place) {
  const group = children.length ? h("ul", { role: "group", hidden: !open }, children) : null;
  const item = h(
    "li",
    { role: "treeitem", "aria-level": String(level), "data-key": key, "data-place": String(place), tabindex: "-1", "aria-expanded": children.length ? String(open) : null, "aria-selected": "false" },
    h("div", { class: "row", "data-role": place >= 0 ? stackOf().cards[stackOf().resources[place].card].role : null }, children.length ? h("span", { class: "twist", "aria-hidden": "true" }) : h("span", { class: "leaf", "aria-hidden": "true" }), label),
    group,
  );
  item.querySelector(".row").addEventListener("click", (event) => {
    focusItem(item);
    if (place < 0 || event.target.classList.contains("twist")) setOpen(item, item.getAttribute("aria-expanded") !== "true");
    else show({ selected: place });
  });
  return item;
}

function setOpen(item, open) {
  if (!item.hasAttribute("aria-expanded")) return;
  item.setAttribute("aria-expanded", String(open));
  item.lastElementChild.hidden = !open;
  openedNodes[open ? "add" : "delete"](item.dataset.key);
}

function setAll(tree, open) {
  for (const item of tree.querySelectorAll('[aria-expanded][aria-level]:not([aria-level="1"])')) setOpen(item, open);
}

function focusItem(item) {
  for (const other of document.querySelectorAll('.tree [tabindex="0"]')) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
}

function treeKeys(event) {
  const item = event.target.closest('[role="treeitem"]');
  if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
  const visible = [...event.currentTarget.querySelectorAll('[role="treeitem"]')].filter((other) => other.getClientRects().length);
  const position = visible.indexOf(item);
  const open = item.getAttribute("aria-expanded");
  const place = Number(item.dataset.place);
  const moves = {
    ArrowDown: () => visible[position + 1],
    ArrowUp: () => visible[position - 1],
    Home: () => visible[0],
    End: () => visible.at(-1),
    ArrowRight: () => (open === "false" ? setOpen(item, true) : open === "true" ? visible[position + 1] : undefined),
    ArrowLeft: () => (open === "true" ? setOpen(item, false) : item.parentElement.closest('[role="treeitem"]')),
    Enter: () => (place >= 0 ? show({ selected: place }) : setOpen(item, open !== "true")),
    " ": () => (place >= 0 ? show({ selected: place }) : setOpen(item, open !== "true")),
  };
  if (!(event.key in moves)) return;
  event.preventDefault();
  const target = moves[event.key]();
  if (target) focusItem(target);
}

/** Marks what the selected resource depends on, and what depends on it; opens the way to it. */
function markTree() {
  const stack = stackOf();
  const lists = dependencyLists(stack);
  const chosen = state.selected;
  const before = chosen < 0 ? new Map() : reachable(lists.resources, chosen);
  const after = chosen < 0 ? new Map() : reachable(lists.resourcesBack, chosen);
  for (const item of document.querySelectorAll('.tree [role="treeitem"]')) {
    const place = Number(item.dataset.place);
    item.setAttribute("aria-selected", String(place === chosen && place >= 0));
    const row = item.querySelector(".row");
    const direct = before.get(place) === 1 || after.get(place) === 1;
    const relation = before.has(place) ? "before" : after.has(place) ? "after" : "";
    row.dataset.relation = relation;
    const sign = row.querySelector(".relation");
    if (sign) {
      sign.className = `relation ${relation ? `mark ${relation}` : ""}`;
      sign.textContent = relation && (direct ? relation : `${relation}, indirectly`);
    }
    if (place === chosen && place >= 0) {
      for (let parent = item.parentElement.closest('[role="treeitem"]'); parent; parent = parent.parentElement.closest('[role="treeitem"]')) setOpen(parent, true);
      item.scrollIntoView({ block: "nearest" });
    }
  }
}
