// Names and values in groups. Values may come from outside: text goes in through textContent, links only as http(s).

function value(row) {
  if (!/^https?:\/\//i.test(row.url || "")) return element("dd", "", row.value);
  const node = element("dd", "");
  const link = element("a", "", row.value);
  link.href = row.url;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  node.append(link);
  return node;
}

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".facts");
  const fingerprint = JSON.stringify(data);
  if (place.dataset.fingerprint === fingerprint) return;
  place.dataset.fingerprint = fingerprint;
  place.replaceChildren(...data.groups.map((group) => {
    const part = element("section", "");
    const list = element("dl", "");
    for (const row of group.rows) {
      const name = element("dt", "", row.name);
      if (row.meaning) name.title = row.meaning;
      list.append(name, value(row));
    }
    part.append(element("h6", "", group.title), list);
    return part;
  }));
}
