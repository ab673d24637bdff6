// The architecture, alive: a column for each region, and in it what runs there and how it does.
import { ago, block, duration, h, link, number, share, svg } from "./elements.js";
import { spark } from "./chart.js";
import { architecture, described, filled, firing, matrix, now, over, vector } from "./stores.js";

export function overview() {
  return [
    block("Alerts", alertList, { class: "plain" }),
    block("Clients", figures, { class: "plain" }),
    block("Architecture", drawing, { class: "plain" }),
  ];
}

async function alertList() {
  const list = (await firing()).filter((alert) => alert.state === "firing");
  if (!list.length) return h("p", { class: "calm" }, h("span", { class: "dot", "data-state": "ok" }), "No alert is firing.");
  return h("ul", { class: "firing" }, list.slice(0, 6).map((alert) => h("li", { "data-state": alert.labels.severity === "critical" ? "bad" : "warn" },
    h("a", { href: link("alerts") }, h("b", {}, alert.name), " ", alert.annotations.summary ?? ""), h("small", {}, ` for ${ago(now() - Date.parse(alert.activeAt) / 1000)}`))),
    list.length > 6 ? h("li", {}, h("a", { href: link("alerts") }, `${list.length - 6} more`)) : null);
}

async function figures() {
  const [requests, failed, slow] = await Promise.all(described.overview.map(async ({ title, series }) => ({ title, ...(await matrix(filled(series.all))) })));
  const last = ({ series }) => series[0]?.values.at(-1) ?? NaN;
  const figure = (answer, text, tone, bad) => h("a", { class: "figure", href: link("ingress"), "data-state": bad ? "bad" : null },
    h("span", {}, answer.title), h("b", {}, text), spark(answer.series[0]?.values ?? [], tone));
  return h("div", { class: "figures" },
    figure(requests, number(last(requests)), "--entry"),
    figure(failed, last(requests) > 0 ? share(last(failed) || 0) : "–", "--bad", last(failed) > 0.01),
    figure(slow, duration(last(slow)), "--data"));
}

const by = "service, region, track";

async function drawing(place) {
  // Figures of a store that is away are left out; the architecture is known without any.
  const none = () => ({ times: [], series: [] }), nothing = () => [];
  const [rate, failed, p99, running, versions, up] = await Promise.all([
    matrix(`sum by (${by}) (rate(ingress_requests_total[${over()}]))`).catch(none),
    vector(`sum by (${by}) (rate(ingress_requests_total{status="5xx"}[2m])) / sum by (${by}) (rate(ingress_requests_total[2m]))`).catch(nothing),
    vector(`histogram_quantile(0.99, sum by (${by}, le) (rate(ingress_request_duration_seconds_bucket[2m])))`).catch(nothing),
    vector(`count by (${by}, role) (container_start_time_seconds)`).catch(nothing),
    vector(`count by (${by}, version) (service_build_info)`).catch(nothing),
    vector('sum by (region) (up{job="consul"})').catch(nothing),
  ]);
  const live = { rate: rate.series, failed, p99, running, versions, up };
  const { regions, services, mysql, accessories } = architecture;
  const lanes = [
    ["entry", "Entry", (region) => region.ingress && [ingressCard(region, live)]],
    ["service", "Services", (region) => services.filter((one) => one.regions.includes(region.name)).flatMap((one) => one.tracks.map((track) => serviceCard(region, one, track, live)))],
    ["data", "Data", (region) => mysql?.members.includes(region.name) && [mysqlCard(region, live)]],
    ["supply", "Accessories", (region) => (accessories ?? []).filter((one) => one.regions.includes(region.name)).map((one) => containerCard(region, one.name, "supply", "Accessory", "", live))],
    ["discovery", "Discovery", (region) => region.consul_servers > 0 && [consulCard(region, live)]],
  ].map(([role, title, cards]) => ({ role, title, cards: regions.map((region) => cards(region) || []) })).filter((lane) => lane.cards.some((cards) => cards.length));
  const columns = regions.map((_, i) => (lanes.filter((lane) => lane.cards[i].length).length > 2 ? "minmax(15rem, 1fr)" : "minmax(11rem, 0.5fr)"));
  const canvas = h("div", { class: "canvas", style: { "--columns": `6.5rem ${columns.join(" ")}`, "--rows": String(lanes.length + 1) } },
    svg("svg", { class: "arrows", "aria-hidden": "true" }),
    h("div", { class: "regions" },
      h("div", { class: "lane-titles", "aria-hidden": "true" }, h("span"), lanes.map((lane) => h("span", { "data-role": lane.role }, lane.title))),
      regions.map((region, i) => h("section", { class: "region", "aria-label": `Region ${region.name}` },
        h("h3", { class: "region-name" }, region.name, region.ingress ? h("a", { href: region.ingress, rel: "noreferrer" }, region.ingress) : null),
        lanes.map((lane) => h("div", { class: "lane", "data-role": lane.role }, lane.cards[i]))))));
  place.replaceChildren(canvas);
  new ResizeObserver(() => { if (canvas.isConnected) arrows(canvas); }).observe(canvas);
}

