// Log lines: words and filters become LogsQL, which is shown, so that it can be learned and taken along.
import { block, clock, h, link, svg } from "./elements.js";
import { logLine, logList } from "./lists.js";
import { architecture, hits, logsql, rows, since, range } from "./stores.js";

const MOST = 200;
const FIELDS = ["service", "region", "track", "level"];

export function logs(parameters) {
  const given = (name) => parameters.get(name) ?? "";
  const options = {
    service: ["ingress", ...architecture.services.map((one) => one.name), ...(architecture.mysql ? ["mysql"] : []), "consul", ...(architecture.accessories ?? []).map((one) => one.name)],
    region: architecture.regions.map((one) => one.name),
    track: [...new Set(architecture.services.flatMap((one) => one.tracks.map((track) => track.name)))],
    level: ["error", "warn", "info", "debug"],
  };
  const filter = queryOf(given), live = given("live") === "1";
  const go = (changed) => { location.hash = link("logs", { ...Object.fromEntries(["q", ...FIELDS, "live"].map((name) => [name, given(name)])), ...changed }); };
  const form = h("form", { class: "toolbar", onsubmit: (event) => { event.preventDefault(); go({ q: event.target.elements.q.value.trim() }); } },
    h("input", { class: "field", type: "search", name: "q", value: given("q"), "aria-label": "Words", placeholder: 'words, "a phrase", -without, field:value', autocomplete: "off", spellcheck: "false" }),
    FIELDS.map((name) => h("select", { class: "field", "aria-label": name, onchange: (event) => go({ [name]: event.target.value }) },
      h("option", { value: "" }, `any ${name}`), [...new Set([...options[name], ...(given(name) ? [given(name)] : [])])].map((option) => h("option", { value: option, selected: option === given(name) }, option)))),
    h("label", { class: "check" }, h("input", { type: "checkbox", checked: live, onchange: (event) => go({ live: event.target.checked ? "1" : "" }) }), "live"),
    h("button", { class: "button", type: "submit" }, "Search"));
  return [
    form,
    h("p", { class: "hint" }, "LogsQL: ", h("code", {}, filter)),
    block("Lines over time", async () => bars(await hits(filter, range())), { class: "plain" }),
    block(live ? "Newest lines, as they come" : `The newest ${MOST} lines`, async (place) => {
      const found = await rows(`${since()} ${filter} | sort by (_time desc) limit ${MOST}`);
      if (live) follow(place, filter, found);
      return logList(found);
    }),
  ];
}

function queryOf(given) {
  const fields = FIELDS.slice(0, 3).filter(given).map((name) => `${name}:=${JSON.stringify(given(name))}`);
  return ['kind:="log"', ...fields, given("level") ? `level:i(${JSON.stringify(given("level"))})` : "", logsql(given("q"))].filter(Boolean).join(" ");
}

/** Adds what is new every two seconds. A row has no number, so what has been shown is known by all of it. */
function follow(place, filter, shown) {
  let seen = new Set(shown.map((row) => JSON.stringify(row)));
  const timer = setInterval(async () => {
    if (!place.isConnected) { clearInterval(timer); return; }
    const found = await rows(`_time:15s ${filter} | sort by (_time desc) limit ${MOST}`).catch(() => null);
    if (!found) return;
    const fresh = found.filter((row) => !seen.has(JSON.stringify(row)));
    // What has left these 15 s does not come back.
    seen = new Set(found.map((row) => JSON.stringify(row)));
    if (!fresh.length) return;
    const list = place.querySelector("ul") ?? h("ul", { class: "logs" });
    if (!list.isConnected) place.replaceChildren(list);
    list.prepend(...fresh.map((row) => logLine(row)));
    while (list.children.length > MOST) list.lastElementChild.remove();
  }, 2000);
}

function bars({ every, start, groups }) {
  const all = new Array(60).fill(0), failed = new Array(60).fill(0);
  for (const group of groups) group.timestamps.forEach((time, i) => {
    const at = Math.floor((Date.parse(time) / 1000 - start) / every);
    if (at < 0 || at > 59) return;
    all[at] += group.values[i];
    if (/^error$/i.test(group.fields.level ?? "")) failed[at] += group.values[i];
  });
  const top = Math.max(...all, 1), total = all.reduce((sum, value) => sum + value, 0), bad = failed.reduce((sum, value) => sum + value, 0);
  const bar = (value, i, name) => value ? svg("rect", { class: name, x: i * 10 + 0.5, width: 9, y: 40 - (value / top) * 40, height: (value / top) * 40 }) : null;
  return [
    svg("svg", { class: "bars", viewBox: "0 0 600 40", preserveAspectRatio: "none", role: "img", "aria-label": `${total} lines, ${bad} of them errors` }, all.map((value, i) => [bar(value, i, "all"), bar(failed[i], i, "failed")])),
    h("p", { class: "axis" }, h("span", {}, clock(start)), h("span", {}, `${total} lines, ${bad} errors`), h("span", {}, clock(start + 60 * every))),
  ];
}
