// Requests, SQL and log lines, as rows that lead to their trace.
import { clock, duration, h, link, share, table, traceLink } from "./elements.js";
import { rows, since, stream } from "./stores.js";

const seconds = (row) => Date.parse(row._time) / 1000;
const FIELDS_OF_ALL = new Set(["_time", "_msg", "_stream", "_stream_id", "kind", "service", "region", "track", "instance", "role", "stream", "level", "trace_id", "span_id", "parent_id", "timestamp", "time", "msg", "message"]);

/** What a reader looks for first. */
const FIRST = ["error", "status", "seconds", "duration_ms", "upstream_service", "route", "upstream_status"];

export async function requestList(query) {
  const found = await rows(query);
  return table([
    { title: "Time", cell: (row) => clock(seconds(row), true), class: "mono" },
    { title: "Request", cell: (row) => [h("span", { class: "mono" }, row._msg), row.upstream_service ? h("small", {}, ` ${row.upstream_service}${row.track && row.track !== "stable" ? ` (${row.track})` : ""}, ${row.region}`) : null] },
    { title: "Status", cell: (row) => h("span", { class: "status", "data-state": row.status >= 500 ? "bad" : row.status >= 400 ? "warn" : "ok" }, row.status), number: true },
    { title: "Time taken", cell: (row) => duration(Number(row.seconds)), number: true },
    { title: "Tries", cell: (row) => String(tries(row).length || ""), number: true },
    { title: "", cell: (row) => traceLink(row.trace_id) },
  ], found, "None in this time.");
}

/** What took the database longest, from the spans of one service or of all. */
export async function statements({ service } = {}) {
  const text = '"attribute.db.query.text"';
  const found = await rows(`${since()} ${stream({ kind: "span", service })} ${text}:* | stats by (service, ${text}) count() as calls, sum(duration_seconds) as total, quantile(0.99, duration_seconds) as p99, row_max(duration_seconds, trace_id) as slowest | sort by (total desc) limit 10`);
  return table([
    ...(service ? [] : [{ title: "Service", cell: (row) => h("a", { href: link(`service/${encodeURIComponent(row.service)}`) }, row.service) }]),
    { title: "Statement", cell: (row) => h("code", {}, row["attribute.db.query.text"]) },
    { title: "Calls", number: true, cell: (row) => row.calls },
    { title: "In all", number: true, cell: (row) => duration(Number(row.total)) },
    { title: "P99", number: true, cell: (row) => duration(Number(row.p99)) },
    { title: "", cell: (row) => traceLink(JSON.parse(row.slowest || "{}").trace_id, "slowest") },
  ], found, "No span with SQL in this time.");
}

/** Every try of another replica, from the lists of an access line; groups of servers are parted by colons. */
export function tries(row) {
  const list = (text) => String(text ?? "").split(/, | : /).filter((part) => part !== "");
  const [addresses, status, took, connected, answered] = [row.upstream, row.upstream_status, row.upstream_seconds, row.upstream_connect_seconds, row.upstream_header_seconds].map(list);
  return addresses.map((address, i) => ({
    address, status: status[i] ?? "-", seconds: Number(took[i]) || 0,
    // As the collector counts: a 502 without a time of headers is Nginx's own word for a connection that was refused or reset.
    unreachable: connected[i] === "-" || (status[i] === "502" && answered[i] === "-"),
  }));
}

/** The fields of a row that its line does not show already. */
export function fieldsOf(row) {
  const rank = ([name]) => (FIRST.indexOf(name) + FIRST.length + 1) % (FIRST.length + 1);
  return Object.entries(row).filter(([name, value]) => !FIELDS_OF_ALL.has(name) && value !== "").sort((one, other) => rank(one) - rank(other));
}

export function logLine(row, without = "") {
  const level = (row.level ?? "").toLowerCase();
  const where = [row.service, row.track && row.track !== "stable" ? row.track : "", row.region].filter(Boolean).join(" ");
  return h("li", { class: "log", "data-level": level },
    h("details", {},
      h("summary", {},
        h("time", { title: row._time }, clock(seconds(row), true)), h("span", { class: "level" }, level || "–"), h("span", { class: "where", title: row.instance }, where),
        h("span", { class: "message" }, row._msg, h("span", { class: "fields" }, fieldsOf(row).slice(0, 8).map(([name, value]) => h("span", {}, ` ${name}=`, h("b", {}, value)))))),
      fieldTable(row)),
    without === "trace" ? null : traceLink(row.trace_id));
}

export function fieldTable(row) {
  return h("dl", { class: "fields-of" }, Object.entries(row).filter(([name]) => !["_stream", "_stream_id"].includes(name)).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

export const logList = (found, without) => found.length ? h("ul", { class: "logs" }, found.map((row) => logLine(row, without))) : h("p", { class: "none" }, "No line in this time.");
export const shareOf = (part, all) => (all > 0 ? share((part ?? 0) / all) : "–");