const find = (list, labels) => list.find((one) => Object.entries(labels).every(([name, value]) => one.metric[name] === value));
const counted = (live, labels) => live.running.length ? live.running.filter((one) => Object.entries(labels).every(([name, value]) => one.metric[name] === value)).reduce((sum, one) => sum + one.value, 0) : null;

/** State and words: what is wrong is never a colour alone. */
function stateOf(found, wanted, failing = 0) {
  if (failing > 0.05) return ["bad", "failing"];
  if (found !== null && found < wanted) return ["bad", found === 0 ? "away" : "replicas are away"];
  if (failing > 0.01) return ["warn", "some requests fail"];
  return found === null ? ["idle", "no figures"] : ["ok", "healthy"];
}

function card(role, kind, title, href, [state, words], lines, { replicas, line, data = {} } = {}) {
  return h("a", { class: "card", "data-role": role, "data-state": state, href, ...data },
    h("span", { class: "kind" }, kind, h("span", { class: "state" }, h("span", { class: "dot", "data-state": state }), words)),
    h("span", { class: "title" }, title),
    lines.filter(Boolean).map((text) => h("span", { class: "facts-line" }, text)),
    replicas ? h("span", { class: "replicas" }, Array.from({ length: replicas.wanted }, (_, i) => h("i", { class: replicas.found === null ? "unknown" : i < replicas.found ? "" : "away" })),
      h("span", {}, replicas.found === null ? `${replicas.wanted} wanted` : `${replicas.found} of ${replicas.wanted}`)) : null,
    line ? spark(line) : null);
}

const traffic = (rate, failed, p99) => [rate === undefined ? "no requests" : `${number(rate)}/s · ${share(failed)} failed`, rate > 0 && Number.isFinite(p99) ? `P99 ${duration(p99)}` : null];

function serviceCard(region, service, track, live) {
  const labels = { service: service.name, region: region.name, track: track.name };
  const wanted = track.replicas, found = counted(live, { ...labels, role: "application" });
  const series = find(live.rate, labels), rate = series?.values.at(-1) ?? undefined, failed = find(live.failed, labels)?.value || 0;
  const version = live.versions.filter((one) => Object.entries(labels).every(([name, value]) => one.metric[name] === value)).map((one) => one.metric.version).join(", ");
  const worker = service.kind === "worker";
  return card("service", `${worker ? "Worker" : "Service"} · ${track.name}`, service.name, link(`service/${encodeURIComponent(service.name)}`), stateOf(found, wanted, rate > 0 ? failed : 0),
    [...(worker ? [] : traffic(rate, failed, find(live.p99, labels)?.value)), version && `version ${version}`],
    { replicas: { wanted, found }, line: series?.values, data: { "data-rate": String(rate ?? 0), "data-database": service.database ? "yes" : null } });
}

