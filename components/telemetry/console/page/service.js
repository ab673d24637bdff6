// One service: how it does for its clients, what its containers use, what it tells of its cache and flags, its slowest
// requests and SQL, its last lines.
import { block, bytes, cores, duration, h, link, number, share, table } from "./elements.js";
import { panels } from "./chart.js";
import { logList, requestList, statements } from "./lists.js";
import { ACCESS, architecture, over, quoted, rows, since, stream, vector } from "./stores.js";

export function service(parameters, name) {
  const known = architecture.services.find((one) => one.name === name);
  if (!known) return h("p", { class: "failed" }, `This stack has no service ${name}.`);
  const of = `service=${quoted(name)}`, worker = known.kind === "worker", access = `${since()} ${ACCESS} upstream_service:=${quoted(name)}`;
  return [
    h("div", { class: "heading" }, h("h2", {}, name), h("p", { class: "hint" }, [worker ? "worker" : (known.routes ?? []).join(", "), known.regions.join(", "), known.database ? `database ${known.database}` : null].filter(Boolean).join(" · "))),
    block("Tracks", () => trackTable(known, of)),
    h("div", { class: "columns" }, worker ? null : panels("service", of), panels("service_containers", of), panels("service_own", of)),
    worker ? null : h("div", { class: "columns" },
      block("Slowest requests", () => requestList(`${access} | sort by (seconds desc) limit 10`)),
      block("Failed requests", () => requestList(`${access} status:>=500 | sort by (_time desc) limit 10`))),
    block("Slowest SQL", () => statements({ service: name })),
    block("Last lines", async () => [logList(await rows(`${since()} ${stream({ kind: "log", service: name })} | sort by (_time desc) limit 20`)), h("p", {}, h("a", { href: link("logs", { service: name }) }, "More lines"))]),
  ].filter(Boolean);
}

async function trackTable(known, of) {
  const by = "by (track)", sum = (query) => vector(`sum ${by} (${query})`);
  const window = over(), quantile = (q) => vector(`histogram_quantile(${q}, sum by (track, le) (rate(ingress_request_duration_seconds_bucket{${of}}[${window}])))`);
  const [rate, failed, p50, p99, cpu, memory, running, versions] = await Promise.all([
    sum(`rate(ingress_requests_total{${of}}[${window}])`), sum(`rate(ingress_requests_total{${of},status="5xx"}[${window}])`), quantile(0.5), quantile(0.99),
    sum(`rate(container_cpu_usage_seconds_total{${of},role="application"}[${window}])`), sum(`container_memory_working_set_bytes{${of},role="application"}`),
    vector(`count ${by} (container_start_time_seconds{${of},role="application"})`), vector(`count by (track, version) (service_build_info{${of}})`)]);
  const value = (list) => (track) => list.find((one) => one.metric.track === track.name)?.value ?? NaN;
  const column = (title, list, text) => ({ title, number: true, cell: (track) => text(value(list)(track)) });
  const traffic = [column("Requests/s", rate, number), { title: "Failed", number: true, cell: (track) => share((value(failed)(track) || 0) / value(rate)(track)) }, column("P50", p50, duration), column("P99", p99, duration)];
  return table([
    { title: "Track", cell: (track) => h("b", {}, track.name) },
    ...(known.kind === "worker" ? [] : traffic),
    column("CPU", cpu, cores), column("Memory", memory, bytes),
    { title: "Replicas", number: true, cell: (track) => { const found = value(running)(track); return `${Number.isFinite(found) ? found : "–"} of ${track.replicas * known.regions.length}`; } },
    { title: "Version", cell: (track) => versions.filter((one) => one.metric.track === track.name).map((one) => one.metric.version).join(", ") || "–" },
  ], known.tracks);
}
