// Arrows between cards, drawn over the laid-out page: from the real places of the cards, again when they move.

let arrowSpace = null;
let arrowWatcher = null;

function arrowLayer() {
  arrowSpace = svg("svg", { class: "arrows", "aria-hidden": "true" });
  return arrowSpace;
}

function watchArrows(canvas) {
  arrowWatcher?.disconnect();
  arrowWatcher = new ResizeObserver(() => drawArrows());
  arrowWatcher.observe(canvas);
}

function drawArrows() {
  const canvas = document.querySelector(".canvas");
  if (!canvas || !arrowSpace) return;
  const stack = stackOf();
  const selected = selectedCard();
  const narrow = getComputedStyle(canvas).getPropertyValue("--narrow").trim() === "1";
  const origin = canvas.getBoundingClientRect();
  arrowSpace.setAttribute("width", String(canvas.scrollWidth));
  arrowSpace.setAttribute("height", String(canvas.scrollHeight));
  const boxes = boxesOf(canvas, origin);
  const links = stack.links.filter((link) => {
    const touches = selected >= 0 && (link.source === selected || link.target === selected);
    return (shownLinks.has(link.kind) || touches) && boxes.has(link.source) && boxes.has(link.target) && !(narrow && apart(stack, link));
  });
  const obstacles = [...canvas.querySelectorAll(".card[data-card]")].map((element) => boxes.get(Number(element.dataset.card)));
  const anchors = anchorsOf(links, boxes, obstacles);
  const drawn = links.map((link, number) => arrow(link, anchors[number], selected));
  arrowSpace.replaceChildren(arrowHeads(), ...drawn.map((item) => item.line), ...drawn.map((item) => item.label));
  for (const item of drawn) placeLabel(item);
}

/** Between columns that stand above each other on a narrow page, an arrow would cross everything. */
function apart(stack, link) {
  const source = link.source >= 0 ? stack.cards[link.source].region : stack.regions[0].name;
  return source !== stack.cards[link.target].region;
}

function boxesOf(canvas, origin) {
  const boxes = new Map();
  for (const element of canvas.querySelectorAll("[data-card]")) {
    const box = element.getBoundingClientRect();
    const left = box.left - origin.left + canvas.scrollLeft;
    const top = box.top - origin.top;
    boxes.set(Number(element.dataset.card), { left, top, right: left + box.width, bottom: top + box.height, middle: left + box.width / 2, centre: top + box.height / 2 });
  }
  return boxes;
}

/** Which sides an arrow leaves and enters by: the next row down, the same row, or around what lies between. */
function routeOf(from, to, all) {
  const [left, right] = [Math.min(from.left, to.left), Math.max(from.right, to.right)];
  if (Math.abs(from.centre - to.centre) < 40) {
    const between = all.some((box) => box !== from && box !== to && Math.abs(box.centre - from.centre) < 60 && box.left > left && box.right < right);
    return between ? "under" : "side";
  }
  const [upper, lower] = from.bottom < to.top ? [from, to] : [to, from];
  const between = all.some((box) => box !== from && box !== to && box.top > upper.bottom - 1 && box.bottom < lower.top + 1 && box.left < Math.max(upper.right, lower.right) && box.right > Math.min(upper.left, lower.left));
  return between ? "around" : "down";
}

/** Arrows that use the same side of a card share its length evenly, in the order of where they go. */
function anchorsOf(links, boxes, all) {
  const routes = links.map((link) => ({ from: boxes.get(link.source), to: boxes.get(link.target), route: routeOf(boxes.get(link.source), boxes.get(link.target), all) }));
  const sides = new Map();
  const use = (card, side, number, end, towards) => {
    const key = `${card} ${side}`;
    if (!sides.has(key)) sides.set(key, []);
    sides.get(key).push({ number, end, towards });
  };
  routes.forEach(({ from, to, route }, number) => {
    const down = from.bottom < to.top;
    if (route === "down") {
      use(links[number].source, down ? "bottom" : "top", number, "start", to.middle);
      use(links[number].target, down ? "top" : "bottom", number, "finish", from.middle);
    } else if (route === "under") {
      use(links[number].source, "bottom", number, "start", to.middle);
      use(links[number].target, "bottom", number, "finish", from.middle);
    } else {
      const side = route === "side" && to.left < from.left ? "left" : "right";
      use(links[number].source, side, number, "start", to.centre);
      use(links[number].target, route === "side" ? (side === "right" ? "left" : "right") : "right", number, "finish", from.centre);
    }
  });
  for (const [key, users] of sides) {
    const [card, side] = key.split(" ");
    const box = boxes.get(Number(card));
    users.sort((one, other) => one.towards - other.towards || one.number - other.number);
    users.forEach((user, position) => {
      const share = (position + 1) / (users.length + 1);
      routes[user.number][user.end] = side === "left" || side === "right"
        ? { x: box[side], y: box.top + (box.bottom - box.top) * share }
        : { x: box.left + (box.right - box.left) * share, y: box[side] };
    });
  }
  return routes;
}

