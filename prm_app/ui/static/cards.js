// The editable list of solutions: one card each, added, removed, or pasted many at once.
"use strict";

window.prmCards = (element, props, watch) => {
  const list = element.querySelector("ol");
  const texts = () => [...list.querySelectorAll("textarea")].map((area) => area.value);
  const publish = () => {
    number();
    props.value = texts();
  };

  function number() {
    [...list.children].forEach((item, i) => {
      item.querySelector("label span").textContent = `Solution ${i + 1}`;
      const remove = item.querySelector("button");
      remove.ariaLabel = `Remove solution ${i + 1}`;
      remove.disabled = list.children.length === 1;
    });
  }

  function card(text) {
    const item = document.createElement("li");
    const label = document.createElement("label");
    const area = document.createElement("textarea");
    const remove = document.createElement("button");
    area.value = text;
    area.rows = 3;
    area.placeholder = "A solution, one step a line or paragraph";
    remove.type = "button";
    remove.textContent = "Remove";
    label.append(document.createElement("span"), area);
    item.append(label, remove);
    area.addEventListener("input", publish);
    area.addEventListener("paste", (event) => spread(event, item));
    remove.addEventListener("click", () => {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      publish();
      next.querySelector("textarea").focus();
    });
    return item;
  }

  // As `from_text` does: at lines of ---, unless one has a blank line above and below.
  function divide(text) {
    const lines = text.split(/\r\n?|\n/);
    const isBlank = (n) => n in lines && !lines[n].trim();
    const pieces = [[]];
    lines.forEach((line, n) => {
      const divides = /^-{3,}$/.test(line.trim()) && !(isBlank(n - 1) && isBlank(n + 1));
      if (divides) pieces.push([]);
      else pieces.at(-1).push(line);
    });
    return pieces.map(withoutOuterBlanks).filter(says);
  }

  // As the plugin's `is_blank`: not white space, characters without width and rules alone.
  function says(piece) {
    const lines = piece.replace(/[^\S\n]|[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]/g, "").split("\n");
    return lines.some((line) => line && !/^([-_*=–—―─━═⸺⸻])\1{2,}$|^([⸺⸻])\2?$/.test(line));
  }

  function withoutOuterBlanks(lines) {
    const first = lines.findIndex(Boolean);
    return first < 0 ? "" : lines.slice(first, lines.findLastIndex(Boolean) + 1).join("\n");
  }

  function spread(event, item) {
    const pieces = divide(event.clipboardData.getData("text/plain"));
    if (pieces.length < 2) return;
    event.preventDefault();
    const cards = pieces.map(card);
    if (item.querySelector("textarea").value.trim()) item.after(...cards);
    else item.replaceWith(...cards);
    publish();
    cards.at(-1).querySelector("textarea").focus();
  }

  function draw() {
    const values = props.value?.length ? props.value : [""];
    if (JSON.stringify(values) === JSON.stringify(texts())) return;
    list.replaceChildren(...values.map(card));
    number();
  }

  element.querySelector("[data-do=add]").addEventListener("click", () => {
    const item = card("");
    list.append(item);
    publish();
    item.querySelector("textarea").focus();
  });
  watch("value", draw);
  draw();
};
