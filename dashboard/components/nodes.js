// What every component begins with (dashboard/components/__init__.py). Text goes in through textContent alone.
const SVG = "http://www.w3.org/2000/svg";

function element(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

// A link to a document's page, so that it can be opened in a tab of its own; a plain click stays in this one.
function opening(className, text, opens, read) {
  const link = element("a", className, text);
  link.href = `?${new URLSearchParams({ page: "Document", ...opens })}`;
  link.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    read(opens);
  };
  return link;
}
