// A list of documents. Everything in it comes from outside: text goes in through textContent, links only as http(s).
function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function headline(item) {
  if (!/^https?:\/\//i.test(item.url)) return element("span", "title", item.title);
  const link = element("a", "title", item.title);
  link.href = item.url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

function bar(item, colours) {
  const node = element("div", "bar");
  node.title = item.probabilities;
  for (const [share, colour] of [[item.negative, colours[0]], [item.neutral, colours[1]], [item.positive, colours[2]]]) {
    const part = element("i", "");
    part.style.flexGrow = share;
    part.style.background = colour;
    node.append(part);
  }
  return node;
}

function row(item, data, open) {
  const node = element("article", "row");
  const when = element("time", "", item.time);
  when.title = item.moment;
  const chip = element("button", "chip", item.ticker);
  chip.type = "button";
  chip.title = item.name;
  chip.disabled = !item.company;
  chip.onclick = () => open(item.company);
  const middle = element("div", "text");
  const about = element("div", "about");
  about.append(...item.tags.map((tag) => element("span", "", tag)));
  if (item.synthetic) about.append(element("span", "synthetic", "synthetic"));
  middle.append(headline(item), about);
  if (item.excerpt) middle.append(element("p", "", item.excerpt));
  const right = element("div", "score");
  const value = element("b", "", item.score);
  value.style.color = item.colour;
  right.append(value, bar(item, data.colours));
  node.append(...(data.chips ? [when, chip, middle, right] : [when, middle, right]));
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".list");
  const fingerprint = JSON.stringify(data);
  if (list.dataset.fingerprint === fingerprint) return;
  list.dataset.fingerprint = fingerprint;
  list.classList.toggle("plain", !data.chips);
  list.style.maxHeight = `${data.height}px`;
  const offset = list.scrollTop;
  list.replaceChildren(...data.items.map((item) => row(item, data, (id) => setTriggerValue("company", id))));
  list.scrollTop = offset;
}
