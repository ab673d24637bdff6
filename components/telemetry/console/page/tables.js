// The ingress, and the containers.
import { ago, block, bytes, cores, duration, h, link, meter, number, share, table } from "./elements.js";
import { panels } from "./chart.js";
import { requestList, shareOf } from "./lists.js";
import { ACCESS, architecture, now, over, quoted, short, since, vector } from "./stores.js";

export function ingress(parameters) {
  const region = parameters.get("region"), of = region ? `region=${quoted(region)}` : "", access = `${since()} ${ACCESS}${region ? ` region:=${quoted(region)}` : ""}`;
  return [
    h("div", { class: "heading" }, h("h2", {}, "Ingress"), h("p", { class: "chips" }, [{ name: "" }, ...architecture.regions.filter((one) => one.ingress)].map(({ name }) =>
      h("a", { class: "chip", href: link("ingress", { region: name }), "aria-current": name === (region ?? "") ? "true" : null }, name || "every region")))),
    block("Failed requests", () => requestList(`${access} status:>=500 | sort by (_time desc) limit 10`)),
    h("div", { class: "columns" },
      panels("ingress", of),
      block("Certificates", async () => table([
        { title: "Host", cell: ({ metric }) => h("code", {}, metric.host) }, { title: "Region", cell: ({ metric }) => metric.region },
        { title: "Valid for", number: true, cell: ({ value }) => value > now() ? ago(value - now()) : h("b", { class: "failed" }, "expired") },
      ], await vector(`certificate_not_after_seconds{${of}}`), "No certificate has been looked at."))),
    block("Routes", () => routes(of)),
    block("Slowest requests", () => requestList(`${access} | sort by (seconds desc) limit 10`)),
  ];
}

async function routes(of) {
  const by = "by (service, route, track)", window = over();
  const [rate, failed, p99] = await Promise.all([
    vector(`sum ${by} (rate(ingress_requests_total{${of}}[${window}]))`), vector(`sum ${by} (rate(ingress_requests_total{status="5xx",${of}}[${window}]))`),
    vector(`histogram_quantile(0.99, sum by (service, route, track, le) (rate(ingress_request_duration_seconds_bucket{${of}}[${window}])))`)]);
  const same = (list, { metric }) => list.find((one) => ["service", "route", "track"].every((name) => one.metric[name] === metric[name]))?.value;
  return table([
    { title: "Route", cell: ({ metric }) => h("code", {}, metric.route || "none") },
    { title: "Service", cell: ({ metric }) => metric.service ? h("a", { href: link(`service/${encodeURIComponent(metric.service)}`) }, metric.service) : "–" },
    { title: "Track", cell: ({ metric }) => metric.track ?? "" },
    { title: "Requests/s", number: true, cell: ({ value }) => number(value) },
    { title: "Failed", number: true, cell: (row) => shareOf(same(failed, row), row.value) },
    { title: "P99", number: true, cell: (row) => duration(same(p99, row) ?? NaN) },
  ], rate.sort((one, other) => other.value - one.value));
}

export function containers() {
  return [h("div", { class: "heading" }, h("h2", {}, "Containers")), h("div", { class: "columns" }, panels("containers")), block("Running", async () => {
    const by = "by (instance, service, region, track, role)", window = over();
    const [started, cpu, limit, throttled, memory, ceiling, restarts, killed] = await Promise.all([
      vector("container_start_time_seconds"), vector(`sum ${by} (rate(container_cpu_usage_seconds_total[${window}]))`), vector("container_spec_cpu_limit_cores"), vector(`sum ${by} (rate(container_cpu_cfs_throttled_seconds_total[${window}]))`),
      vector("container_memory_working_set_bytes"), vector("container_spec_memory_limit_bytes"), vector("changes_prometheus(container_start_time_seconds[1d])"), vector("increase(container_oom_events_total[1d])")]);
    // The containers of a replica have its name.
    const key = ({ metric }) => `${metric.instance} ${metric.role}`;
    const of = (list) => { const known = new Map(list.map((one) => [key(one), one.value])); return (row) => known.get(key(row)) ?? NaN; };
    const [cpuOf, limitOf, throttledOf, memoryOf, ceilingOf, restartsOf, killedOf] = [cpu, limit, throttled, memory, ceiling, restarts, killed].map(of);
    const count = (value) => Number.isFinite(value) ? h("span", { class: value > 0 ? "failed" : "" }, String(Math.round(value))) : "–";
    return table([
      { title: "Container", cell: ({ metric }) => h("a", { class: "mono", href: metric.role === "application" ? link(`service/${encodeURIComponent(metric.service)}`) : link("logs", { service: metric.service, region: metric.region }) }, short(metric.instance)) },
      { title: "Role", cell: ({ metric }) => metric.role }, { title: "Region", cell: ({ metric }) => metric.region || "–" },
      { title: "CPU", number: true, cell: (row) => meter(cpuOf(row), limitOf(row), cores(cpuOf(row))) },
      { title: "Limit", number: true, cell: (row) => limitOf(row) > 0 ? number(limitOf(row)) : "none" },
      { title: "Throttled", number: true, cell: (row) => Number.isFinite(throttledOf(row)) ? share(throttledOf(row)) : "–" },
      { title: "Memory", number: true, cell: (row) => meter(memoryOf(row), ceilingOf(row), bytes(memoryOf(row))) },
      { title: "Limit", number: true, cell: (row) => ceilingOf(row) > 0 ? bytes(ceilingOf(row)) : "none" },
      { title: "Up for", number: true, cell: ({ value }) => ago(now() - value) },
      { title: "Restarts, 1 day", number: true, cell: (row) => count(restartsOf(row)) },
      { title: "Out of memory", number: true, cell: (row) => count(killedOf(row)) },
    ], started.sort((one, other) => `${one.metric.service} ${one.metric.instance}`.localeCompare(`${other.metric.service} ${other.metric.instance}`)), "No container is measured.");
  })];
}