function arrow(link, { route, start, finish }, selected) {
  const touches = selected >= 0 && (link.source === selected || link.target === selected);
  const quiet = selected >= 0 && !touches;
  const path = link.source < 0 && route !== "side" ? entrance(start, finish) : pathOf(route, start, finish);
  const line = svg("path", { d: path, class: `arrow${quiet ? " quiet" : ""}${touches ? " strong" : ""}`, "data-link": link.kind, "marker-end": `url(#head-${link.kind})` });
  if (link.label === "group" || link.label === "WAN federation") line.setAttribute("marker-start", `url(#head-${link.kind})`);
  const label = svg("text", { class: `arrow-label${quiet ? " quiet" : ""}`, "data-link": link.kind });
  // Between cards that nearly touch there is no room for a word.
  label.textContent = route === "side" && Math.abs(finish.x - start.x) < 50 ? "" : link.label;
  return { line, label, link, route };
}

function pathOf(route, start, finish) {
  if (route === "side") return `M${start.x},${start.y} L${finish.x},${finish.y}`;
  if (route === "under") {
    const depth = Math.max(start.y, finish.y) + 22;
    const way = Math.sign(finish.x - start.x) * 10;
    return `M${start.x},${start.y} V${depth - 10} Q${start.x},${depth} ${start.x + way},${depth} H${finish.x - way} Q${finish.x},${depth} ${finish.x},${depth - 10} V${finish.y}`;
  }
  if (route === "around") {
    const out = Math.max(start.x, finish.x) + 22;
    const way = Math.sign(finish.y - start.y) * 10;
    return `M${start.x},${start.y} H${out - 10} Q${out},${start.y} ${out},${start.y + way} V${finish.y - way} Q${out},${finish.y} ${out - 10},${finish.y} H${finish.x}`;
  }
  const bend = (finish.y - start.y) * 0.55;
  return `M${start.x},${start.y} C${start.x},${start.y + bend} ${finish.x},${finish.y - bend} ${finish.x},${finish.y}`;
}

/** From the client: it bends above the regions, so that it crosses no heading. */
function entrance(start, finish) {
  const top = Math.min(finish.y, start.y + 34);
  const bend = (top - start.y) * 0.6;
  return `M${start.x},${start.y} C${start.x},${start.y + bend} ${finish.x},${top - bend} ${finish.x},${top} V${finish.y}`;
}

function placeLabel({ line, label, link, route }) {
  const length = line.getTotalLength();
  const share = link.kind === "fallback" || link.kind === "write" ? 0.3 : 0.5;
  const at = line.getPointAtLength(link.source < 0 && route !== "side" ? length - 26 : length * share);
  const beside = link.source < 0 && route !== "side" ? "start" : route === "around" ? "end" : "middle";
  label.setAttribute("x", String(at.x + { start: 7, middle: 0, end: -4 }[beside]));
  label.setAttribute("y", String(at.y + (route === "side" ? -6 : 4)));
  label.setAttribute("text-anchor", beside);
}

function arrowHeads() {
  return svg("defs", {}, ...LINK_KINDS.map((kind) =>
    svg("marker", { id: `head-${kind}`, viewBox: "0 0 8 8", refX: "7", refY: "4", markerUnits: "userSpaceOnUse", markerWidth: "11", markerHeight: "11", orient: "auto-start-reverse" },
      svg("path", { d: "M0,0.6 L8,4 L0,7.4 z", class: "arrow-head", "data-link": kind }))));
}
