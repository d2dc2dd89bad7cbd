// Draws boxes that Python laid out (dashboard/treemap.py). Text only ever goes in through textContent.
function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text) node.textContent = text;
  return node;
}

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
  if (tile.label) node.append(element("b", `s${tile.scale}`, tile.label));
  if (tile.detail) node.append(element("span", "", tile.detail));
  node.onmousemove = (event) => showTip(tip, map, tile, event);
  node.onmouseleave = () => { tip.hidden = true; };
  node.onclick = () => open(tile.id);
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector(".map");
  const tip = parentElement.querySelector(".tip");
  const fingerprint = JSON.stringify(data);
  if (map.dataset.fingerprint === fingerprint) return;
  map.dataset.fingerprint = fingerprint;
  const nodes = [];
  for (const sector of data.sectors) {
    const title = element("div", "sector", sector.name);
    place(title, sector.box);
    nodes.push(title);
    for (const tile of sector.tiles) nodes.push(tileNode(tile, tip, map, (id) => setTriggerValue("company", id)));
  }
  tip.hidden = true;
  map.replaceChildren(...nodes, tip);
}
