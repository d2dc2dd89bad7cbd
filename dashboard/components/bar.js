// The bar above every page: groups of choices, the dot of health, facts. What was pressed shows at once and is reported
// together with whatever Python has not answered yet: of two quick presses neither is lost.

function choice(group, option, chosen, pick) {
  const node = element("button", "choice", option);
  node.type = "button";
  node.setAttribute("role", "radio");
  node.setAttribute("aria-checked", String(option === chosen));
  node.onclick = () => pick(group.key, option);
  return node;
}

function choices(group, picks, pick) {
  const node = element("div", `group ${group.key}`);
  node.setAttribute("role", "radiogroup");
  node.setAttribute("aria-label", group.name);
  node.title = group.meaning;
  const chosen = picks[group.key] ?? group.chosen;
  node.append(...group.options.map((option) => choice(group, option, chosen, pick)));
  return node;
}

function fact(item, pick) {
  const node = element(item.opens ? "button" : "span", `fact ${item.kind}`, item.text);
  node.title = item.meaning;
  if (item.opens) {
    node.type = "button";
    node.onclick = () => pick("page", item.opens);
  }
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const bar = parentElement.querySelector(".bar");
  bar.picks ??= {};
  if (!bar.sent || data.answered >= bar.sent) bar.picks = {};
  const draw = () => {
    const fingerprint = JSON.stringify([data.groups, data.facts, bar.picks]);
    if (bar.dataset.fingerprint === fingerprint || bar.querySelector("button:active")) return; // a press is under way
    bar.dataset.fingerprint = fingerprint;
    const focused = bar.getRootNode().activeElement?.textContent;
    bar.replaceChildren(...data.groups.map((group) => choices(group, bar.picks, pick)));
    const facts = element("div", "facts");
    facts.append(...data.facts.map((item) => fact(item, pick)));
    if (data.facts.length) bar.append(facts);
    if (focused) [...bar.querySelectorAll("button")].find((node) => node.textContent === focused)?.focus();
  };
  const pick = (key, option) => {
    bar.picks = { ...bar.picks, [key]: option };
    bar.sent = Math.max(Date.now(), (bar.sent ?? 0) + 1);
    setTriggerValue("picked", { number: bar.sent, picks: bar.picks });
    draw();
  };
  draw();
}
