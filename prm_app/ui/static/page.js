// What the page does in the browser: typesets maths, links steps with their chart, keys, hand-outs.
"use strict";

(() => {
  const KATEX = { throwOnError: false, trust: false, maxSize: 20, maxExpand: 200, strict: "ignore" };

  function typeset(root) {
    if (!window.katex) return;
    for (const node of root.querySelectorAll(".tex:not(:has(.katex, .katex-error))")) {
      const source = node.textContent;
      const displayMode = node.dataset.tex === "block";
      katex.render(source, node, { ...KATEX, displayMode });
    }
  }

  // The step list and the chart of one result stand in one `.linked` row.
  const chartOf = (step) => step.closest(".linked")?.querySelector(".js-plotly-plot");
  const pointOf = (chart, i) => chart?.querySelectorAll(".scatterlayer .points path")[i];

  function light(linked, i) {
    linked.querySelectorAll(".lit").forEach((node) => node.classList.remove("lit"));
    if (i === null) return;
    linked.querySelector(`.step[data-step="${i}"]`)?.classList.add("lit");
    pointOf(linked.querySelector(".js-plotly-plot"), i)?.classList.add("lit");
  }

  function follow(chart) {
    if (chart.dataset.followed || !chart.on) return;
    chart.dataset.followed = "yes";
    const linked = chart.closest(".linked");
    if (!linked) return;
    chart.on("plotly_hover", ({ points }) => light(linked, points[0].pointIndex));
    chart.on("plotly_unhover", () => light(linked, null));
    chart.on("plotly_click", ({ points }) => {
      linked.querySelector(`.step[data-step="${points[0].pointIndex}"]`)?.focus();
    });
  }

  new MutationObserver(() => {
    typeset(document);
    document.querySelectorAll(".js-plotly-plot").forEach(follow);
  }).observe(document, { childList: true, subtree: true });

  const stepOf = (event) => event.target.closest?.(".steps .step");
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const step = stepOf(event);
      if (step && chartOf(step)) light(step.closest(".linked"), Number(step.dataset.step));
    });
  }
  for (const kind of ["mouseout", "focusout"]) {
    document.addEventListener(kind, (event) => {
      const step = stepOf(event);
      if (step && chartOf(step)) light(step.closest(".linked"), null);
    });
  }

  const MOVES = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  document.addEventListener("keydown", (event) => {
    const step = stepOf(event);
    if (step && event.key in MOVES) {
      const all = [...step.parentElement.querySelectorAll(".step")];
      const to = Math.min(Math.max(all.indexOf(step) + MOVES[event.key], 0), all.length - 1);
      all.forEach((other) => (other.tabIndex = -1));
      all[to].tabIndex = 0;
      all[to].focus();
      event.preventDefault();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const panel = event.target.closest?.("[role=tabpanel]");
      panel?.querySelector("button.primary")?.click();
      event.preventDefault();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".hand-out button");
    if (!button) return;
    const text = button.parentElement.dataset.json;
    if (button.dataset.do === "download") {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.download = "prm-app.json";
      link.click();
      URL.revokeObjectURL(link.href);
      return;
    }
    const label = button.textContent;
    button.textContent = (await copied(text)) ? "Copied" : "Not allowed here: use Download";
    setTimeout(() => (button.textContent = label), 2000);
  });

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
})();
