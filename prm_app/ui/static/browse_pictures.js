// The pictures of a file and its list show the same solutions: each lights or filters the other.
"use strict";

window.prmPictures = (() => {
  const { stands } = prmRows;

  // The points of the pictures that the selected solution is among.
  function light(row) {
    for (const chart of document.querySelectorAll(".picture .js-plotly-plot")) {
      chart.querySelectorAll(".lit").forEach((point) => point.classList.remove("lit"));
      if (!row) continue;
      chart.data.forEach((trace, i) => {
        const kind = trace.type === "bar" ? ".barlayer" : ".scatterlayer";
        const same = chart.data.slice(0, i).filter((each) => each.type === trace.type).length;
        const points = chart.querySelectorAll(`${kind} .trace`)[same]?.querySelectorAll(".point");
        trace.customdata?.forEach?.((point, j) => {
          if (point.kind !== "lost" && stands(row, point)) points?.[j]?.classList.add("lit");
        });
      });
    }
  }

  // A click in a picture filters the list that there is then, or sets the threshold.
  function follow(chart, list) {
    if (chart.dataset.browsed || !chart.on) return;
    chart.dataset.browsed = "yes";
    chart.role = "img";
    chart.setAttribute("aria-labelledby", chart.closest(".picture").querySelector("h3").id);
    chart.ariaDescription = "The list below holds the same solutions.";
    chart.on("plotly_click", ({ points: [{ customdata: point }] }) => {
      if (!point) return;
      if (point.kind === "threshold") return setThreshold(point.at);
      const again = JSON.stringify(list().point) === JSON.stringify(point);
      list().filter({ point: again ? null : point });
    });
    chart.on("plotly_afterplot", () => list()?.light());
  }

  function setThreshold(value) {
    const number = document.querySelector("#threshold input[type=number]");
    if (!number) return;
    number.value = value;
    for (const kind of ["input", "change", "blur"]) number.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  return { light, follow };
})();
