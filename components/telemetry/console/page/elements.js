// Makes elements. What comes from a store becomes text and never markup: nothing in this page assigns innerHTML.

export function h(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function filled(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    // Through the object model, because the policy allows no style in the markup.
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const duration = (s) => !Number.isFinite(s) ? "–" : s >= 100 ? `${s.toFixed(0)} s` : s >= 1 ? `${s.toFixed(2)} s` : s >= 0.001 ? `${(s * 1000).toFixed(s < 0.01 ? 1 : 0)} ms` : s > 0 ? `${(s * 1e6).toFixed(0)} µs` : "0 ms";
export const bytes = (n) => !Number.isFinite(n) ? "–" : n >= 2 ** 30 ? `${(n / 2 ** 30).toFixed(1)} GiB` : `${(n / 2 ** 20).toFixed(n < 10 * 2 ** 20 ? 1 : 0)} MiB`;
export const number = (n) => !Number.isFinite(n) ? "–" : n === 0 ? "0" : n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(n < 0.1 ? 3 : 2);
export const share = (n) => !Number.isFinite(n) ? "–" : n === 0 ? "0 %" : `${(100 * n).toFixed(n < 0.1 ? 2 : 1)} %`;
export const cores = (n) => !Number.isFinite(n) ? "–" : `${n.toFixed(3)} cores`;
export const clock = (seconds, exact = false) => {
  const at = new Date(seconds * 1000), time = at.toTimeString().slice(0, 8);
  return exact ? `${time}.${String(at.getMilliseconds()).padStart(3, "0")}` : time.slice(0, 5);
};
export const ago = (seconds) => seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;

/** The hash of a view with its parameters; the time range goes along. */
export function link(path, parameters = {}) {
  const range = new URLSearchParams(location.hash.split("?")[1] ?? "").get("range");
  const all = Object.entries({ range, ...parameters }).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return `#/${path}${all.length ? `?${new URLSearchParams(all)}` : ""}`;
}
export const traceLink = (id, text = "trace") => id ? h("a", { href: link(`trace/${encodeURIComponent(id)}`), class: "trace-link" }, text) : null;

/** A text, and below it how much of a limit is used; without a limit the text alone. */
export const meter = (used, all, text) => [text, all > 0 ? h("span", { class: "meter", title: `${share(used / all)} of the limit` }, h("i", { style: { width: `${Math.min(100, (100 * used) / all)}%` }, "data-state": used / all > 0.9 ? "bad" : used / all > 0.8 ? "warn" : "ok" })) : null];

/** Columns are {title, cell(row), number, class}; a row without cells is left to `empty`. */
export function table(columns, rows, empty = "Nothing in this time.") {
  if (!rows.length) return h("p", { class: "none" }, empty);
  const kind = (column) => [column.number ? "number" : "", column.class ?? ""].join(" ").trim() || null;
  return h("div", { class: "table-frame" }, h("table", {},
    h("thead", {}, h("tr", {}, columns.map((column) => h(column.title ? "th" : "td", { scope: column.title ? "col" : null, class: kind(column) }, column.title)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map((column) => h("td", { class: kind(column), "data-head": column.title }, column.cell(row))))))));
}

let pending = [];

/** A titled part of a view that fills itself: one whose store is away says so, and the others stay. */
export function block(title, load, properties = {}) {
  const body = h("div", { class: "body" }, h("p", { class: "none" }, "…"));
  pending.push(load(body).then(
    (content) => { if (content !== undefined) body.replaceChildren(...[content].flat(Infinity).filter(Boolean)); },
    (error) => body.replaceChildren(h("p", { class: "failed", role: "alert" }, error.message)),
  ));
  return h("section", { "aria-label": title, ...properties, class: `block ${properties.class ?? ""}` }, h("h2", {}, title), body);
}

/** Resolves when every block of the view has been filled. */
export function settled() {
  const all = pending;
  pending = [];
  return Promise.allSettled(all);
}
