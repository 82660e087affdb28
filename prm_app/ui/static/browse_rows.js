// What a solution of a file says in the list: its columns, its verdict, the points it stands for.
"use strict";

window.prmRows = (() => {
  const VERDICTS = {
    found: ["✓", "right"], missed: ["✗", "wrong"], "too early": ["~", "unsure"],
    "too late": ["~", "unsure"], "false alarm": ["✗", "wrong"], "rightly unflagged": ["✓", "right"],
    "answer right": ["✓", "right"], "answer wrong": ["✗", "wrong"],
  };
  const [NUMBER, PROBLEM, GENERATOR, STEPS, LABEL, RIGHT, GROUP, REWARDS, MEAN, SURPRISE, DISAGREEMENT, ERROR] = Array(12).keys();
  const none = (value) => value === null || value === undefined;
  const step = (index) => (none(index) ? "" : index < 0 ? "none" : String(index + 1));
  const share = (value) => (none(value) ? "" : value.toFixed(3));

  const setting = { threshold: 0.5 };
  const flag = (row) => (row[REWARDS] ? row[REWARDS].findIndex((reward) => reward < setting.threshold) : null);
  const least = (row) => (row[REWARDS] ? Math.min(...row[REWARDS]) : null);

  function verdict(row) {
    if (none(row[LABEL])) return none(row[RIGHT]) ? null : row[RIGHT] ? "answer right" : "answer wrong";
    if (!row[REWARDS]) return null;
    const [label, at] = [row[LABEL], flag(row)];
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
    ["found", (row) => step(flag(row)), flag, "n found"],
    ["least", (row) => share(least(row)), least, "n least"],
    ["mean", (row) => share(row[MEAN]), (row) => row[MEAN], "n mean"],
    ["verdict", (row) => row[ERROR] && !row[REWARDS] ? "not scored" : verdict(row) ?? "", (row) => Object.keys(VERDICTS).indexOf(verdict(row)), "verdict"],
    ["surprise", (row) => share(row[SURPRISE]), (row) => row[SURPRISE], "n surprise"],
    ["differ", (row) => share(row[DISAGREEMENT]), (row) => row[DISAGREEMENT], "n differ"],
  ];
  const HINTS = {
    labelled: "the first wrong step by the label", found: "the first step under the threshold",
    least: "the least reward", mean: "the mean reward",
    surprise: "the largest distance of a reward from its label",
    differ: "the largest difference of the two models at a step",
  };

  // Whether a solution is among those that a point of a picture stands for.
  function stands(row, point) {
    if (point.kind === "cell") return row[LABEL] === point.label && flag(row) === point.found;
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

  function caption(point) {
    if (point.kind === "cell") return `labelled ${step(point.label)}, found ${step(point.found)}`;
    if (point.kind === "lost") return `problems that ${point.rule} loses`;
    const what = point.of === "answers" ? "mean reward" : "a reward";
    const kind = point.right ? " of a right one" : point.wrong ? " of a wrong one" : "";
    return `${what} ${point.low.toFixed(2)}–${point.high.toFixed(2)}${kind}`;
  }

  const FIELD = { NUMBER, PROBLEM, GENERATOR, STEPS, LABEL, RIGHT, GROUP, REWARDS };
  return { VERDICTS, COLUMNS, HINTS, FIELD, setting, none, verdict, stands, caption };
})();
