// The list of a file: draws only the rows in view, filters, sorts, keys, and its pictures beside it.
"use strict";

(() => {
  const ROW = 46;
  const SPARE = 6;
  const VERDICTS = {
    found: ["✓", "right"], missed: ["✗", "wrong"], "too early": ["~", "unsure"],
    "too late": ["~", "unsure"], "false alarm": ["✗", "wrong"], "rightly unflagged": ["✓", "right"],
    "answer right": ["✓", "right"], "answer wrong": ["✗", "wrong"],
  };
  const [NUMBER, PROBLEM, GENERATOR, STEPS, LABEL, RIGHT, GROUP, REWARDS, MEAN, SURPRISE, DISAGREEMENT, ERROR] = Array(12).keys();
  const none = (value) => value === null || value === undefined;
  const step = (index) => (none(index) ? "" : index < 0 ? "none" : String(index + 1));
  const share = (value) => (none(value) ? "" : value.toFixed(3));

  let threshold = 0.5;
  const found = (row) => (row[REWARDS] ? row[REWARDS].findIndex((reward) => reward < threshold) : null);
  const least = (row) => (row[REWARDS] ? Math.min(...row[REWARDS]) : null);

  function verdict(row) {
    if (none(row[LABEL])) return none(row[RIGHT]) ? null : row[RIGHT] ? "answer right" : "answer wrong";
    if (!row[REWARDS]) return null;
    const [label, at] = [row[LABEL], found(row)];
    if (at < 0) return label < 0 ? "rightly unflagged" : "missed";
    if (label < 0) return "false alarm";
    return at === label ? "found" : at < label ? "too early" : "too late";
  }

  // Title, what a cell shows, what it is sorted by, and its class.
  const COLUMNS = [
    ["#", (row) => row[NUMBER] + 1, (row) => row[NUMBER], "n"],
    ["problem", (row) => row[PROBLEM], (row) => row[PROBLEM], "problem"],
    ["steps", (row) => row[STEPS], (row) => row[STEPS], "n steps"],
    ["labelled", (row) => step(row[LABEL]), (row) => row[LABEL], "n labelled"],
    ["found", (row) => step(found(row)), found, "n found"],
    ["least", (row) => share(least(row)), least, "n least"],
    ["mean", (row) => share(row[MEAN]), (row) => row[MEAN], "n mean"],
    ["verdict", (row) => row[ERROR] && !row[REWARDS] ? "not scored" : verdict(row) ?? "", (row) => Object.keys(VERDICTS).indexOf(verdict(row)), "verdict"],
    ["surprise", (row) => share(row[SURPRISE]), (row) => row[SURPRISE], "n surprise"],
    ["differ", (row) => share(row[DISAGREEMENT]), (row) => row[DISAGREEMENT], "n differ"],
  ];
  const SAID = {
    labelled: "the first wrong step by the label", found: "the first step under the threshold",
    least: "the least reward", mean: "the mean reward",
    surprise: "the largest distance of a reward from its label",
    differ: "the largest difference of the two models at a step",
  };

  // Whether a solution is among those that a point of a picture stands for.
  function stands(row, point) {
    if (point.kind === "cell") return row[LABEL] === point.label && found(row) === point.found;
    if (point.kind === "lost") return point.groups.includes(row[GROUP]);
    if (point.kind !== "rewards" || !row[REWARDS]) return false;
    const bins = Math.round(1 / (point.high - point.low));
    const inside = (reward) => Math.min(Math.floor(reward * bins), bins - 1) === Math.round(point.low * bins);
    if (point.of === "answers") {
      const mean = row[REWARDS].reduce((sum, reward) => sum + reward, 0) / row[REWARDS].length;
      return inside(mean) && row[RIGHT] === Boolean(point.right);
    }
    if (none(row[LABEL])) return false;
    return row[REWARDS].some((reward, i) => {
      if (row[LABEL] >= 0 && i > row[LABEL]) return false;
      const wrong = i === row[LABEL];
      return inside(reward) && !(point.right && wrong) && !(point.wrong && !wrong);
    });
  }

  function said(point) {
    if (point.kind === "cell") return `labelled ${step(point.label)}, found ${step(point.found)}`;
    if (point.kind === "lost") return `problems that ${point.rule} loses`;
    const what = point.of === "answers" ? "mean reward" : "a reward";
    const kind = point.right ? " of a right one" : point.wrong ? " of a wrong one" : "";
    return `${what} ${point.low.toFixed(2)}–${point.high.toFixed(2)}${kind}`;
  }

  function node(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  let list = null;

  window.prmBrowse = (element, props, watch, trigger) => {
    list = new List(element.querySelector(".list"), trigger);
    const draw = () => list.read(props.value ?? "");
    watch("value", draw);
    draw();
  };
  prmBrowse.searched = (answer) => answer && list?.searched(JSON.parse(answer));
  prmBrowse.threshold = (value) => {
    threshold = value;
    list?.refresh();
  };

  class List {
    rows = new Map();
    seen = 0;
    head = "";
    shown = [];
    selected = null;
    by = 0;
    down = false;
    verdicts = new Set();
    generator = "";
    shortest = "";
    longest = "";
    point = null;
    text = "";
    matching = null;

    constructor(place, trigger) {
      this.trigger = trigger;
      this.search = node("input", { type: "search", placeholder: "Search   /", ariaLabel: "Search problems and solutions" });
      this.search.addEventListener("input", () => this.ask());
      this.chips = node("div", { className: "verdicts", role: "group", ariaLabel: "Verdicts" });
      this.generators = node("select", { ariaLabel: "Written by" });
      this.generators.addEventListener("change", () => this.filter({ generator: this.generators.value }));
      this.from = node("input", { type: "number", min: 1, placeholder: "from", ariaLabel: "Fewest steps" });
      this.to = node("input", { type: "number", min: 1, placeholder: "to", ariaLabel: "Most steps" });
      this.from.addEventListener("input", () => this.filter({ shortest: this.from.value }));
      this.to.addEventListener("input", () => this.filter({ longest: this.to.value }));
      this.picked = node("div", { className: "picked" });
      this.count = node("p", { className: "count", role: "status" });
      const length = node("label", { className: "length" }, "Steps ", this.from, " ", this.to);
      const filters = node("div", { className: "filters" }, this.search, this.generators, length, this.chips, this.picked, this.count);
      this.heads = node("div", { className: "heads", role: "row" });
      this.tall = node("div", { className: "tall", role: "rowgroup" });
      this.scroll = node("div", { className: "scroll" }, this.tall);
      this.grid = node("div", { className: "grid", role: "grid", tabIndex: 0, ariaLabel: "Solutions" }, node("div", { role: "rowgroup" }, this.heads), this.scroll);
      this.scroll.addEventListener("scroll", () => this.draw());
      this.tall.addEventListener("click", (event) => {
        const row = event.target.closest("[data-number]");
        if (row) this.select(Number(row.dataset.number), true);
      });
      new ResizeObserver(() => this.draw()).observe(this.scroll);
      place.replaceChildren(filters, this.grid);
      this.place = place;
    }

    // The text grows while a file is scored; another first line is another list.
    read(text) {
      const end = text.indexOf("\n");
      if (end < 0) return;
      if (text.slice(0, end) !== this.head) this.restart(text.slice(0, end), end + 1);
      for (let next = text.indexOf("\n", this.seen); next >= 0; next = text.indexOf("\n", this.seen)) {
        const row = JSON.parse(text.slice(this.seen, next));
        this.rows.set(row[NUMBER], row);
        this.seen = next + 1;
      }
      this.refresh();
    }

    restart(head, seen) {
      const { beside, file } = JSON.parse(head);
      const number = document.querySelector("#threshold input[type=number]");
      if (number) threshold = Number(number.value);
      Object.assign(this, { head, seen, rows: new Map(), beside });
      if (file !== this.file) {
        Object.assign(this, { file, selected: null, point: null, matching: null, text: "" });
        Object.assign(this, { generator: "", shortest: "", longest: "", by: 0, down: false });
        this.verdicts.clear();
        for (const field of [this.search, this.from, this.to]) field.value = "";
        this.scroll.scrollTop = 0;
      }
      this.place.classList.toggle("beside", beside);
    }

    filter(changes) {
      Object.assign(this, changes);
      this.scroll.scrollTop = 0;
      this.refresh();
    }

    ask() {
      clearTimeout(this.asking);
      this.text = this.search.value.trim();
      if (!this.text) return this.filter({ matching: null });
      this.asking = setTimeout(() => this.trigger("input", { text: this.text.slice(0, 1000) }), 200);
    }

    searched({ text, found: numbers }) {
      if (text === this.text) this.filter({ matching: new Set(numbers) });
    }

    passes(row) {
      return (
        (!this.generator || row[GENERATOR] === this.generator) &&
        (!this.shortest || row[STEPS] >= Number(this.shortest)) &&
        (!this.longest || row[STEPS] <= Number(this.longest)) &&
        (!this.matching || this.matching.has(row[NUMBER])) &&
        (!this.point || stands(row, this.point))
      );
    }

    refresh() {
      const passing = [...this.rows.values()].filter((row) => this.passes(row));
      this.drawFilters(passing);
      const chosen = passing.filter((row) => !this.verdicts.size || this.verdicts.has(verdict(row)));
      const key = COLUMNS[this.by][2];
      const keyed = chosen.map((row) => [key(row), row]);
      const sign = this.down ? -1 : 1;
      keyed.sort(([a, first], [b, second]) => {
        if (none(a) || none(b)) return none(a) - none(b) || first[NUMBER] - second[NUMBER];
        const order = typeof a === "string" ? a.localeCompare(b) : a - b;
        return sign * order || first[NUMBER] - second[NUMBER];
      });
      this.shown = keyed.map(([, row]) => row);
      const labelled = [...this.rows.values()].some((row) => !none(row[LABEL]));
      this.place.classList.toggle("unlabelled", !labelled);
      this.count.textContent = `${this.shown.length.toLocaleString("en")} of ${this.rows.size.toLocaleString("en")} shown`;
      this.grid.ariaRowCount = this.shown.length + 1;
      this.tall.style.height = `${this.shown.length * ROW}px`;
      this.drawHeads();
      this.draw();
      this.light();
    }

    drawFilters(passing) {
      const counts = new Map();
      for (const row of passing) counts.set(verdict(row), (counts.get(verdict(row)) ?? 0) + 1);
      const names = Object.keys(VERDICTS).filter((name) => counts.has(name) || this.verdicts.has(name));
      const focused = document.activeElement?.dataset?.verdict;
      this.chips.replaceChildren(...names.map((name) => {
        const [symbol, hue] = VERDICTS[name];
        const chip = node("button", { type: "button", className: hue }, node("b", { ariaHidden: "true" }, symbol), ` ${name} `, node("span", {}, String(counts.get(name) ?? 0)));
        chip.dataset.verdict = name;
        chip.ariaPressed = String(this.verdicts.has(name));
        chip.addEventListener("click", () => {
          if (!this.verdicts.delete(name)) this.verdicts.add(name);
          this.filter({});
        });
        return chip;
      }));
      if (focused) this.chips.querySelector(`[data-verdict="${focused}"]`)?.focus();
      const writers = [...new Set([...this.rows.values()].map((row) => row[GENERATOR]).filter(Boolean))].sort();
      const kept = [...this.generators.options].slice(1).map((option) => option.value);
      if (JSON.stringify(writers) !== JSON.stringify(kept)) {
        this.generators.replaceChildren(new Option("all writers", ""), ...writers.map((name) => new Option(name, name)));
        this.generators.value = this.generator;
      }
      this.generators.hidden = writers.length < 2;
      this.picked.replaceChildren();
      if (this.point) {
        const clear = node("button", { type: "button" }, `${said(this.point)}  ✕`);
        clear.ariaLabel = `Remove the filter: ${said(this.point)}`;
        clear.addEventListener("click", () => this.filter({ point: null }));
        this.picked.append(clear);
      }
    }

    drawHeads() {
      this.heads.replaceChildren(...COLUMNS.map(([title, , , kind], i) => {
        const sorted = i === this.by;
        const button = node("button", { type: "button", title: SAID[title] ?? "" }, title);
        button.addEventListener("click", () => {
          const down = sorted ? !this.down : ["surprise", "differ"].includes(title);
          this.filter({ by: i, down });
        });
        const cell = node("div", { className: kind, role: "columnheader" }, button);
        cell.ariaSort = sorted ? (this.down ? "descending" : "ascending") : "none";
        return cell;
      }));
    }

    draw() {
      const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - SPARE);
      const last = Math.ceil((this.scroll.scrollTop + this.scroll.clientHeight) / ROW) + SPARE;
      this.tall.replaceChildren(...this.shown.slice(first, last).map((row, i) => this.drawn(row, first + i)));
      const selected = this.tall.querySelector("[aria-selected=true]");
      if (selected) this.grid.setAttribute("aria-activedescendant", selected.id);
      else this.grid.removeAttribute("aria-activedescendant");
    }

    drawn(row, place) {
      const hue = VERDICTS[verdict(row)] ?? ["", ""];
      const cells = COLUMNS.map(([, show, , kind]) => {
        const cell = node("div", { className: kind, role: "gridcell" });
        if (kind === "verdict" && hue[0]) cell.append(node("b", { ariaHidden: "true" }, hue[0]), " ");
        cell.append(node("span", {}, String(show(row))));
        if (kind === "problem" && row[GENERATOR]) cell.append(node("small", {}, row[GENERATOR]));
        return cell;
      });
      const made = node("div", { className: `row ${hue[1]}`, role: "row", id: `browse-row-${row[NUMBER]}` }, ...cells);
      made.dataset.number = row[NUMBER];
      made.ariaRowIndex = place + 2;
      made.ariaSelected = String(row[NUMBER] === this.selected);
      made.style.top = `${place * ROW}px`;
      return made;
    }

    select(number, opens) {
      this.selected = number;
      const place = this.shown.findIndex((row) => row[NUMBER] === number);
      const { scrollTop, clientHeight } = this.scroll;
      if (place * ROW < scrollTop) this.scroll.scrollTop = place * ROW;
      if ((place + 1) * ROW > scrollTop + clientHeight) this.scroll.scrollTop = (place + 1) * ROW - clientHeight;
      this.draw();
      this.light();
      if (opens) this.open();
    }

    open() {
      if (this.selected === null) return;
      this.trigger("select", { index: this.selected });
      this.opened = true;
    }

    move(by) {
      if (!this.shown.length) return;
      const at = this.shown.findIndex((row) => row[NUMBER] === this.selected);
      const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), this.shown.length - 1);
      this.select(this.shown[to][NUMBER], false);
    }

    // The points of the pictures that the selected solution is among.
    light() {
      const row = this.rows.get(this.selected);
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
  }

  // A click in a picture filters the list, or sets the threshold.
  function follow(chart) {
    if (chart.dataset.browsed || !chart.on) return;
    chart.dataset.browsed = "yes";
    chart.role = "img";
    chart.ariaLabel = `${chart.closest(".picture").querySelector("h3")?.textContent ?? "Picture"}; the list below holds the same solutions.`;
    chart.on("plotly_click", ({ points: [{ customdata: point }] }) => {
      if (!point) return;
      if (point.kind === "threshold") return setThreshold(point.at);
      const again = JSON.stringify(list.point) === JSON.stringify(point);
      list.filter({ point: again ? null : point });
    });
    chart.on("plotly_afterplot", () => list?.light());
  }

  function setThreshold(value) {
    const number = document.querySelector("#threshold input[type=number]");
    if (!number) return;
    number.value = value;
    for (const kind of ["input", "change", "blur"]) number.dispatchEvent(new Event(kind, { bubbles: true }));
  }

  new MutationObserver(() => {
    document.querySelectorAll(".picture .js-plotly-plot").forEach(follow);
    const article = document.querySelector("#browse-row article");
    if (article && list?.opened) {
      list.opened = false;
      if (article.getBoundingClientRect().top > innerHeight - 160 || innerWidth < 900) {
        article.scrollIntoView({ behavior: "smooth" });
      }
    }
  }).observe(document, { childList: true, subtree: true });

  const KEYS = {
    j: () => list.move(1), k: () => list.move(-1), Enter: () => list.open(),
    f: () => (list.chips.querySelector("button") ?? list.generators).focus(), "/": () => list.search.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (!list?.place.offsetParent || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape" && list.place.contains(typing)) list.grid.focus();
      return;
    }
    const arrows = event.target === list.grid && { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (event.key === "Enter" && event.target.closest?.("button, a, [role=tab]")) return;
    if (!arrows && !(event.key in KEYS)) return;
    event.preventDefault();
    if (arrows) list.move(arrows);
    else KEYS[event.key]();
  });
})();
