// The strip of key figures. Values are numbers that Python formatted; text goes in through textContent all the same.

function sparkline(values, bars, low, high) {
  const width = 100, height = 30, step = width / values.length, range = high - low || 1;
  const y = (value) => height - 2 - ((value - low) / range) * (height - 4);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const half = values.length / 2;
  if (bars) {
    values.forEach((value, i) => svg.append(shape("rect", {
      x: i * step + step * 0.12, width: step * 0.76, y: y(value), height: height - y(value),
      class: i < half ? "before" : "now",
    })));
    return svg;
  }
  const points = values.map((value, i) => (value === null ? "" : `${(i + 0.5) * step},${y(value)}`)); // "" before the first
  if (low < 0 && high > 0) svg.append(shape("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "zero" }));
  svg.append(shape("polyline", { points: points.slice(0, Math.ceil(half) + 1).join(" "), class: "before" }));
  svg.append(shape("polyline", { points: points.slice(Math.ceil(half)).join(" "), class: "now" }));
  return svg;
}

function card(figure) {
  const node = element("div", "figure");
  node.tabIndex = 0;
  const left = element("div", "left");
  left.append(element("span", "label", figure.label), element("b", "value", figure.value));
  if (figure.change || figure.note) left.append(element("span", `change ${figure.tone}`, figure.change || figure.note));
  node.append(left);
  if (figure.trend) node.append(sparkline(figure.trend, figure.bars, figure.low, figure.high));
  node.append(element("span", "meaning", figure.meaning));
  return node;
}

export default function ({ data, parentElement }) {
  const strip = parentElement.querySelector(".strip");
  const fingerprint = JSON.stringify(data);
  if (strip.dataset.fingerprint === fingerprint) return;
  strip.dataset.fingerprint = fingerprint;
  strip.style.cssText = data.style;
  strip.replaceChildren(...data.figures.map(card));
}
