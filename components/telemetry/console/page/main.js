// The frame: which view an address means, the search, the keys, and what is said on every view.
import { h, link, settled } from "./elements.js";
import { architecture, firing, health, load, range } from "./stores.js";
import { overview } from "./overview.js";
import { service } from "./service.js";
import { trace } from "./trace.js";
import { logs } from "./logs.js";
import { containers, ingress } from "./tables.js";
import { consul, mysql } from "./data.js";
import { alerts, objectives } from "./alerts.js";

const VIEWS = { "": overview, ingress, mysql, consul, logs, containers, objectives, alerts, service, trace };
const TITLES = { "": "Overview", ingress: "Ingress", mysql: "MySQL", consul: "Consul", logs: "Logs", containers: "Containers", objectives: "Objectives", alerts: "Alerts" };
const AGAIN_SECONDS = 15;
const main = document.getElementById("main");
let drawing = 0;

async function draw(again = false) {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/");
  const name = rest.map(decodeURIComponent).join("/");
  const mine = ++drawing;
  delete document.body.dataset.ready;
  frame(view, name);
  const parts = (VIEWS[view] ?? overview)(new URLSearchParams(query), name);
  if (again) {
    // Drawn aside, so that nothing flickers; a chart needs its width, so not out of the page.
    const aside = h("div", { class: "aside", style: { width: `${main.clientWidth}px` }, inert: true }, parts);
    document.body.append(aside);
    await settled();
    aside.remove();
    if (mine === drawing && !busy()) main.replaceChildren(...aside.childNodes);
  } else {
    main.replaceChildren(...[parts].flat());
    window.scrollTo(0, 0);
    await settled();
  }
  if (mine === drawing) document.body.dataset.ready = "";
}

function frame(view, name) {
  document.getElementById("stack").textContent = architecture.stack;
  document.title = `${architecture.stack}: ${TITLES[view] ?? (name || view)}`;
  document.getElementById("range").value = String(range());
  document.getElementById("views").replaceChildren(...Object.entries(TITLES).map(([at, title]) =>
    h("a", { href: link(at), "aria-current": at === view ? "page" : null }, title, at === "alerts" ? h("span", { class: "count", id: "firing" }) : null)));
  firing().then((list) => {
    const count = list.filter((alert) => alert.state === "firing").length;
    document.getElementById("firing").textContent = count ? String(count) : "";
  }, () => {});
  health().then(
    (stores) => notices(Object.entries(stores).filter(([, state]) => state !== "ok").map(([store, state]) => `The store of ${store} ${state}. What it holds is not shown.`)),
    (error) => notices([error.message]),
  );
}

function notices(texts) {
  document.getElementById("notices").replaceChildren(...texts.map((text) => h("p", {}, text)));
}

/** Who reads or types is not disturbed. */
function busy() {
  return document.hidden || main.querySelector("details[open]:not(.keep)") !== null || main.contains(document.activeElement) || !getSelection().isCollapsed;
}

document.getElementById("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.text, text = field.value.trim();
  if (!text) return;
  const id = text.toLowerCase().match(/^(?:00-)?([0-9a-f]{32})\b/);
  location.hash = id ? link(`trace/${id[1]}`) : link("logs", { q: text });
  field.value = "";
  field.blur();
});
document.getElementById("range").addEventListener("change", (event) => {
  const [path, query] = location.hash.split("?");
  const parameters = new URLSearchParams(query);
  parameters.set("range", event.target.value);
  location.hash = `${path || "#/"}?${parameters}`;
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    (document.querySelector("#main input[type=search]") ?? document.querySelector("#find input")).focus();
  } else if (event.key === "Escape") {
    const open = [...main.querySelectorAll("details[open]:not(.keep)")].at(-1);
    if (typing) typing.blur();
    else if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  }
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw());
window.addEventListener("hashchange", () => draw());
setInterval(() => {
  const [view] = location.hash.replace(/^#\/?/, "").split(/[/?]/);
  if (!["trace", "logs"].includes(view) && "ready" in document.body.dataset && !busy()) draw(true);
}, AGAIN_SECONDS * 1000);

load().then(() => draw(), (error) => notices([`The console does not say what the stack is: ${error.message}`]));
