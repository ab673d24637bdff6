// What is wrong by the rules, and how much of the promised availability is used up.
import { ago, block, clock, h, link, share, table } from "./elements.js";
import { panels } from "./chart.js";
import { firing, now, rules, vector } from "./stores.js";

export function alerts() {
  return [
    h("div", { class: "heading" }, h("h2", {}, "Alerts")),
    block("Active", async () => {
      const list = await firing();
      return list.length ? h("ul", { class: "alerts" }, list.map(alertItem)) : h("p", { class: "calm" }, h("span", { class: "dot", "data-state": "ok" }), "No alert is firing.");
    }),
    block("Rules", async () => (await rules()).map((group) => h("details", { class: "keep", open: true },
      h("summary", {}, h("b", {}, group.name), h("small", {}, ` every ${group.interval} s`)),
      table([
        { title: "Rule", cell: (rule) => h("b", {}, rule.name) },
        { title: "State", cell: (rule) => rule.health === "ok" || rule.health === "unknown" ? (rule.type === "recording" ? "recorded" : rule.state) : h("span", { class: "failed" }, rule.lastError || rule.health) },
        { title: "Expression", cell: (rule) => h("code", {}, rule.query) },
        { title: "For", number: true, cell: (rule) => rule.duration ? ago(rule.duration) : "" },
      ], group.rules)))),
  ];
}

function alertItem(alert) {
  const { runbook, runbook_url: url, summary, description } = alert.annotations;
  const address = [url, runbook].find((text) => /^https?:\/\//.test(text ?? ""));
  const state = alert.state === "firing" ? (alert.labels.severity === "critical" ? "bad" : "warn") : "idle";
  return h("li", { "data-state": state },
    h("p", {}, h("span", { class: "dot", "data-state": state }), h("b", {}, alert.name), ` ${alert.state} `, h("small", {}, `${alert.labels.severity ?? ""} since ${clock(Date.parse(alert.activeAt) / 1000)} (${ago(now() - Date.parse(alert.activeAt) / 1000)})`)),
    h("p", {}, summary ?? alert.expression), description ? h("p", { class: "hint" }, description) : null,
    h("p", { class: "chips" },
      Object.entries(alert.labels).filter(([name]) => !["alertname", "alertgroup", "severity"].includes(name)).map(([name, value]) => h("span", { class: "chip" }, `${name}=${value}`)),
      alert.labels.service ? h("a", { href: link(alert.labels.service === "ingress" ? "ingress" : `service/${encodeURIComponent(alert.labels.service)}`) }, alert.labels.service) : null,
      // An address of another kind would be a script.
      address ? h("a", { href: address, rel: "noreferrer" }, "Runbook") : (runbook ?? url) ? h("span", {}, "Runbook: ", h("code", {}, runbook ?? url)) : null));
}

const WINDOWS = ["1h", "6h", "1d", "3d"];

/** The share of requests that missed an objective, as the burn-rate rules record it by window. */
export function objectives() {
  return [
    h("div", { class: "heading" }, h("h2", {}, "Objectives"), h("p", { class: "hint" }, "The share of requests that missed what a service promises (slo), by window. The alert ErrorBudgetBurns judges it against the error budget.")),
    block("Missed", async () => {
      const [shares, active] = await Promise.all([vector(`objective:bad_share{window=~"${WINDOWS.join("|")}"}`), firing().catch(() => [])]);
      const kept = new Map(shares.map((one) => [`${one.metric.service} ${one.metric.objective}`, one.metric]));
      const value = (metric, window) => shares.find((one) => one.metric.service === metric.service && one.metric.objective === metric.objective && one.metric.window === window)?.value ?? NaN;
      const burning = (metric) => active.find((alert) => alert.name === "ErrorBudgetBurns" && alert.labels.service === metric.service && alert.labels.objective === metric.objective);
      return table([
        { title: "Service", cell: (metric) => h("a", { href: link(`service/${encodeURIComponent(metric.service)}`) }, metric.service) },
        { title: "Objective", cell: (metric) => metric.objective },
        { title: "Error budget", cell: (metric) => burning(metric) ? h("b", { class: "failed" }, `burns too fast (${burning(metric).state})`) : "holds" },
        ...WINDOWS.map((window) => ({ title: window, number: true, cell: (metric) => share(value(metric, window)) })),
      ], [...kept.values()].sort((one, other) => `${one.service} ${one.objective}`.localeCompare(`${other.service} ${other.objective}`)), "No service has an objective (slo), or too few requests were made to judge one.");
    }),
    panels("objectives"),
  ];
}
