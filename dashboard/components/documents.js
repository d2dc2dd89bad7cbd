// A list of documents. Everything in it comes from outside: text goes in through textContent, links only as http(s).

// The title opens the document's page, where it is known by an id; the arrow behind it leads to the source.
function headline(item, read) {
  const node = element("span", "headline");
  node.append(item.id ? opening("title", item.title, opened(item), read) : element("span", "title", item.title));
  if (/^https?:\/\//i.test(item.url)) {
    const out = element("a", "out", "\u2197");
    out.href = item.url;
    out.target = "_blank";
    out.rel = "noopener noreferrer nofollow";
    out.title = "At its source";
    out.setAttribute("aria-label", `At its source: ${item.title}`);
    node.append(" ", out);
  }
  return node;
}

function opened(item) {
  return { document: item.id, company: item.of || item.company || "" };
}

function bar(item, colours) {
  const node = element("div", "bar");
  node.title = item.probabilities;
  const whole = [[item.negative, colours[0]], [item.neutral, colours[1]], [item.positive, colours[2]]];
  const fromZero = [
    [1 - item.negative, colours[1]], [item.negative, colours[0]], [item.positive, colours[2]], [1 - item.positive, colours[1]],
  ];
  for (const [share, colour] of item.diverging ? fromZero : whole) {
    const part = element("i", "");
    part.style.flexGrow = share;
    part.style.background = colour;
    node.append(part);
  }
  return node;
}

const THUMB = "M2 20h3V9H2v11zm20-9.6c0-1-.9-1.9-2-1.9h-6l.9-4.2v-.3c0-.4-.2-.8-.4-1L13.4 2 7.6 7.8c-.4.3-.6.8-.6 1.3V18c0 1.1.9 2 2 2h8c.8 0 1.5-.5 1.8-1.2l2.9-6.7c.1-.2.1-.5.1-.7z";

// A thumb is pressed again to take it back: what is reported is the thumb that the reader wants from now on.
function thumb(item, value, rate) {
  const node = element("button", "thumb");
  node.type = "button";
  node.title = value > 0 ? "More like this" : "Less like this";
  node.setAttribute("aria-label", `${node.title}: ${item.title}`);
  node.setAttribute("aria-pressed", String(item.rated === value));
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", THUMB);
  drawing.append(path);
  if (value < 0) drawing.style.transform = "scaleY(-1)";
  node.append(drawing);
  node.onclick = () => rate({ key: item.key, value: item.rated === value ? 0 : value });
  return node;
}

function sources(item, read) {
  const node = element("ul", "links", undefined);
  node.append(...item.links.map((link) => {
    const line = element("li", "");
    line.append(headline(link, read), element("span", "", link.source));
    return line;
  }));
  return node;
}

function row(item, data, open, rate, read) {
  const node = element("article", item.new ? "row new" : "row");
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
  middle.append(headline(item, read), about);
  if (item.excerpt) middle.append(element("p", "", item.excerpt));
  if (item.why) middle.append(element("p", "why", item.why));
  if (item.links && item.links.length) middle.append(sources(item, read));
  const right = element("div", "score");
  const value = element("b", "", item.score);
  value.style.color = item.colour;
  right.append(value, bar(item, data.colours));
  if (data.rate) {
    const thumbs = element("div", "thumbs");
    thumbs.append(thumb(item, 1, rate), thumb(item, -1, rate));
    right.append(thumbs);
  }
  node.append(...(data.chips ? [when, chip, middle, right] : [when, middle, right]));
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector(".list");
  const fingerprint = JSON.stringify(data);
  if (list.dataset.fingerprint === fingerprint || list.querySelector("button:active")) return; // a press is under way
  list.dataset.fingerprint = fingerprint;
  list.classList.toggle("plain", !data.chips);
  list.style.maxHeight = `${data.height}px`;
  const offset = list.scrollTop;
  const open = (id) => setTriggerValue("company", id);
  const rate = (rated) => setTriggerValue("rated", rated);
  const read = (asked) => setTriggerValue("document", asked);
  list.replaceChildren(...data.items.map((item) => row(item, data, open, rate, read)));
  list.scrollTop = offset;
}
