// The drawing: regions side by side, components as cards in rows by their role, and who talks to whom.

const LINK_KINDS = Object.keys(DATA.links);
// Nearly everything takes part in these two: their arrows are drawn when asked for.
const shownLinks = new Set(LINK_KINDS.filter((kind) => kind !== "discovery" && kind !== "telemetry"));
const SHARED_ROLES = ["entry", "service", "data", "discovery", "supply", "trust", "watch", "provider", "other"];

function drawArchitecture() {
  const stack = stackOf();
  const inRegions = Object.keys(DATA.roles).filter((role) => stack.regions.some((region) => cardsIn(stack, region.name, role, region.card).length));
  const canvas = h("div", { class: "canvas" });
  const columns = stack.regions.map((region) => (countIn(stack, region) > 1 ? "minmax(15rem, 1fr)" : "minmax(11rem, 0.55fr)"));
  const grid = h("div", { class: "regions" }, laneTitles(inRegions), stack.regions.map((region) => regionElement(stack, region, inRegions)));
  grid.style.setProperty("--columns", `6.5rem ${columns.join(" ")}`);
  grid.style.setProperty("--rows", String(inRegions.length + 1));
  canvas.append(
    h("div", { class: "client-row" }, h("div", { class: "client", "data-card": "-1" }, h("b", {}, "Client"), h("span", {}, stack.walk[0]?.text.replace(/^Sends a request to |\.$/g, "") ?? "")), cardsIn(stack, "", "front").map(({ card, place }) => cardElement(stack, card, place))),
    grid,
    ...sharedPlatform(stack),
    sharedElement(stack),
  );
  document.getElementById("main").replaceChildren(introduction(stack), walkElement(stack), linkToggles(stack), canvas);
  canvas.prepend(arrowLayer());
  watchArrows(canvas);
  markArchitecture();
}

function introduction(stack) {
  const resources = stack.resources.filter((resource) => !resource.component).length;
  const figures = [
    stack.platform,
    counted(stack.regions.filter((region) => region.card < 0 || countIn(stack, region) > 1).length, "region"),
    counted(stack.cards.length, "component"),
    `${counted(resources, "resource")} on the platform`,
  ];
  return h(
    "div",
    { class: "introduction" },
    h("h2", {}, stack.name),
    h("p", { class: "figures" }, figures.join(" · ")),
    stack.introduction && h("p", {}, stack.introduction, " ", h("code", {}, stack.file)),
  );
}

function cardsIn(stack, region, role, heading = -1) {
  return stack.cards.map((card, place) => ({ card, place })).filter(({ card, place }) => card.region === region && card.role === role && place !== heading);
}

function countIn(stack, region) {
  return stack.cards.filter((card, place) => card.region === region.name && place !== region.card).length;
}

function laneTitles(roles) {
  return h("div", { class: "lane-titles", "aria-hidden": "true" }, h("span"), roles.map((role) => h("span", { "data-role": role }, DATA.roles[role])));
}

function regionElement(stack, region, roles) {
  const heading = region.card < 0
    ? h("h3", { class: "region-name" }, region.name)
    : h("h3", { class: "region-name" }, h("button", { type: "button", "data-card": String(region.card), onclick: () => toggle(region.card) }, region.name), h("span", { class: "tag" }));
  return h(
    "section",
    { class: "region", "aria-label": `Region ${region.name}` },
    h("div", { class: "region-head" }, heading, region.facts.map((fact) => h("p", {}, fact))),
    roles.map((role) => h("div", { class: "lane", "data-role": role }, cardsIn(stack, region.name, role, region.card).map(({ card, place }) => cardElement(stack, card, place)))),
  );
}

function sharedPlatform(stack) {
  return cardsIn(stack, "", "platform").map(({ card, place }) => {
    const network = stack.networks.find((item) => stack.resources[item.resource].card === place);
    const facts = network?.range ? [network.range, `${network.members.length} attached`] : countedKinds(card.makes);
    return h(
      "button",
      { type: "button", class: "bus", "data-card": String(place), "data-role": card.role, onclick: () => toggle(place) },
      h("b", {}, card.title), h("span", {}, [firstSentence(card.summary), ...facts].filter(Boolean).join(" · ")), h("span", { class: "tag" }),
    );
  });
}

