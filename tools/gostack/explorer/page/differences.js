// Two stacks side by side: settings that differ are the causes and come first, then what they make of each component.

const STATUS = { same: "same", changed: "differs", "left only": "only in", "right only": "only in" };

function drawDifferences() {
  const main = document.getElementById("main");
  const [left, right] = [stackOf(state.left), stackOf(state.right)];
  const found = left === right ? null : comparison(left.name, right.name);
  main.replaceChildren(
    h("div", { class: "toolbar" }, h("h2", {}, "Differences"), pickers()),
    ...(found ? differenceParts(found, left, right) : [h("p", {}, DATA.stacks.length > 1 ? "Choose two stacks." : "This page holds one stack only. With another stack file beside it, make the page again.")]),
  );
}

/** The comparison with this one on the left; the page holds each pair once. */
function comparison(left, right) {
  const straight = DATA.differences.find((item) => item.left === left && item.right === right);
  if (straight) return straight;
  const other = DATA.differences.find((item) => item.left === right && item.right === left);
  return other && turned(other);
}

function turned(found) {
  const status = { "left only": "right only", "right only": "left only" };
  return {
    ...found,
    left: found.right,
    right: found.left,
    regions: found.regions.map(([one, two]) => [two, one]),
    settings: found.settings.map((item) => ({ ...item, key: item.right_there ? item.right_key : item.key, right_key: item.left_there ? item.key : item.right_key, left: item.right, right: item.left, left_there: item.right_there, right_there: item.left_there })),
    groups: found.groups.map((group) => ({ ...group, status: status[group.status] ?? group.status, left: group.right, right: group.left, left_makes: group.right_makes, right_makes: group.left_makes, properties: group.properties.map((item) => ({ ...item, left: item.right, right: item.left })) })),
  };
}

function pickers() {
  const picker = (side, label) =>
    h("label", { class: "check" }, label, " ", h("select", { class: "field", onchange: (event) => show({ [side]: Number(event.target.value) }) }, DATA.stacks.map((stack, place) => h("option", { value: String(place), selected: place === state[side] }, stack.name))));
  return DATA.stacks.length > 1
    ? [picker("left", "from"), picker("right", "to"), h("button", { type: "button", class: "plain", onclick: () => show({ left: state.right, right: state.left }) }, "Swap")]
    : null;
}

function differenceParts(found, left, right) {
  const changed = found.groups.filter((group) => group.status !== "same");
  const same = found.groups.filter((group) => group.status === "same");
  return [
    h("p", { class: "figures" }, `${counted(found.settings.length, "setting")} ${found.settings.length === 1 ? "differs" : "differ"} · ${counted(changed.length, "component")} ${changed.length === 1 ? "differs" : "differ"} · ${same.length} alike`),
    h("div", { class: "two-sides" }, sideElement(left), sideElement(right)),
    regionPairs(found),
    h("h3", {}, "Causes: settings"),
    ...(found.settings.length ? [causesElement(found), found.defaults ? h("p", { class: "hint" }, `Left out: ${counted(found.defaults, "default")} of what only one of them has.`) : ""] : [h("p", {}, "None: both stack files say the same.")]),
    h("h3", {}, "Effects: components"),
    changed.length ? h("div", { class: "groups" }, Object.keys(DATA.roles).flatMap((role) => changed.filter((group) => group.role === role)).map((group) => groupElement(found, group))) : h("p", {}, "None."),
    same.length ? h("p", { class: "hint" }, "Alike in both, but for names of regions and stack: ", h("span", {}, same.map((group) => `${group.title} (${group.kind})`).join(", ")), ".") : "",
  ];
}

function sideElement(stack) {
  const resources = stack.resources.filter((resource) => !resource.component).length;
  return h("section", { class: "side" }, h("h3", {}, stack.name), h("p", { class: "figures" }, `${stack.platform} · ${counted(resources, "resource")}`), h("p", {}, stack.introduction));
}

