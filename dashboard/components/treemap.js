// Draws boxes that Python laid out (dashboard/drawing/treemap.py). Text only ever goes in through textContent.
// Labels are fitted here, because only the browser knows how many pixels a tile has.
const SIZES = [[4, 92, 58, 14], [3, 62, 40, 10.6], [2, 40, 24, 8.4], [1, 22, 13, 6.9]]; // class, width, height, letter

function place(node, box) {
  node.style.left = `${box[0]}%`;
  node.style.top = `${box[1]}%`;
  node.style.width = `${box[2]}%`;
  node.style.height = `${box[3]}%`;
}

function showTip(tip, map, tile, event) {
  tip.replaceChildren(element("strong", "", tile.name), ...tile.lines.map((line) => element("span", "", line)));
  tip.hidden = false;
  const area = map.getBoundingClientRect();
  const x = event.clientX - area.left, y = event.clientY - area.top;
  tip.style.left = `${Math.max(0, Math.min(x + 14, area.width - tip.offsetWidth - 4))}px`;
  tip.style.top = `${y + tip.offsetHeight + 20 < area.height ? y + 16 : Math.max(0, y - tip.offsetHeight - 8)}px`;
}

function tileNode(tile, tip, map, open) {
  const node = element("button", "tile");
  place(node, tile.box);
  node.type = "button";
  node.style.background = tile.colour;
  node.style.color = tile.ink;
  node.dataset.company = tile.id;
  node.setAttribute("aria-label", `${tile.name}: ${tile.lines.join(", ")}`);
  node.onmousemove = (event) => showTip(tip, map, tile, event);
  node.onmouseleave = () => { tip.hidden = true; };
  node.onclick = () => open(tile);
  node.fit = (mapWidth, mapHeight) => {
    const width = (mapWidth * tile.box[2]) / 100 - 4, height = (mapHeight * tile.box[3]) / 100 - 2;
    const size = SIZES.find(([, w, h, letter]) => width >= w && height >= h && tile.label.length * letter <= width);
    const parts = size ? [element("b", `s${size[0]}`, tile.label)] : [];
    if (size && size[0] > 1 && height >= 32 && width >= 34) parts.push(element("span", "", tile.detail));
    node.replaceChildren(...parts);
  };
  return node;
}

function draw(map, tip, data, open) {
  const nodes = [];
  for (const sector of data.sectors) {
    const title = element("div", "sector", sector.name);
    place(title, sector.box);
    nodes.push(title, ...sector.tiles.map((tile) => tileNode(tile, tip, map, open)));
  }
  tip.hidden = true;
  const [low, high, ...colours] = data.legend;
  const scale = element("i", "");
  scale.style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  map.previousElementSibling.replaceChildren(element("span", "", low), scale, element("span", "", high));
  map.replaceChildren(...nodes, tip);
}

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const map = parentElement.querySelector(".map");
  const tip = parentElement.querySelector(".tip");
  const fingerprint = JSON.stringify(data);
  const changed = map.dataset.fingerprint !== fingerprint;
  if (changed) {
    map.dataset.fingerprint = fingerprint;
    draw(map, tip, data, ({ id, sector }) => (id ? setTriggerValue("company", id) : setTriggerValue("sector", sector)));
  }
  let fitted = changed ? "" : map.dataset.fitted;
  const observer = new ResizeObserver(() => {
    const width = map.clientWidth, height = map.clientHeight; // read once: 500 tiles, each would lay out the page anew
    if (fitted === `${width}x${height}`) return;
    map.dataset.fitted = fitted = `${width}x${height}`;
    map.querySelectorAll(".tile").forEach((node) => node.fit(width, height));
  });
  observer.observe(map); // calls at once, before the first paint
  if (!map.dataset.seen) requestAnimationFrame(() => setTimeout(() => setStateValue("seen", true))); // once it is painted
  map.dataset.seen = "yes";
  return () => observer.disconnect();
}
