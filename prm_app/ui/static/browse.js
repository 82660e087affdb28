// The list of a file: draws only the rows in view, filters and sorts them, and listens to keys.
"use strict";

(() => {
  const ROW = 46;
  const HEAD = 36;
  const SPARE = 6;
  const { VERDICTS, COLUMNS, HINTS, FIELD, setting, none, verdict, stands, caption } = prmRows;
  const { NUMBER, GENERATOR, STEPS, LABEL } = FIELD;

  function node(tag, attributes = {}, ...children) {
    const part = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in part) part[name] = value;
      else part.setAttribute(name, value);
    }
    part.append(...children);
    return part;
  }

  let list = null;

  window.prmBrowse = (element, props, watch, trigger) => {
    list = new List(element.querySelector(".list"), trigger);
    const draw = () => list.read(props.value ?? "");
    watch("value", draw);
    draw();
  };
  prmBrowse.matches = (answer) => answer && list?.match(JSON.parse(answer));
  prmBrowse.close = () => list?.close();
  prmBrowse.threshold = (value) => {
    setting.threshold = value;
    list?.refresh();
  };

  class List {
    rows = new Map();
    position = 0;
    head = "";
    view = [];
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
      this.grid = node("div", { className: "grid", role: "grid", tabIndex: 0, ariaLabel: "Solutions" }, node("div", { className: "top", role: "rowgroup" }, this.heads), this.tall);
      this.grid.addEventListener("scroll", () => this.draw());
      // A row may be drawn anew between press and release: then there is no click.
      let pressed;
      const number = (event) => event.target.closest("[data-number]")?.dataset.number;
      const choose = (chosen) => chosen && this.select(Number(chosen), true);
      this.tall.addEventListener("pointerdown", (event) => { pressed = event.button === 0 && number(event); });
      this.tall.addEventListener("pointerup", (event) => choose(pressed === number(event) && pressed));
      this.tall.addEventListener("click", (event) => choose(event.detail === 0 && number(event)));
      new ResizeObserver(() => this.draw()).observe(this.grid);
      place.replaceChildren(filters, this.grid);
      this.place = place;
    }

    // The text grows while a file is scored; another first line is another list.
    read(text) {
      const end = text.indexOf("\n");
      if (end < 0) return;
      if (text.slice(0, end) !== this.head) this.restart(text.slice(0, end), end + 1);
      for (let next = text.indexOf("\n", this.position); next >= 0; next = text.indexOf("\n", this.position)) {
        const row = JSON.parse(text.slice(this.position, next));
        this.rows.set(row[NUMBER], row);
        this.position = next + 1;
      }
      this.refresh();
    }

    restart(head, position) {
      const { beside, file } = JSON.parse(head);
      const number = document.querySelector("#threshold input[type=number]");
      if (number) setting.threshold = Number(number.value);
      Object.assign(this, { head, position, rows: new Map(), beside });
      if (file !== this.file) {
        Object.assign(this, { file, selected: null, point: null, matching: null, text: "" });
        Object.assign(this, { generator: "", shortest: "", longest: "", by: 0, down: false });
        this.verdicts.clear();
        for (const field of [this.search, this.from, this.to]) field.value = "";
        this.grid.scrollTop = 0;
      }
      this.place.classList.toggle("beside", beside);
    }

    filter(changes) {
      Object.assign(this, changes);
      this.grid.scrollTop = 0;
      this.refresh();
    }

    ask() {
      clearTimeout(this.asking);
      this.text = this.search.value.trim();
      if (!this.text) return this.filter({ matching: null });
      this.asking = setTimeout(() => this.trigger("input", { text: this.text.slice(0, 1000) }), 200);
    }

    match({ text, found: numbers }) {
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
      const subset = passing.filter((row) => !this.verdicts.size || this.verdicts.has(verdict(row)));
      const key = COLUMNS[this.by][2];
      const pairs = subset.map((row) => [key(row), row]);
      const sign = this.down ? -1 : 1;
      pairs.sort(([a, first], [b, second]) => {
        if (none(a) || none(b)) return none(a) - none(b) || first[NUMBER] - second[NUMBER];
        const order = typeof a === "string" ? a.localeCompare(b) : a - b;
        return sign * order || first[NUMBER] - second[NUMBER];
      });
      this.view = pairs.map(([, row]) => row);
      const hasLabels = [...this.rows.values()].some((row) => !none(row[LABEL]));
      this.place.classList.toggle("unlabelled", !hasLabels);
      this.count.textContent = `${this.view.length.toLocaleString("en")} of ${this.rows.size.toLocaleString("en")} shown`;
      this.grid.ariaRowCount = this.view.length + 1;
      this.tall.style.height = `${this.view.length * ROW}px`;
      this.drawHeads();
      this.draw();
      this.light();
    }

    drawFilters(passing) {
      const counts = new Map();
      for (const row of passing) counts.set(verdict(row), (counts.get(verdict(row)) ?? 0) + 1);
      const names = Object.keys(VERDICTS).filter((name) => counts.has(name) || this.verdicts.has(name));
      const focus = document.activeElement?.dataset?.verdict;
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
      if (focus) this.chips.querySelector(`[data-verdict="${focus}"]`)?.focus();
      const writers = [...new Set([...this.rows.values()].map((row) => row[GENERATOR]).filter(Boolean))].sort();
      const options = [...this.generators.options].slice(1).map((option) => option.value);
      if (JSON.stringify(writers) !== JSON.stringify(options)) {
        this.generators.replaceChildren(new Option("all writers", ""), ...writers.map((name) => Object.assign(new Option(name, name), { translate: false })));
        this.generators.value = this.generator;
      }
      this.generators.hidden = writers.length < 2;
      this.picked.replaceChildren();
      if (this.point) {
        const clear = node("button", { type: "button" }, `${caption(this.point)}  ✕`);
        clear.ariaLabel = `Remove the filter: ${caption(this.point)}`;
        clear.addEventListener("click", () => this.filter({ point: null }));
        this.picked.append(clear);
      }
    }

    drawHeads() {
      this.heads.replaceChildren(...COLUMNS.map(([title, , , kind], i) => {
        const isKey = i === this.by;
        const button = node("button", { type: "button", title: HINTS[title] ?? "" }, title);
        button.addEventListener("click", () => {
          const down = isKey ? !this.down : ["surprise", "differ"].includes(title);
          this.filter({ by: i, down });
        });
        const cell = node("div", { className: kind, role: "columnheader" }, button);
        cell.ariaSort = isKey ? (this.down ? "descending" : "ascending") : "none";
        return cell;
      }));
    }

    draw() {
      const first = Math.max(0, Math.floor(this.grid.scrollTop / ROW) - SPARE);
      const last = Math.ceil((this.grid.scrollTop + this.grid.clientHeight) / ROW) + SPARE;
      this.tall.replaceChildren(...this.view.slice(first, last).map((row, i) => this.rowNode(row, first + i)));
      const selected = this.tall.querySelector("[aria-selected=true]");
      if (selected) this.grid.setAttribute("aria-activedescendant", selected.id);
      else this.grid.removeAttribute("aria-activedescendant");
    }

    rowNode(row, place) {
      const hue = VERDICTS[verdict(row)] ?? ["", ""];
      const cells = COLUMNS.map(([, show, , kind]) => {
        const cell = node("div", { className: kind, role: "gridcell" });
        if (kind === "problem") cell.translate = false;
        if (kind === "verdict" && hue[0]) cell.append(node("b", { ariaHidden: "true" }, hue[0]), " ");
        cell.append(node("span", {}, String(show(row))));
        if (kind === "problem" && row[GENERATOR]) cell.append(node("small", {}, row[GENERATOR]));
        return cell;
      });
      const part = node("div", { className: `row ${hue[1]}`, role: "row", id: `browse-row-${row[NUMBER]}` }, ...cells);
      part.dataset.number = row[NUMBER];
      part.ariaRowIndex = place + 2;
      part.ariaSelected = String(row[NUMBER] === this.selected);
      part.style.top = `${place * ROW}px`;
      return part;
    }

    select(number, opens) {
      this.selected = number;
      const place = this.view.findIndex((row) => row[NUMBER] === number);
      const { scrollTop } = this.grid;
      const height = this.grid.clientHeight - HEAD;
      if (place * ROW < scrollTop) this.grid.scrollTop = place * ROW;
      if ((place + 1) * ROW > scrollTop + height) this.grid.scrollTop = (place + 1) * ROW - height;
      this.draw();
      this.light();
      if (opens) this.open();
    }

    open() {
      if (this.selected === null) return;
      this.trigger("select", { index: this.selected });
      this.opened = true;
    }

    close() {
      this.trigger("select", { index: -1 });
      this.grid.focus();
    }

    move(by) {
      if (!this.view.length) return;
      const at = this.view.findIndex((row) => row[NUMBER] === this.selected);
      const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), this.view.length - 1);
      this.select(this.view[to][NUMBER], false);
    }

    light() {
      prmPictures.light(this.rows.get(this.selected));
    }
  }

  new MutationObserver(() => {
    document.querySelectorAll(".picture .js-plotly-plot").forEach((chart) => prmPictures.follow(chart, () => list));
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
