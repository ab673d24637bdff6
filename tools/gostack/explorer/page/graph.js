// What depends on what: of cards, and of single resources.

const memory = new Map();

/** For a list of lists of places: the same, the other way round. */
function reversed(lists) {
  const result = lists.map(() => []);
  lists.forEach((targets, source) => targets.forEach((target) => result[target].push(source)));
  return result;
}

function dependencyLists(stack) {
  if (!memory.has(stack)) {
    const cards = stack.cards.map((card) => card.needs);
    const resources = stack.resources.map((resource) => resource.needs);
    memory.set(stack, { cards, cardsBack: reversed(cards), resources, resourcesBack: reversed(resources) });
  }
  return memory.get(stack);
}

/** Place to distance of everything that can be reached; the start is not among it. */
function reachable(lists, start) {
  const found = new Map();
  let edge = [start];
  for (let distance = 1; edge.length; distance += 1) {
    const next = [];
    for (const place of edge) {
      for (const target of lists[place]) {
        if (target !== start && !found.has(target)) {
          found.set(target, distance);
          next.push(target);
        }
      }
    }
    edge = next;
  }
  return found;
}

/** What must be there before a card, and what waits for it: card to distance. */
function around(stack, card) {
  const lists = dependencyLists(stack);
  return { before: reachable(lists.cards, card), after: reachable(lists.cardsBack, card) };
}

function selectedCard() {
  const resource = stackOf().resources[state.selected];
  return resource ? resource.card : -1;
}

function childrenOf(stack, place) {
  const found = [];
  stack.resources.forEach((resource, other) => {
    if (resource.parent === place) found.push(other);
  });
  return found.sort((one, other) => stack.resources[one].name.localeCompare(stack.resources[other].name, "en", { numeric: true }));
}