function sharedElement(stack) {
  const groups = SHARED_ROLES.map((role) => ({ role, cards: cardsIn(stack, "", role) })).filter((group) => group.cards.length);
  if (!groups.length) return "";
  return h(
    "section",
    { class: "shared", "aria-label": "Shared by all regions" },
    h("h3", {}, "Shared by all regions"),
    h("div", { class: "shared-groups" }, groups.map((group) =>
      h("div", { class: "shared-group", "data-role": group.role }, h("h4", {}, DATA.roles[group.role]), group.cards.map(({ card, place }) => cardElement(stack, card, place))))),
  );
}

function cardElement(stack, card, place) {
  const facts = card.copies.length ? card.facts.slice(1) : card.facts;
  return h(
    "button",
    { type: "button", class: "card", "data-card": String(place), "data-role": card.role, onclick: () => toggle(place) },
    h("span", { class: "kind" }, card.kind),
    h("span", { class: "title" }, card.title),
    card.copies.length ? h("span", { class: "copies" }, card.copies.map((copy) => h("span", {}, copy))) : null,
    facts.length ? h("span", { class: "facts-line" }, facts.join(" · ")) : null,
    h("span", { class: "makes" }, mostKinds(card.makes).join(" · ") || "nothing on the platform"),
    h("span", { class: "elsewhere" }, elsewhere(stack, place).map((text) => h("span", {}, text))),
    h("span", { class: "tag" }),
  );
}

/** Where there is no room for arrows between regions: the same in words. */
function elsewhere(stack, place) {
  const own = stack.cards[place].region;
  return stack.links
    .filter((link) => link.source === place && stack.cards[link.target].region !== own)
    .map((link) => `${link.label} → ${stack.cards[link.target].title}`);
}

function firstSentence(text) {
  return text.split(/[.:;](?:\s|$)/)[0];
}

function toggle(place) {
  const resource = stackOf().cards[place].resource;
  show({ selected: state.selected === resource ? -1 : resource });
}

function linkToggles(stack) {
  const kinds = LINK_KINDS.filter((kind) => stack.links.some((link) => link.kind === kind));
  return h(
    "fieldset",
    { class: "link-toggles" },
    h("legend", { class: "unseen" }, "Arrows"),
    kinds.map((kind) =>
      h("label", { "data-link": kind },
        h("input", { type: "checkbox", checked: shownLinks.has(kind), onchange: (event) => { shownLinks[event.target.checked ? "add" : "delete"](kind); drawArrows(); } }),
        h("i", { "aria-hidden": "true" }), DATA.links[kind])),
  );
}

function walkElement(stack) {
  return h(
    "section",
    { class: "walk", "aria-label": "A request, step by step" },
    h("h3", {}, "A request, step by step"),
    h("ol", {}, stack.walk.map((step) => h("li", {}, step.card < 0 ? h("b", {}, step.title) : cardSelector(step.card, step.title), h("span", {}, step.text)))),
  );
}

/** Marks what must be there before the selected card, and what waits for it. */
function markArchitecture() {
  const stack = stackOf();
  const selected = selectedCard();
  const found = selected < 0 ? null : around(stack, selected);
  const canvas = document.querySelector(".canvas");
  if (!canvas) return;
  canvas.classList.toggle("choosing", selected >= 0);
  for (const element of canvas.querySelectorAll("[data-card]")) {
    const place = Number(element.dataset.card);
    const relation = place === selected && place >= 0 ? "selected" : found?.before.has(place) ? "before" : found?.after.has(place) ? "after" : "";
    const distance = found?.before.get(place) ?? found?.after.get(place) ?? 0;
    element.dataset.relation = relation;
    element.dataset.direct = String(distance === 1);
    const talks = stack.links.some((link) => (link.source === selected && link.target === place) || (link.target === selected && link.source === place));
    element.dataset.talks = String(talks);
    if (element.tagName === "BUTTON") element.setAttribute("aria-pressed", String(place === selected));
    const tag = element.parentElement.matches("h3") ? element.nextElementSibling : element.querySelector(".tag");
    if (tag) tag.textContent = { before: distance === 1 ? "needed first" : "needed before that", after: distance === 1 ? "waits for it" : "waits indirectly" }[relation] ?? "";
  }
  drawArrows();
}
