// What the page does in the browser: typesets maths, links steps with their chart, keys, hand-outs.
"use strict";

(() => {
  const KATEX = { throwOnError: false, trust: false, maxSize: 20, maxExpand: 200, strict: "ignore", errorColor: "inherit" };

  // A formula that is wider than its place is scrolled, by key as well.
  const width = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });

  function typeset(root) {
    if (!window.katex) return;
    for (const node of root.querySelectorAll(".tex:not(:has(.katex, .katex-error))")) {
      const source = node.textContent;
      const displayMode = node.dataset.tex === "block";
      katex.render(source, node, { ...KATEX, displayMode });
      if (displayMode) width.observe(node);
    }
  }

  // In a `.linked` row stand a chart and what it is of: the steps of one solution, one point each,
  // or a table of solutions, one curve each with the solution's number as its `meta`.
  const chartIn = (pair) => pair.querySelector(".js-plotly-plot");
  const item = (pair, key) => pair.querySelector(`.step[data-step="${key}"], tr[data-index="${key}"]`);

  function markOf(chart, key) {
    if (!chart) return null;
    const curve = chart.data.findIndex((trace) => trace.meta === Number(key));
    if (curve < 0 && chart.data.some((trace) => trace.meta)) return null; // in the band
    if (curve < 0) return chart.querySelectorAll(".scatterlayer .points path")[key];
    return chart.querySelectorAll(".scatterlayer .trace")[curve];
  }

  function light(pair, key) {
    pair.querySelectorAll(".lit").forEach((node) => node.classList.remove("lit"));
    if (key === null) return;
    item(pair, key)?.classList.add("lit");
    markOf(chartIn(pair), key)?.classList.add("lit");
  }

  function follow(chart) {
    const pair = chart.closest(".linked");
    if (!pair || !chart.on || chart.dataset.followed) return;
    chart.dataset.followed = "yes";
    chart.role = "img";
    chart.ariaLabel = "Chart of the rewards by step; the list beside it holds the same values.";
    const keyOf = ({ points: [point] }) => point.data.meta ?? point.pointIndex;
    chart.on("plotly_hover", (event) => light(pair, keyOf(event)));
    chart.on("plotly_unhover", () => light(pair, null));
    chart.on("plotly_click", (event) => {
      const row = item(pair, keyOf(event));
      row?.focus();
      if (row?.matches("tr")) row.click();
    });
  }

  new MutationObserver(() => {
    typeset(document);
    document.querySelectorAll(".js-plotly-plot").forEach(follow);
  }).observe(document, { childList: true, subtree: true });

  for (const kind of ["mouseover", "focusin", "mouseout", "focusout"]) {
    document.addEventListener(kind, (event) => {
      const node = event.target.closest?.(".linked :is(.step, tr[data-index])");
      if (!node) return;
      const over = kind === "mouseover" || kind === "focusin";
      light(node.closest(".linked"), over ? (node.dataset.step ?? node.dataset.index) : null);
    });
  }

  const MOVES = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  document.addEventListener("keydown", (event) => {
    const step = event.target.closest?.(".steps .step");
    if (step && event.key in MOVES) {
      const all = [...step.parentElement.querySelectorAll(".step")];
      const to = Math.min(Math.max(all.indexOf(step) + MOVES[event.key], 0), all.length - 1);
      all.forEach((other) => (other.tabIndex = -1));
      all[to].tabIndex = 0;
      all[to].focus();
      event.preventDefault();
    }
    if (event.key === "Escape" && !event.target.closest?.("input")) {
      if (document.querySelector("#browse-row article")?.checkVisibility()) return prmBrowse.close();
      [...document.querySelectorAll("button.stop")].find((button) => button.checkVisibility())?.click();
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.target.closest?.("[role=tabpanel]")?.querySelector("button.go")?.click();
      event.preventDefault();
    }
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".hand-out button");
    if (!button) return;
    const text = button.parentElement.dataset.json;
    if (button.dataset.do === "download") {
      save(button.parentElement.dataset.name, "application/json", text);
      return;
    }
    if (button.dataset.do === "report") return;
    const label = button.textContent;
    const done = await copy(button.dataset.do === "link" ? await prmDraft.link() : text);
    button.textContent = done ? "Copied" : "Not allowed here: use Download";
    setTimeout(() => (button.textContent = label), 2000);
  });

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // What the server hands out as a file, a JSON text of its name, type and content.
  window.prmSave = (document) => {
    if (!document) return;
    const { name, type, text } = JSON.parse(document);
    save(name, type, text);
  };

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  }
})();
