// Stories: when, headline, by how many, about whom, and how the lean went. Texts of others go in through textContent only.

// From -1 to +1: a ring where the story leaned first, a dot where it leans now, a bar between them.
function track(item) {
  const svg = shape("svg", { viewBox: "0 0 84 12", width: 84, height: 12, role: "img", "aria-label": item.moved });
  const x = (value) => 6 + ((value + 1) / 2) * 72;
  svg.append(shape("line", { x1: 6, x2: 78, y1: 6, y2: 6, class: "axis" }), shape("line", { x1: 42, x2: 42, y1: 2, y2: 10, class: "axis" }));
  if (item.first === null || item.last === null) return svg;
  svg.append(shape("line", { x1: x(item.first), x2: x(item.last), y1: 6, y2: 6, class: "way", stroke: item.colour }));
  svg.append(shape("circle", { cx: x(item.first), cy: 6, r: 3, class: "ring", stroke: item.colour }));
  svg.append(shape("circle", { cx: x(item.last), cy: 6, r: 3, fill: item.colour }));
  return svg;
}

function chip(each, company) {
  const node = element("button", "chip", each.ticker);
  node.type = "button";
  node.title = each.name;
  node.disabled = !each.id;
  node.onclick = () => company(each.id);
  return node;
}

function row(item, open, company) {
  const node = element("article", item.chosen ? "row chosen" : "row");
  const when = element("time", "", item.when);
  when.title = item.moment;
  const middle = element("div", "text");
  const title = element("button", "title", item.title);
  title.type = "button";
  title.setAttribute("aria-pressed", String(item.chosen));
  title.onclick = () => open(item.key);
  const about = element("div", "about");
  about.append(...item.chips.map((each) => chip(each, company)));
  if (item.more) about.append(element("span", "", `+${item.more}`));
  about.append(...item.facts.map((fact) => element("span", "", fact)));
  about.append(...item.tags.map((tag) => element("span", "tag", tag)));
  if (item.synthetic) about.append(element("span", "synthetic", "synthetic"));
  middle.append(title, about);
  const right = element("div", "score");
  right.title = item.moved;
  const value = element("b", "", item.score);
  value.style.color = item.colour;
  right.append(value, track(item));
  node.append(when, middle, right);
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".list");
  const fingerprint = JSON.stringify(data);
  if (list.dataset.fingerprint === fingerprint || list.querySelector("button:active")) return; // a press is under way
  list.dataset.fingerprint = fingerprint;
  list.style.maxHeight = `${data.height}px`;
  const offset = list.scrollTop;
  const open = (key) => setTriggerValue("story", key);
  const company = (id) => setTriggerValue("company", id);
  list.replaceChildren(...data.items.map((item) => row(item, open, company)));
  list.scrollTop = offset;
}