function ingressCard(region, live) {
  const mine = live.rate.filter((one) => one.metric.region === region.name);
  const sum = mine.length ? mine.reduce((total, one) => total + (one.values.at(-1) ?? 0), 0) : undefined;
  const line = mine[0]?.values.map((_, i) => mine.reduce((total, one) => total + (one.values[i] ?? 0), 0));
  return card("entry", "Ingress", "nginx", link("ingress", { region: region.name }), stateOf(counted(live, { service: "ingress", region: region.name, role: "nginx" }), 1),
    [sum === undefined ? "no requests" : `${number(sum)} requests/s`], { line, data: { "data-rate": String(sum ?? 0) } });
}

function mysqlCard(region, live) {
  const { topology, primary_region: primary } = architecture.mysql;
  return containerCard(region, "mysql", "data", `MySQL · ${topology}`, topology === "single" ? "" : region.name === primary ? "primary region" : "secondary", live, link("mysql"));
}

function containerCard(region, service, role, kind, text, live, href = link("logs", { service, region: region.name })) {
  return card(role, kind, service, href, stateOf(counted(live, { service, region: region.name }), 1), [text]);
}

function consulCard(region, live) {
  const found = live.up.length ? find(live.up, { region: region.name })?.value ?? 0 : counted(live, { service: "consul", region: region.name, role: "consul-server" });
  return card("discovery", "Consul", "consul", link("consul"), stateOf(found, region.consul_servers), [], { replicas: { wanted: region.consul_servers, found } });
}

/** From each ingress to the services, and from those to the database: as wide as there are requests. */
function arrows(canvas) {
  const origin = canvas.getBoundingClientRect();
  const box = (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { left: left - origin.left, top: top - origin.top, right: left + width - origin.left, bottom: top + height - origin.top, x: left + width / 2 - origin.left, y: top + height / 2 - origin.top, rate: Number(element.dataset.rate ?? 0), element };
  };
  const line = (tone, rate, d) => svg("path", { d, "data-role": tone, class: rate > 0 ? "flow" : "", style: { "stroke-width": `${rate > 0 ? Math.min(5, 1.5 + Math.sqrt(rate) / 3) : 1.2}px` } });
  const bend = (x1, y1, x2, y2) => `C${x1},${(y1 + y2) / 2} ${x2},${(y1 + y2) / 2} ${x2},${y2}`;
  canvas.querySelector(".arrows").replaceChildren(...[...canvas.querySelectorAll(".region")].flatMap((region) => {
    const frame = box(region), [entry, data] = ["entry", "data"].map((role) => region.querySelector(`.card[data-role="${role}"]`)).map((element) => element && box(element));
    const cards = [...region.querySelectorAll('.card[data-role="service"]')].map(box);
    const first = Math.min(...cards.map((card) => card.top)), last = Math.max(...cards.map((card) => card.bottom));
    return cards.flatMap((card) => {
      // Where cards stand in rows, those behind others are reached along the edge of the region.
      const [edge, side, apart] = card.x <= frame.x ? [frame.left + 5, card.left, 5] : [frame.right - 5, card.right, -5];
      const down = !entry || !card.rate ? null : card.top < first + 5 ? `M${entry.x},${entry.bottom} ${bend(entry.x, entry.bottom, card.x, card.top)}` : `M${entry.x},${entry.bottom} ${bend(entry.x, entry.bottom, edge, first)} V${card.y} H${side}`;
      const read = !data || !card.element.dataset.database ? null : card.bottom > last - 5 ? `M${card.x},${card.bottom} ${bend(card.x, card.bottom, data.x, data.top)}` : `M${side},${card.y + 12} H${edge + apart} V${last} ${bend(edge + apart, last, data.x, data.top)}`;
      return [down && line("entry", card.rate, down), read && line("data", card.rate, read)];
    });
  }).filter(Boolean));
}
