// What the services stand on: the members of MySQL, and Consul's servers.
import { block, duration, h, link, meter, number, table } from "./elements.js";
import { panels } from "./chart.js";
import { statements } from "./lists.js";
import { architecture, short, vector } from "./stores.js";

const state = ([tone, words]) => [h("span", { class: "dot", "data-state": tone }), words];
const word = (value, yes, no) => (Number.isFinite(value) ? (value > 0 ? yes : no) : "–");

/** The value of each question for a row, by one label of both. */
async function asked(label, questions) {
  const found = await Promise.all(questions.map(vector));
  return (name) => found.map((list) => list.find((one) => one.metric[label] === name)?.value ?? NaN);
}

export function mysql() {
  const { topology, members } = architecture.mysql;
  return [
    h("div", { class: "heading" }, h("h2", {}, "MySQL"), h("p", { class: "hint" }, `${topology} · ${members.join(", ")}`)),
    block("Members", async () => {
      const of = await asked("region", ["mysql_up", "mysql_writable", "mysql_replicates", "mysql_replication_lag_seconds", "mysql_connections", "mysql_max_connections"]);
      const health = (up, replicates) => (up === 0 ? ["bad", "away"] : replicates === 0 ? ["warn", "does not replicate"] : up > 0 ? ["ok", "healthy"] : ["idle", "no figures"]);
      return table([
        { title: "Region", cell: ({ region }) => h("b", {}, region) },
        { title: "State", cell: ({ up, replicates }) => state(health(up, replicates)) },
        { title: "Role", cell: ({ up, writable }) => word(up > 0 ? writable : NaN, "primary", "secondary") },
        { title: "Lag", number: true, cell: ({ lag }) => duration(lag) },
        { title: "Connections", number: true, cell: ({ connections, most }) => (most > 0 ? meter(connections, most, `${connections} of ${most}`) : "–") },
        { title: "", cell: ({ region }) => h("a", { href: link("logs", { service: "mysql", region }) }, "lines") },
      ], members.map((region) => {
        const [up, writable, replicates, lag, connections, most] = of(region);
        return { region, up, writable, replicates, lag, connections, most };
      }));
    }),
    h("div", { class: "columns" }, panels("mysql")),
    block("Slowest SQL", () => statements()),
  ];
}

export function consul() {
  return [
    h("div", { class: "heading" }, h("h2", {}, "Consul")),
    block("Servers", async () => {
      const of = await asked("instance", ["consul_server_isLeader", "consul_raft_peers"]);
      return table([
        { title: "Server", cell: ({ metric }) => h("b", {}, short(metric.instance)) },
        { title: "Region", cell: ({ metric }) => metric.region },
        { title: "State", cell: ({ value }) => state(value > 0 ? ["ok", "answers"] : ["bad", "away"]) },
        { title: "Leader", cell: ({ metric }) => word(of(metric.instance)[0], "yes", "no") },
        { title: "Peers", number: true, cell: ({ metric }) => number(of(metric.instance)[1]) },
        { title: "", cell: ({ metric }) => h("a", { href: link("logs", { service: "consul", region: metric.region }) }, "lines") },
      ], (await vector('up{job="consul"}')).sort((one, other) => one.metric.instance.localeCompare(other.metric.instance)), "No server is scraped.");
    }),
    h("div", { class: "columns" }, panels("consul")),
  ];
}
