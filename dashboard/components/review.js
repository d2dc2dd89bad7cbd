// One question of review: a text, what is asked, the answers as buttons. One press is one answer: a click, a digit, Enter
// for the model's own. What was pressed waits until Python has taken it. Text from outside goes in through textContent.
const TYPING = ["INPUT", "TEXTAREA", "SELECT"];
const SHOWN = 8; // of what can be picked

function text(data) {
  const node = element("div", "text");
  node.append(...data.pieces.map((piece) => {
    const part = element(piece.colour ? "mark" : "span", piece.title ? "headline" : "", piece.text);
    if (piece.colour) part.style.background = piece.colour;
    return part;
  }));
  if (data.cut) node.append(element("span", "faint", " …"));
  return node;
}

function origin(data, read) {
  const node = element("div", "origin faint", data.place);
  node.append(" · ", opening("out", "open document", { document: data.document, company: data.company }, read));
  if (data.url) {
    const link = element("a", "out", "source");
    Object.assign(link, { href: data.url, target: "_blank", rel: "noopener noreferrer" });
    node.append(" · ", link);
  }
  return node;
}

function choice(each, key, press) {
  const node = element("button", `choice${each.said ? " said" : ""}`);
  node.type = "button";
  node.append(element("kbd", "", key), element("span", "words", each.words));
  if (each.share !== null) {
    const bar = element("i", "share");
    bar.style.width = `${Math.round(each.share * 100)}%`;
    if (each.colour) bar.style.background = each.colour;
    node.append(element("span", "percent", `${Math.round(each.share * 100)} %`), bar);
  }
  node.title = each.said ? `The model's answer: ${key} or Enter` : key;
  node.onclick = () => press(each.answer);
  return node;
}

function picker(data, press, close) {
  const node = element("div", "picker");
  const box = element("input", "");
  box.type = "text";
  box.placeholder = `${data.words} (O)`;
  box.setAttribute("aria-label", data.words);
  const list = element("div", "found");
  let found = [], at = 0;
  const draw = () => {
    const wanted = box.value.trim().toLowerCase();
    const begins = (each) => each.words.toLowerCase().startsWith(wanted);
    found = wanted ? data.options.filter((each) => `${each.words} ${each.answer}`.toLowerCase().includes(wanted)) : [];
    found = [...found.filter(begins), ...found.filter((each) => !begins(each))].slice(0, SHOWN);
    if (data.free && wanted) found.push({ answer: box.value.trim(), words: `“${box.value.trim()}”` });
    at = Math.min(at, Math.max(0, found.length - 1));
    list.replaceChildren(...found.map((each, place) => {
      const option = element("button", `option${place === at ? " at" : ""}`, each.words);
      option.type = "button";
      option.onclick = () => press(each.answer);
      return option;
    }));
  };
  box.oninput = () => { at = 0; draw(); };
  box.onkeydown = (event) => {
    if (event.key === "Enter" && found[at]) press(found[at].answer);
    else if (event.key === "ArrowDown") at = Math.min(at + 1, found.length - 1);
    else if (event.key === "ArrowUp") at = Math.max(at - 1, 0);
    else if (event.key === "Escape") { box.value = ""; close(); }
    else return;
    event.preventDefault();
    draw();
  };
  node.append(box, list);
  return node;
}

function plain(words, key, meaning, press) {
  const node = element("button", "plain");
  node.type = "button";
  node.title = meaning;
  node.append(element("kbd", "", key), element("span", "", words));
  node.onclick = press;
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const card = parentElement.querySelector(".review");
  const question = data.question;
  const press = (answer) => {
    if (card.pressed === data.turn) return; // that was answered: Python has not said yet what comes next
    card.pressed = data.turn;
    card.classList.add("waiting");
    setTriggerValue("answer", { turn: data.turn, key: question.key, answer });
  };
  const back = () => {
    if (!data.back || card.pressed === data.turn) return;
    card.pressed = data.turn;
    setTriggerValue("back", { turn: data.turn });
  };
  card.keys = (event) => {
    const target = event.composedPath()[0];
    if (event.metaKey || event.ctrlKey || event.altKey || event.repeat) return;
    if (TYPING.includes(target.tagName) || target.isContentEditable) return;
    const elsewhere = ["BUTTON", "A"].includes(target.tagName) && !card.contains(target);
    if (event.key === "Enter" && (elsewhere || target.tagName === "BUTTON")) return; // presses that button
    const numbered = question.choices[Number(event.key) - 1];
    if (numbered) press(numbered.answer);
    else if (event.key === "Enter") press("right");
    else if (event.key === "u") press("unsure");
    else if (event.key === "Backspace") back();
    else if (event.key === "o" && question.picker) card.querySelector("input").focus();
    else return;
    event.preventDefault();
  };
  if (!card.listening) {
    card.listening = (event) => (card.isConnected ? card.keys(event) : document.removeEventListener("keydown", card.listening));
    document.addEventListener("keydown", card.listening);
  }
  const fingerprint = JSON.stringify([question, data.turn, data.back]);
  if (card.dataset.fingerprint === fingerprint) return;
  card.dataset.fingerprint = fingerprint;
  card.classList.remove("waiting");
  const focus = () => card.focus({ preventScroll: true });
  const asked = element("div", "asked");
  const said = element("div", "said faint", `${question.said} `);
  said.append(element("kbd", "", "Enter"), " takes it");
  asked.append(element("div", "heading", question.heading), said);
  if (question.note) asked.append(element("div", "note", question.note));
  const choices = element("div", "choices");
  choices.append(...question.choices.map((each, place) => choice(each, String(place + 1), press)));
  const rest = element("div", "rest");
  if (question.picker) rest.append(picker(question.picker, press, focus));
  rest.append(plain("Cannot tell", "U", "It is not asked of you again, and counts for nothing.", () => press("unsure")));
  if (data.back) rest.append(plain("Back", "⌫", "To the one before: another answer replaces yours.", back));
  card.replaceChildren(text(question), origin(question, (opens) => setTriggerValue("document", opens)), asked, choices, rest);
  if (!TYPING.includes(document.activeElement?.tagName)) focus();
}
