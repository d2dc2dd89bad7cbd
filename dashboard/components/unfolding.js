// A tree of contributions, each with a bar from zero. Labels come from outside: they go in through textContent.

function label(item, read) {
  return item.opens ? opening("label", item.label, item.opens, read) : element("span", "label", item.label);
}

function line(item, data, read) {
  const node = element("div", item.faded ? "line faded" : "line");
  const text = element("div", "text");
  text.append(label(item, read));
  if (item.faded) text.append(element("span", "tag", "faded"));
  if (item.note) text.append(element("div", "note", item.note));
  const track = element("div", "track");
  const bar = element("i", "");
  const colour = item.size < 0 ? data.colours[0] : data.colours[1];
  bar.style.background = item.faded
    ? `repeating-linear-gradient(135deg, ${colour} 0 3px, transparent 3px 6px)` : colour;
  bar.style.width = `${Math.abs(item.size) * 50}%`;
  bar.style.left = item.size < 0 ? `${50 - Math.abs(item.size) * 50}%` : "50%";
  track.append(bar);
  node.append(text, track, element("b", "value", item.value));
  return node;
}

function branch(item, place, data, opened, read) {
  if (!item.children.length) return line(item, data, read);
  const node = element("details", "");
  node.open = opened.has(place) ? opened.get(place) : place === "0";
  node.ontoggle = () => opened.set(place, node.open);
  const summary = element("summary", "");
  summary.append(line(item, data, read));
  const children = element("div", "children");
  children.append(...item.children.map((child, index) => branch(child, `${place}.${index}`, data, opened, read)));
  node.append(summary, children);
  return node;
}

const states = new WeakMap(); // what a reader has opened stays open when figures move

export default function ({ data, parentElement, setTriggerValue }) {
  const tree = parentElement.querySelector(".tree");
  const fingerprint = JSON.stringify(data);
  if (tree.dataset.fingerprint === fingerprint) return;
  tree.dataset.fingerprint = fingerprint;
  if (!states.has(tree)) states.set(tree, new Map());
  const read = (asked) => setTriggerValue("document", asked);
  tree.replaceChildren(
    ...data.nodes.map((item, index) => branch(item, String(index), data, states.get(tree), read)));
}
