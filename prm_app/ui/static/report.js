// What a report does where it is opened: unpacks what it shows, draws it, links list and steps.
"use strict";

(async () => {
  const dark = (on) => document.documentElement.classList.toggle("dark", on);
  dark(matchMedia("(prefers-color-scheme: dark)").matches);
  document.querySelector("#theme").addEventListener("click", () => dark(!document.documentElement.classList.contains("dark")));

  const archive = document.querySelector("#packed").textContent;
  const bytes = Uint8Array.from(atob(archive), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const content = JSON.parse(await new Response(stream).text());

  for (const place of document.querySelectorAll("[data-plot]")) {
    const { data, layout } = content.plots[place.dataset.plot];
    place.classList.add("js-plotly-plot");
    await Plotly.newPlot(place, data, layout, { displayModeBar: false, responsive: true });
  }

  document.addEventListener("click", ({ target }) => {
    const row = target.closest?.("#table tr[data-index]");
    if (row) document.querySelector(`.candidate[data-solution="${row.dataset.index}"]`)?.scrollIntoView();
    const first = target.closest?.("[data-to-step]");
    if (first) document.querySelector(`#steps [data-step="${first.dataset.toStep}"]`)?.focus();
  });

  const list = document.querySelector("#browse-list");
  if (!list) return;
  const row = document.querySelector("#browse-row");
  const plain = (article) => new DOMParser().parseFromString(article, "text/html").body.textContent.toLowerCase();
  let texts = null;
  function answer(kind, { index, text }) {
    if (kind === "select") {
      row.innerHTML = content.articles[index];
      return;
    }
    texts ??= content.articles.map(plain);
    const numbers = [...texts.keys()].filter((i) => texts[i].includes(text.toLowerCase()));
    prmBrowse.matches(JSON.stringify({ text, found: numbers }));
  }
  prmBrowse.threshold(content.threshold);
  prmBrowse(list, { value: content.list }, () => {}, answer);
})();
