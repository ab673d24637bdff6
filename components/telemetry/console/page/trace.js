// One request, whole: what the ingress tried, what the services did, the SQL, and what was logged meanwhile.
import { block, clock, duration, h } from "./elements.js";
import { fieldTable, logList, tries } from "./lists.js";
import { quoted, rows, short } from "./stores.js";

const MOST = 2000;
const SQL = "attribute.db.query.text";

export function trace(parameters, id) {
  if (!/^[0-9a-f]{32}$/.test(id)) return h("p", { class: "failed" }, "A trace ID has 32 hexadecimal digits: an answer of the ingress carries it as X-Trace-ID.");
  const found = rows(`trace_id:=${quoted(id)} | sort by (_time) limit ${MOST}`);
  return [
    h("div", { class: "heading" }, h("h2", {}, "Trace ", h("code", {}, id))),
    block("Request", async () => waterfall(await found, id), { class: "plain" }),
    block("Logged", async () => logList((await found).filter((row) => row.kind !== "span"), "trace")),
  ];
}

/** What a row says of time, as {id, parent, name, where, from, seconds, type, failed, row}. */
function spansOf(row) {
  if (row.kind === "span") {
    const sql = row[SQL];
    return [{ id: row.span_id, parent: row.parent_id, name: sql || row.name || row._msg, where: short(row.instance || row.service), from: start(row._time), seconds: Number(row.duration_seconds) || 0, type: sql ? "sql" : "service", failed: /error/i.test(row.status ?? ""), row }];
  }
  if (row.service !== "ingress" || !row.upstream_service || !row.ended) return [];
  const seconds = Number(row.seconds) || 0, from = Number(row.ended) - seconds;
  let at = from;
  return [
    { id: row.span_id, parent: row.parent_id, name: row._msg, where: `ingress ${row.region}`, from, seconds, type: "entry", failed: row.status >= 500, note: row.status, row },
    ...tries(row).map((one, i) => {
      const begun = at;
      at += one.seconds;
      const said = one.unreachable ? "cannot be reached" : `answers ${one.status}`;
      return { id: "", parent: row.span_id, name: `try ${i + 1}: ${one.address} ${said}`, where: "", from: begun, seconds: one.seconds, type: "try", failed: one.unreachable || one.status >= 500, row: { upstream: one.address, upstream_status: one.status, upstream_seconds: String(one.seconds) } };
    }),
  ];
}

/** Seconds since 1970 with all digits that a store gives; Date.parse keeps milliseconds only. */
function start(time) {
  const [, whole, fraction = ""] = time.match(/^(.*?)(\.\d+)?Z?$/);
  return Date.parse(`${whole}Z`) / 1000 + Number(fraction || 0);
}

function ordered(spans) {
  const known = new Set(spans.map((one) => one.id).filter(Boolean)), seen = new Set();
  const byStart = (list) => list.sort((one, other) => one.from - other.from || other.seconds - one.seconds);
  const below = (one, depth) => {
    // A span that names itself or its child as its parent must not lead in circles.
    if (seen.has(one)) return [];
    seen.add(one);
    return [{ ...one, depth }, ...(one.id ? byStart(spans.filter((child) => child.parent === one.id)).flatMap((child) => below(child, depth + 1)) : [])];
  };
  const tops = byStart(spans.filter((one) => !known.has(one.parent))).flatMap((one) => below(one, 0));
  return [...tops, ...spans.filter((one) => !seen.has(one)).flatMap((one) => below(one, 0))];
}

function waterfall(found, id) {
  if (!found.length) return h("p", { class: "none" }, "Nothing is known of this trace: its rows come within seconds of the request, and go after the days that logs are kept.");
  const spans = ordered(found.flatMap(spansOf));
  if (!spans.length) return h("p", { class: "none" }, "It has log lines and no span.");
  const from = Math.min(...spans.map((one) => one.from)), length = Math.max(Math.max(...spans.map((one) => one.from + one.seconds)) - from, 1e-6);
  const room = innerWidth < 800 ? 0.5 : 0.78, root = spans[0], percent = (value) => `${((100 * value) / length).toFixed(3)}%`;
  const slowest = Math.max(...spans.filter((one) => one.type === "sql").map((one) => one.seconds));
  return [
    h("p", { class: "summary" }, h("b", { class: "mono" }, root.name), ` ${duration(length)} `, root.note ? h("span", { class: "status", "data-state": root.failed ? "bad" : "ok" }, root.note) : null,
      h("small", {}, ` ${new Date(from * 1000).toLocaleDateString()} ${clock(from, true)} · ${spans.length} spans${found.length === MOST ? `, of the first ${MOST} rows` : ""}`)),
    h("div", { class: "waterfall", id: `trace-${id}` }, spans.map((one) => {
      const begin = one.from - from, end = begin + one.seconds;
      // Behind the bar, before it, or in it: wherever there is room.
      const label = end / length < room ? { left: percent(end) } : begin / length > 1 - room ? { right: percent(length - begin) } : { right: percent(length - end), color: one.type === "try" ? "var(--ink)" : "var(--surface)" };
      return h("details", { class: "span", "data-type": one.type, "data-state": one.failed ? "bad" : null },
        h("summary", {},
          h("span", { class: "name", style: { "padding-left": `${Math.min(one.depth, 12) * 0.9}rem` }, title: one.name }, one.where ? h("small", {}, `${one.where} `) : null, h("span", { class: one.type === "sql" ? "mono" : "" }, one.name)),
          h("span", { class: "bar" }, h("i", { style: { left: percent(begin), width: percent(one.seconds) } }),
            h("b", { style: label }, duration(one.seconds), one.type === "sql" && one.seconds === slowest && slowest > length / 4 ? " slowest SQL" : "", one.failed ? " failed" : ""))),
        one.type === "sql" ? h("pre", { class: "sql" }, one.row[SQL]) : null,
        fieldTable(one.row));
    })),
  ];
}
