// A visitor's own marks of steps: kept in this browser, held against the model's, written as rows.
"use strict";

(() => {
  const KEPT = "prm-app-marks";
  const JUDGING = "prm-app-judging";
  // Ratings are those of PRM800K.
  const KINDS = [
    { rating: 1, word: "right", symbol: "✓", keys: ["1", "+"] },
    { rating: 0, word: "neutral", symbol: "○", keys: ["2", "0"] },
    { rating: -1, word: "wrong", symbol: "✗", keys: ["3", "-"] },
  ];
  const find = (selector) => document.querySelector(selector);
  const counted = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

  // What this browser keeps: by problem and steps, a rating for each step or null. `unkept` stands
  // in for a store that takes nothing.
  let unkept = null;
  function kept() {
    if (unkept) return unkept;
    try {
      return JSON.parse(localStorage.getItem(KEPT)) ?? {};
    } catch {
      return {};
    }
  }

  function keep(all) {
    try {
      localStorage.setItem(KEPT, JSON.stringify(all));
      unkept = null;
    } catch {
      unkept = all;
    }
    showBesideLabel(find("#browse-row article"));
  }

  // The index of the first wrong step, -1 if no step is wrong, null while the marks do not say.
  function firstError({ ratings }) {
    return unmarked(ratings).length ? null : ratings.indexOf(-1);
  }

  // The steps, from 0, whose marks are missing before the first error is known.
  function unmarked(ratings) {
    const wrong = ratings.indexOf(-1);
    const before = wrong < 0 ? ratings : ratings.slice(0, wrong);
    return before.flatMap((rating, i) => (rating === null ? [i] : []));
  }

  // The solution that is shown, with its ratings; null while a part of it is still being drawn.
  let shown = null;
  let drawn = [];
  const nameOf = ({ problem, steps }) => JSON.stringify([problem, ...steps]);
  const stepsShown = () => [...document.querySelectorAll("#steps .step")];

  function read(text) {
    const { problem, steps, rewards, threshold, first_error: first } = JSON.parse(text);
    const items = stepsShown();
    const same = items.length === rewards.length && items.every((item, i) => +item.dataset.reward === rewards[i]);
    if (!same) return null;
    const ratings = kept()[nameOf({ problem, steps })]?.ratings ?? steps.map(() => null);
    return { problem, steps, ratings, rewards, threshold, first: (first ?? 0) - 1 };
  }

  const isOn = () => find("[data-judge=turn]")?.ariaPressed === "true";

  function turn(on) {
    find("[data-judge=turn]").ariaPressed = String(on);
    find(".judging-body").hidden = !on;
    try {
      localStorage.setItem(JUDGING, on ? "on" : "");
    } catch {
      // The next visit begins without.
    }
    show();
  }

  function begin() {
    const panel = find(".judging");
    const list = find("#steps .steps");
    const text = find("#facts .hand-out")?.dataset.json;
    if (!panel || !list || !text || !find("#agreement .agreement") || [panel, list, text].every((part, i) => part === drawn[i])) return;
    if (panel !== drawn[0]) {
      let on = false;
      try {
        on = localStorage.getItem(JUDGING) === "on";
      } catch {
        // A forbidden store keeps nothing.
      }
      turn(on);
    }
    drawn = [panel, list, text];
    shown = read(text);
    show();
  }

  function show(...done) {
    if (!shown) return;
    stepsShown().forEach((item, i) => {
      item.querySelector(".own")?.classList.toggle("off", !isOn());
      if (isOn()) showMark(item, i);
    });
    const all = Object.values(kept());
    const complete = all.filter((each) => firstError(each) !== null).length;
    const sentences = isOn() ? [...done, ...agreement()].filter(Boolean) : [];
    find("#agreement .agreement").replaceChildren(...sentences.map((each) => `${each} `));
    find(".judging .kept").textContent = all.length
      ? `This browser ${unkept ? "stores nothing: export before you leave. Marked now" : "keeps marks of"}: ` +
        `${counted(all.length, "solution")}, ${complete} with a known first error. Only those are exported.`
      : "";
    document.querySelectorAll(".judging-do button").forEach((button) => {
      const one = button.dataset.judge === "delete";
      button.hidden = one ? !(nameOf(shown) in kept()) : !all.length;
    });
  }

  function showMark(item, i) {
    const rating = shown.ratings[i];
    const own = item.querySelector(".own") ?? item.appendChild(buttons(i));
    for (const button of own.querySelectorAll("button")) {
      button.ariaPressed = String(rating !== null && button.dataset.rating === String(rating));
    }
    const kind = KINDS.find((each) => each.rating === rating);
    item.ariaDescription = kind ? `Your mark: ${kind.word}` : "Not marked by you";
  }

  function buttons(i) {
    const own = document.createElement("div");
    own.className = "own";
    own.role = "group";
    own.ariaLabel = `Your mark of step ${i + 1}`;
    for (const { rating, word, symbol } of KINDS) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = word;
      button.dataset.rating = rating;
      button.tabIndex = i ? -1 : 0;
      button.append(Object.assign(document.createElement("b"), { textContent: symbol, ariaHidden: "true" }), ` ${word}`);
      own.append(button);
    }
    return own;
  }

  // Marks are held against the rewards up to one's own first wrong step: after it they mean little.
  function agreement() {
    const { ratings, rewards, threshold, first } = shown;
    const wrong = ratings.indexOf(-1);
    const until = wrong < 0 ? ratings.length : wrong + 1;
    const marked = ratings.slice(0, until).flatMap((rating, i) => (rating === null ? [] : [i]));
    if (!marked.length) return ["No step is marked yet."];
    const same = marked.filter((i) => (ratings[i] === -1) === rewards[i] < threshold).length;
    const said = `You and the model agree on ${same} of ${counted(marked.length, "marked step")}.`;
    const missing = unmarked(ratings).map((i) => i + 1);
    if (missing.length) {
      const some = missing.slice(0, 5).join(", ") + (missing.length > 5 ? `, and ${missing.length - 5} more` : "");
      return [said, `Your first error is known once step${missing.length > 1 ? "s" : ""} ${some} ${missing.length > 1 ? "are" : "is"} marked.`];
    }
    const named = (i) => (i < 0 ? "none" : `step ${i + 1}`);
    if (wrong === first) return [said, `The first error agrees: ${named(wrong)}.`];
    return [said, `The first error differs: ${named(wrong)} by you, ${named(first)} by the model.`];
  }

  function rate(i, rating) {
    const all = kept();
    const { problem, steps } = shown;
    const ratings = shown.ratings.with(i, shown.ratings[i] === rating ? null : rating);
    const name = nameOf(shown);
    if (ratings.every((each) => each === null)) delete all[name];
    else all[name] = { problem, steps, ratings };
    shown.ratings = ratings;
    keep(all);
    const kind = KINDS.find((each) => each.rating === ratings[i]);
    show(`Step ${i + 1}: ${kind ? kind.word : "mark taken back"}.`);
  }

  // The marks of a solution that is opened in a file stand beside its label.
  let opened = null;
  function showBesideLabel(article) {
    opened = article;
    if (!article) return;
    article.querySelectorAll(".yours").forEach((node) => node.remove());
    const ratings = kept()[nameOf(JSON.parse(article.dataset.solution))]?.ratings ?? [];
    article.querySelectorAll(".step").forEach((item, i) => {
      const kind = KINDS.find((each) => each.rating === ratings[i]);
      if (!kind) return;
      const line = item.appendChild(document.createElement("div"));
      line.className = `second yours ${kind.word}`;
      line.innerHTML = `<span>Your mark</span> <span class="mark"><b>${kind.symbol}</b> ${kind.word}</span>`;
    });
  }

  // As ProcessBench has them, with the ratings, and as TRL's stepwise supervision has them: up to
  // the first step without a mark. Both say no more than the marks do.
  const SHAPES = {
    processbench: ({ problem, steps, ratings }, n) => ({
      id: `judged-${n + 1}`, problem, steps, label: ratings.indexOf(-1), ratings,
    }),
    trl: ({ problem, steps, ratings }) => {
      const end = ratings.includes(null) ? ratings.indexOf(null) : ratings.length;
      const labels = ratings.slice(0, end).map((rating) => rating !== -1);
      return { prompt: problem, completions: steps.slice(0, end), labels };
    },
  };

  function write(shape) {
    const all = Object.values(kept());
    const known = all.filter((each) => firstError(each) !== null);
    const left = all.length - known.length;
    const why = left ? `${counted(left, "solution")} left out: the marks do not say yet where the first error is.` : "";
    if (known.length) {
      const text = known.map((each, n) => JSON.stringify(SHAPES[shape](each, n)) + "\n").join("");
      prmSave(JSON.stringify({ name: `prm-app-judged-${shape}.jsonl`, type: "application/jsonl", text }));
    }
    show(`${counted(known.length, "solution")} exported.`, why);
  }

  function erase(every) {
    const all = every ? {} : kept();
    if (!every) delete all[nameOf(shown)];
    keep(all);
    shown.ratings = shown.ratings.map(() => null);
    show("Deleted.");
    find("[data-judge=turn]").focus();
  }

  // A button that deletes does so when it is pressed a second time.
  function twice(button, act) {
    if (button.dataset.sure) return act();
    const label = button.textContent;
    button.dataset.sure = "yes";
    button.textContent = "Press again to delete";
    const calm = () => {
      delete button.dataset.sure;
      button.textContent = label;
    };
    button.addEventListener("blur", calm, { once: true });
  }

  const DO = {
    turn: () => turn(!isOn()),
    processbench: () => write("processbench"),
    trl: () => write("trl"),
    delete: (button) => twice(button, () => erase(false)),
    "delete-all": (button) => twice(button, () => erase(true)),
  };
  document.addEventListener("click", (event) => {
    const mark = event.target.closest?.(".own button");
    if (mark && shown) rate(+mark.closest(".step").dataset.step, +mark.dataset.rating);
    const button = event.target.closest?.("button[data-judge]");
    if (button) DO[button.dataset.judge](button);
  });
  document.addEventListener("keydown", (event) => {
    const step = event.target.closest?.("#steps .step");
    const kind = KINDS.find(({ keys }) => keys.includes(event.key));
    if (!step || !kind || !shown || !isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    rate(+step.dataset.step, kind.rating);
  });
  document.addEventListener("focusin", (event) => {
    const step = event.target.closest?.("#steps .step");
    if (!step) return;
    document.querySelectorAll("#steps .own button").forEach((button) => {
      button.tabIndex = step.contains(button) ? 0 : -1;
    });
  });
  addEventListener("storage", ({ key }) => {
    if (key !== KEPT) return;
    showBesideLabel(find("#browse-row article"));
    if (!shown) return;
    shown.ratings = kept()[nameOf(shown)]?.ratings ?? shown.steps.map(() => null);
    show();
  });
  const look = () => {
    begin();
    const article = find("#browse-row article");
    if (article !== opened) showBesideLabel(article);
  };
  new MutationObserver(look).observe(document, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["data-json"],
  });
})();
