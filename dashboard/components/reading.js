// A text with coloured words. Everything in it comes from outside: it goes in through textContent.
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".reading");
  const fingerprint = JSON.stringify(data);
  if (place.dataset.fingerprint === fingerprint) return;
  place.dataset.fingerprint = fingerprint;
  place.replaceChildren(...data.pieces.map((piece) => {
    const node = document.createElement(piece.colour ? "mark" : "span");
    node.textContent = piece.text;
    if (piece.title) node.classList.add("headline");
    if (piece.colour) {
      node.style.background = piece.colour;
      node.title = piece.meaning;
    }
    return node;
  }));
}
