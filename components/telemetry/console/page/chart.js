// Lines over time, drawn by uPlot in the colours of the page.
import { block, bytes, clock, cores, duration, h, number, share, svg } from "./elements.js";
import { described, filled, matrix, range, short } from "./stores.js";

const TONES = ["--service", "--entry", "--data", "--discovery", "--supply", "--trust", "--watch", "--front"];
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** `lines` are [{label, values, tone, dashed}] on the same times; fills the element that it is given. */
export function chart(place, times, lines, unit) {
  if (!lines.some((line) => line.values.some((value) => value !== null))) return h("p", { class: "none" }, "No figures in this time.");
  const last = times.length - 1;
  const axis = { stroke: () => color("--ink-2"), grid: { stroke: () => color("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const size = () => ({ width: Math.max(200, place.clientWidth), height: 180 });
  const options = {
    ...size(),
    padding: [8, 6, 0, 0],
    series: [{ value: (_, time) => (time === null ? "" : range() > 86400 ? new Date(time * 1000).toLocaleString() : clock(time, true).slice(0, 8)) },
      ...lines.map((line, i) => ({
        label: line.label, width: 1.8, points: { show: false }, dash: line.dashed ? [6, 4] : undefined, spanGaps: false,
        stroke: () => color(line.tone ?? TONES[i % TONES.length]), value: (_, value) => (value === null ? "–" : unit(value)),
      }))],
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((time) => (range() > 86400 ? new Date(time * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short" }) : clock(time))), space: 70, size: 28 },
      { ...axis, values: (_, ticks) => ticks.map(unit), size: 72, incrs: unit === bytes ? Array.from({ length: 50 }, (_, i) => 2 ** i) : undefined },
    ],
    scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] } },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    // Without a pointer the legend says what is now.
    hooks: { ready: [(plot) => plot.setLegend({ idx: last })], setCursor: [(plot) => { if (plot.cursor.idx === null) plot.setLegend({ idx: last }); }] },
  };
  place.replaceChildren();
  const plot = new uPlot(options, [times, ...lines.map((line) => line.values)], place);
  const seen = new ResizeObserver(() => {
    if (place.isConnected) return plot.setSize(size());
    // uPlot keeps what is not destroyed.
    seen.disconnect();
    plot.destroy();
  });
  seen.observe(place);
  return undefined;
}

const UNITS = { bytes, cores, duration, number, share };
const labelled = (label, metric) => label.replace(/\{(\w+)\}/g, (_, name) => (name === "instance" ? short(metric.instance) : metric[name] ?? ""));

/** Series of a question as lines of a chart, the canary dashed. */
function linesOf(series, label) {
  return series.map((one) => ({ one, name: labelled(label, one.metric) })).sort((a, b) => a.name.localeCompare(b.name))
    .map(({ one, name }) => ({ label: name || "all", values: one.values, dashed: one.metric.track && one.metric.track !== "stable" }));
}

/** A chart in a block for each panel of a group; `of` are the labels that its series must have. Of the optional ones only those appear that have figures. */
export const panels = (group, of = "") => described[group].map(({ title, unit, series, optional }) => block(title, async (place) => {
  const show = () => { place.parentElement.hidden = false; };
  const found = await Promise.all(Object.entries(series).map(async ([label, query]) => ({ label, ...(await matrix(filled(query, of))) })))
    // The block says why.
    .catch((error) => { show(); throw error; });
  if (optional && !found.some((one) => one.series.length)) return;
  show();
  return chart(place, found[0].times, found.flatMap((one) => linesOf(one.series, one.label)), UNITS[unit]);
}, { hidden: optional }));

export function spark(values, tone = "--tone") {
  const known = values.map((value) => value ?? 0), top = Math.max(...known, 1e-9);
  const points = known.map((value, i) => `${((i / Math.max(1, known.length - 1)) * 100).toFixed(1)},${(22 - (value / top) * 20).toFixed(1)}`).join(" ");
  return svg("svg", { class: "spark", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true", style: { color: `var(${tone})` } },
    svg("polygon", { points: `0,24 ${points} 100,24` }), svg("polyline", { points }));
}
