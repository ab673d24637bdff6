// Ports, networks and settings as tables; on a narrow page each row becomes a block.

function table(caption, heads, rows) {
  return h(
    "div",
    { class: "table-frame", role: "region", "aria-label": caption, tabindex: "0" },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((cells) => h("tr", cells.properties ?? {}, (cells.cells ?? cells).map((cell, column) =>
        h(column === 0 ? "th" : "td", { scope: column === 0 ? "row" : null, "data-head": heads[column] }, cell))))),
    ),
  );
}

const RULES = ["Network policy", "Security group", "Way in"];

function where(region) {
  return h("span", { class: region ? "nowrap" : "none" }, region || "shared");
}

function drawNetwork() {
  const stack = stackOf();
  const owner = (place) => cardSelector(stack.resources[place].card);
  const ports = stack.ports.map((port) => [h("code", {}, port.listens), port.protocol, port.target, port.reach, where(port.region), owner(port.resource)]);
  const rules = stack.networks.filter((network) => RULES.includes(network.kind));
  const networks = stack.networks.filter((network) => !RULES.includes(network.kind)).map((network) => [
    h("code", {}, network.name), network.kind, network.range ? h("code", {}, network.range) : "",
    network.members.length > 4
      ? h("details", {}, h("summary", {}, `${network.members.length} attached`), listOf(network.members.map((member) => h("code", {}, member))))
      : network.members.join(", "),
    where(network.region), owner(network.resource),
  ]);
  document.getElementById("main").replaceChildren(
    h("div", { class: "toolbar" }, h("h2", {}, "Ports and networks")),
    h("h3", {}, "Ports that listen"),
    ports.length ? table("Ports that listen", ["Listens on", "Protocol", "Leads to", "Reached from", "Region", "Component"], ports) : h("p", {}, "None is published."),
    h("h3", {}, "Networks"),
    networks.length ? table("Networks", ["Name", "Kind", "Range", "Attached", "Region", "Component"], networks) : h("p", {}, "None is made by this stack."),
    h("h3", {}, "Rules: who may talk to whom"),
    rules.length ? table("Rules", ["Name", "Kind", "From", "What it says", "Region", "Component"], rules.map((rule) => [
      h("code", {}, rule.name), rule.kind, rule.range ? h("code", {}, rule.range) : "", rule.members.join(", "), where(rule.region), owner(rule.resource),
    ])) : h("p", {}, "None: what is in a network reaches everything in it."),
  );
}

let settingsFilter = "";
let onlyGiven = false;

function drawSettings() {
  const stack = stackOf();
  const body = h("div", { class: "sections" });
  const filter = filterField("Filter by key, value or meaning", (text) => { settingsFilter = text; fillSettings(body, stack); });
  filter.value = settingsFilter;
  document.getElementById("main").replaceChildren(
    h("div", { class: "toolbar" }, h("h2", {}, "Settings"), filter,
      h("label", { class: "check" }, h("input", { type: "checkbox", checked: onlyGiven, onchange: (event) => { onlyGiven = event.target.checked; fillSettings(body, stack); } }), `only what ${stack.file} says`)),
    h("p", { class: "hint" }, `${stack.settings.filter((setting) => setting.given).length} of ${stack.settings.length} keys are said in `, h("code", {}, stack.file), "; the others have their defaults."),
    body,
  );
  fillSettings(body, stack);
}

function fillSettings(body, stack) {
  const rows = stack.settings.filter((setting) => (!onlyGiven || setting.given) && (!settingsFilter || `${setting.key} ${valueText(setting.value)} ${setting.meaning} ${setting.reason}`.toLowerCase().includes(settingsFilter)));
  const sections = [...new Set(rows.map((setting) => setting.section))];
  body.replaceChildren(...sections.map((section) => h("section", {}, h("h3", { class: "mono" }, `gostack:${section}`), table(`Settings of ${section}`, ["Key", "Value", "Default", "Meaning"], rows.filter((setting) => setting.section === section).map((setting) => settingRow(setting))))));
  if (!rows.length) body.replaceChildren(h("p", {}, "No setting fits."));
}

function settingRow(setting) {
  const short = setting.key.slice(setting.section.length + 1) || setting.key;
  return {
    properties: { class: setting.given ? "given" : "", "data-key": setting.key },
    cells: [
      h("code", { title: `gostack:${setting.key}` }, short),
      [valueElement(setting.value), setting.given ? h("small", { class: "mark" }, "set") : null],
      setting.required ? h("span", { class: "none" }, "required") : valueElement(setting.default),
      [prose(setting.meaning), setting.reason ? h("p", { class: "reason" }, h("b", {}, "Here: "), prose(setting.reason)) : null],
    ],
  };
}

/** A docstring: what stands in backquotes is code. */
function prose(text) {
  return h("span", { class: "prose" }, text.split("`").map((piece, number) => (number % 2 ? h("code", {}, piece) : piece)));
}