function regionPairs(found) {
  const pairs = found.regions.filter(([one, two]) => one !== two);
  if (!pairs.length) return "";
  const words = pairs.map(([one, two]) => (one && two ? [h("b", {}, one), " with ", h("b", {}, two)] : [h("b", {}, one || two), ` (only in ${one ? found.left : found.right})`]));
  return h("p", { class: "hint" }, "Regions are compared in this way: ", words.flatMap((word, number) => (number ? [", ", ...word] : word)), ".");
}

function causesElement(found) {
  const sections = [...new Set(found.settings.map((item) => item.key.split(".")[0]))];
  return h("div", { class: "sections" }, sections.map((section) => {
    const items = found.settings.map((item, place) => ({ item, place })).filter(({ item }) => item.key.split(".")[0] === section);
    return h("details", { class: "section", open: items.length <= 12 }, h("summary", {}, h("code", {}, `gostack:${section}`), ` ${counted(items.length, "key")}`),
      table(`Differing settings of ${section}`, ["Key", found.left, found.right, "Meaning, and why"], items.map(({ item, place }) => causeRow(item, place))));
  }));
}

function causeRow(item, place) {
  const renamed = item.left_there && item.right_there && item.key !== item.right_key;
  const absent = () => h("span", { class: "none" }, "not there");
  return {
    properties: { id: `cause-${place}`, tabindex: "-1" },
    cells: [
      [h("code", {}, item.key), renamed ? h("small", {}, ` · ${item.right_key}`) : null],
      item.left_there ? valueElement(item.left) : absent(),
      item.right_there ? valueElement(item.right) : absent(),
      [prose(item.meaning), Object.entries(item.reasons).map(([stack, reason]) => h("p", { class: "reason" }, h("b", {}, `${stack}: `), prose(reason)))],
    ],
  };
}

function groupElement(found, group) {
  const side = { "left only": found.left, "right only": found.right }[group.status];
  const status = h("span", { class: `status ${group.status.replace(" ", "-")}` }, side ? `only in ${side}` : STATUS[group.status]);
  return h(
    "details",
    { class: "group", "data-role": group.role },
    h("summary", {}, h("span", { class: "title" }, group.title), h("span", { class: "kind" }, group.kind), status, h("span", { class: "makes" }, makesInWords(found, group))),
    makesTable(found, group),
    group.properties.length ? [h("h4", {}, "Inputs"), propertyTable(found, group)] : null,
  );
}

function makesInWords(found, group) {
  const words = (stack, makes, cards) => {
    if (!cards.length) return "";
    const regions = cards.filter((card) => stack.cards[card].region).length;
    return `${mostKinds(makes).join(", ") || "nothing"}${regions ? ` in ${counted(regions, "region")}` : ""}`;
  };
  const one = words(stackOf(stackNamed(found.left)), group.left_makes, group.left);
  const two = words(stackOf(stackNamed(found.right)), group.right_makes, group.right);
  if (!one || !two) return one || two;
  return one === two ? one : `${one} → ${two}`;
}

function makesTable(found, group) {
  const kinds = [...new Set([...Object.keys(group.left_makes), ...Object.keys(group.right_makes)])];
  if (group.status !== "changed" || !kinds.some((kind) => group.left_makes[kind] !== group.right_makes[kind])) return null;
  const rows = kinds.map((kind) => ({ properties: { class: group.left_makes[kind] === group.right_makes[kind] ? "alike" : "" }, cells: [kindInWords(kind), String(group.left_makes[kind] ?? 0), String(group.right_makes[kind] ?? 0)] }));
  return table(`What ${group.title} makes`, ["Makes", found.left, found.right], rows);
}

function propertyTable(found, group) {
  const shown = (value) => (typeof value === "string" && value.length > 160 ? h("details", {}, h("summary", {}, `text of ${value.length} characters`), h("pre", { tabindex: "0" }, value)) : valueElement(value));
  const rows = group.properties.map((item) => [[h("code", {}, item.path), h("small", {}, item.count > 1 ? ` in ${item.count} resources` : ` in ${item.examples[0]}`)], shown(item.left), shown(item.right)]);
  return [table(`Inputs of ${group.title}`, ["Input", found.left, found.right], rows), group.more ? h("p", { class: "hint" }, `and ${counted(group.more, "further input")}.`) : null];
}
