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

  // By hand: an expression for the end would look through every run of line breaks again and again.
  function withoutOuterBreaks(text) {
    const isBreak = (i) => text[i] === "\n" || text[i] === "\r";
    let [start, end] = [0, text.length];
    while (start < end && isBreak(start)) start++;
    while (end > start && isBreak(end - 1)) end--;
    return text.slice(start, end);
  }

  // Lines of --- in what is pasted stand between solutions.
  function spread(event, item) {
    const pieces = event.clipboardData
      .getData("text/plain")
      .split(/^[ \t]*-{3,}[ \t]*\r?$\n?/m)
      .filter((piece) => piece.trim());
    if (pieces.length < 2) return;
    event.preventDefault();
    const cards = pieces.map((piece) => card(withoutOuterBreaks(piece)));
    if (item.querySelector("textarea").value.trim()) item.after(...cards);
    else item.replaceWith(...cards);
    publish();
    cards.at(-1).querySelector("textarea").focus();
  }

  function draw() {
    const wanted = props.value?.length ? props.value : [""];
    if (JSON.stringify(wanted) === JSON.stringify(texts())) return;
    list.replaceChildren(...wanted.map(card));
    number();
  }

  element.querySelector("[data-do=add]").addEventListener("click", () => {
    const added = card("");
    list.append(added);
    publish();
    added.querySelector("textarea").focus();
  });
  watch("value", draw);
  draw();
};
