// The search of the reference: words of titles and texts in `searchIndex`.
const field = document.querySelector("nav input");
const list = document.querySelector(".found ol");

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = [];
  for (const [title, where, address, words_of] of searchIndex) {
    const head = title.toLowerCase(), all = head + " " + words_of.toLowerCase();
    if (!words.every((word) => all.includes(word))) continue;
    const inHead = words.every((word) => head.includes(word));
    hits.push([inHead ? head.length : 1000 + all.indexOf(words[0]), title, where, address]);
  }
  return hits.sort((a, b) => a[0] - b[0]).slice(0, 20);
}

function show() {
  const hits = field.value.trim() === "" ? [] : find(field.value);
  list.replaceChildren(...hits.map(([, title, where, address]) => {
    const item = document.createElement("li"), link = document.createElement("a"), small = document.createElement("small");
    link.href = address;
    link.textContent = title;
    small.textContent = where;
    link.append(small);
    item.append(link);
    return item;
  }));
  list.hidden = hits.length === 0;
}

field.addEventListener("input", show);
field.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && list.firstChild) location.href = list.firstChild.firstChild.href;
  if (event.key === "Escape") { field.value = ""; show(); }
});
document.addEventListener("click", (event) => { if (!event.target.closest(".found")) list.hidden = true; });
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) { event.preventDefault(); field.focus(); }
});
const details = document.querySelector("nav details");
details.open = matchMedia("(min-width: 761px)").matches;
