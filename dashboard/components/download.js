// A download that needs no file on the server: a press asks Python for the content, which comes back as data. What is
// asked for is asked again until it is there, for a refresh may overtake either message.
const RETRY_MS = 4000, TRIES = 60; // four minutes: a busy machine is late, and late is better than never

function save({ content, file, type }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button");
  button.querySelector("span").textContent = data.label;
  button.title = data.meaning;

  const ended = () => {
    clearTimeout(button.timer);
    button.asked = undefined;
    button.removeAttribute("aria-busy");
  };
  const ask = (left) => {
    if (!left || !button.isConnected) return ended(); // another page may be shown by now
    setTriggerValue("asked", button.asked);
    button.timer = setTimeout(ask, RETRY_MS, left - 1);
  };
  button.onclick = () => {
    if (button.asked) return; // under way
    button.asked = `${Date.now()}-${Math.random()}`;
    button.setAttribute("aria-busy", "true");
    ask(TRIES);
  };
  if (data.answer && data.answer.asked === button.asked) {
    ended();
    save(data.answer);
  }
}
