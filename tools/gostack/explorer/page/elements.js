// Small helpers that make elements; text is always text, never markup.

function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else if (name in element && typeof value !== "string") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const IRREGULAR = { Stash: "stored value", RemoteImage: "image", Eip: "elastic IP", Vpc: "VPC", VpcEndpoint: "VPC endpoint", NatGateway: "NAT gateway" };

/** A kind of resource in words: "ConfigMap" is "config map". */
function kindInWords(kind) {
  return IRREGULAR[kind] ?? kind.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
}

function counted(number, words) {
  if (number === 1) return `1 ${words}`;
  if (/(s|x|ch)$/.test(words)) return `${number} ${words}es`;
  if (/[^aeo]y$/.test(words)) return `${number} ${words.slice(0, -1)}ies`;
  return `${number} ${words}s`;
}

function countedKinds(makes) {
  return Object.entries(makes)
    .sort((one, other) => other[1] - one[1] || one[0].localeCompare(other[0]))
    .map(([kind, number]) => counted(number, kindInWords(kind)));
}

/** The kinds that say most of a component, and how many others. */
function mostKinds(makes, most = 3) {
  const kinds = Object.entries(makes).sort((one, other) => rankOf(one[0]) - rankOf(other[0]) || other[1] - one[1] || one[0].localeCompare(other[0]));
  if (kinds.length <= most + 1) return countedKinds(makes);
  const others = kinds.slice(most).reduce((sum, [, number]) => sum + number, 0);
  return [...kinds.slice(0, most).map(([kind, number]) => counted(number, kindInWords(kind))), `${others} more`];
}

const RUNS = /^(Deployment|StatefulSet|Job|Container|Cluster|ClusterInstance|GlobalCluster|LoadBalancer|Vpc|Repository|Service)$/;
const AROUND = /(Alarm|LogGroup|Filter|Role|Policy|PolicyAttachment|Association|Rule|Alias|Entry|Validation|Account|Budget.+|Stash)$/;

/** What runs says more than what is around it. */
function rankOf(kind) {
  return RUNS.test(kind) ? 0 : AROUND.test(kind) ? 2 : 1;
}

/** A value of a setting or an input, as text. */
function valueText(value) {
  if (value === null || value === undefined) return "none";
  if (value === "") return "empty";
  if (typeof value === "object") {
    if (Array.isArray(value)) return value.length ? value.map(valueText).join(", ") : "none";
    const pairs = Object.entries(value);
    return pairs.length ? pairs.map(([key, item]) => `${key}: ${valueText(item)}`).join(", ") : "none";
  }
  return value === true ? "yes" : value === false ? "no" : String(value);
}

function shortDigests(text) {
  return text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, "sha256:$1…");
}

function valueElement(value) {
  const empty = value === null || value === undefined || value === "" || (typeof value === "object" && !Object.keys(value).length);
  return h("span", { class: value === "secret" ? "value secret" : empty ? "value none" : "value", title: valueText(value) }, shortDigests(valueText(value)));
}

function announce(text) {
  document.getElementById("announcement").textContent = text;
}

/** A button that selects a resource. */
function selector(place, label, properties = {}) {
  return h("button", { type: "button", class: "link", onclick: () => show({ selected: place }), ...properties }, label);
}

function cardSelector(place, label) {
  const card = stackOf().cards[place];
  return selector(card.resource, label ?? card.title, { "data-role": card.role, class: "chip" });
}

function filterField(label, onInput) {
  const field = h("input", { type: "search", class: "field", "aria-label": label, placeholder: label, autocomplete: "off" });
  field.addEventListener("input", () => onInput(field.value.trim().toLowerCase()));
  return field;
}
