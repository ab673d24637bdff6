// Asks the stores, through the console, in their own languages: PromQL for what is counted, LogsQL for rows.

export let architecture = null;
/** What is drawn over time, by group: panels.json, of which Grafana's dashboards are made, too. */
export let described = null;

export async function load() {
  const [answer, panels] = await Promise.all(["api/architecture", "panels.json"].map(async (path) => (await fetch(path)).json()));
  architecture = { stack: answer.stack, ...answer.architecture };
  described = panels;
}

/** The name of a container without what all of the stack begin with. */
export const short = (instance) => (instance ?? "").replace(`gostack-${architecture.stack}-`, "");
/** Seconds that the view looks back, from its address. */
export const range = () => Number(new URLSearchParams(location.hash.split("?")[1] ?? "").get("range")) || 900;
export const now = () => Date.now() / 1000;
const step = () => Math.max(15, Math.ceil(range() / 120 / 15) * 15);
/** What a rate is taken over: never less than four scrapes. */
export const over = () => `${Math.max(60, step())}s`;
/** A query of panels.json as the store takes it. */
export const filled = (query, of = "") => query.replace(/\$(of|over)\b/g, (_, name) => (name === "of" ? of : over()));

async function ask(path, parameters) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body: new URLSearchParams(parameters) });
  } catch {
    throw new Error("The console cannot be reached.");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(text.slice(0, 300) || `The store answers ${answer.status}.`);
  return text;
}

/** Series of now: [{metric, value}]. */
export async function vector(query) {
  const { data } = JSON.parse(await ask("metrics/api/v1/query", { query }));
  return data.result.map((one) => ({ metric: one.metric, value: Number(one.value[1]) }));
}

/** Series over the view's time on one grid: {times, series: [{metric, values}]}. */
export async function matrix(query) {
  const every = step(), end = Math.floor(now() / every) * every, start = end - Math.ceil(range() / every) * every;
  const { data } = JSON.parse(await ask("metrics/api/v1/query_range", { query, start, end, step: every }));
  const times = Array.from({ length: (end - start) / every + 1 }, (_, i) => start + i * every);
  return { times, series: data.result.map(({ metric, values }) => {
    const known = new Map(values.map(([time, value]) => [time, Number(value)]));
    return { metric, values: times.map((time) => Number.isFinite(known.get(time)) ? known.get(time) : null) };
  }) };
}

/** Rows of VictoriaLogs. `limit` keeps the newest ones, and the page small. */
export async function rows(query, parameters = {}) {
  return (await ask("logs/select/logsql/query", { query, ...parameters })).split("\n").filter(Boolean).map((text) => JSON.parse(text));
}

export async function hits(query, seconds) {
  const every = Math.max(1, Math.round(seconds / 60)), end = Math.floor(now() / every) * every;
  const text = await ask("logs/select/logsql/hits", { query, start: end - 60 * every, end, step: `${every}s`, field: "level" });
  return { every, start: end - 60 * every, groups: JSON.parse(text).hits ?? [] };
}

async function read(path) {
  const answer = await fetch(path).catch(() => { throw new Error("The console cannot be reached."); });
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
  return answer.json();
}
export const health = async () => (await read("health")).stores;
let asked = null;
/** A view and the count above it ask for the same. */
const active = () => asked ??= read("alerts/api/v1/alerts").finally(() => { asked = null; });
/** Those that are pending or firing; without the one that always fires, to show that alerts are judged. */
export const firing = async () => ((await active()).data.alerts ?? [])
  .filter((alert) => alert.labels.severity !== "none")
  .sort((one, other) => severity(one) - severity(other) || one.activeAt.localeCompare(other.activeAt));
export const rules = async () => (await read("alerts/api/v1/rules")).data.groups ?? [];
const severity = (alert) => (alert.state === "firing" ? 0 : 10) + (alert.labels.severity === "critical" ? 0 : 1);

/** A text as LogsQL takes it: nothing in it can end the quotes. */
export const quoted = (text) => JSON.stringify(String(text));
/** The filter of a stream, from fields that may be absent. */
export const stream = (fields) => `{${Object.entries(fields).filter(([, value]) => value).map(([name, value]) => `${name}=${quoted(value)}`).join(",")}}`;
export const since = (seconds = range()) => `_time:${seconds}s`;
export const ACCESS = 'kind:="log" service:="ingress" role:="nginx" upstream_service:*';

/** What somebody types, as LogsQL: words begin like that, "…" is a phrase, -word is absent, field:value is that field. */
export function logsql(text) {
  return [...text.matchAll(/(-?)(?:([A-Za-z_][\w.]*):)?(?:"([^"]*)"|(\S+))/g)].map(([, not, field, phrase, word]) => {
    const value = phrase === undefined ? `${quoted(word)}*` : quoted(phrase);
    const filter = field ? `${quoted(field)}:${value}` : `(${value} or error:${value})`;
    return not ? `!${filter}` : filter;
  }).join(" ");
}
