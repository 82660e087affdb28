// What a visitor may rely on: drafts outlive a reload, answers come into view, a lost server is told.
"use strict";

(() => {
  const DRAFT = "prm-app-draft";
  const TAB = "prm-app-tab";

  // The values of the fields, in the order in which the page hands them over.
  let fields = [];
  window.prmDraft = {
    keep(...values) {
      fields = values;
      store(DRAFT, JSON.stringify(values));
      return values;
    },
    async restore(...values) {
      let draft = null;
      try {
        draft = JSON.parse(localStorage.getItem(DRAFT));
      } catch {
        draft = null;
      }
      fields = draft?.length === values.length ? draft : values;
      const link = await read(location.hash);
      if (link) {
        fields = [...link, ...fields.slice(link.length)];
        history.replaceState(null, "", location.pathname + location.search);
        store(TAB, "score");
      }
      return fields;
    },
    async link() {
      const page = location.origin + location.pathname;
      return page + MARK + (await pack(JSON.stringify(fields.slice(0, TYPES.length))));
    },
  };

  // A link holds a solution, its models and threshold in its fragment, which no browser sends.
  const MARK = "#score=";
  // The types of the first fields: problem, solution, how it is split, by what, model, threshold,
  // and the model compared with, which older links do not hold.
  const TYPES = ["string", "string", "string", "string", "string", "number", "string"];
  const MOST_CHARACTERS = 500_000;

  async function pack(text) {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function read(fragment) {
    if (!fragment.startsWith(MARK)) return null;
    try {
      const letters = atob(fragment.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
      const values = JSON.parse(await unpack(bytes));
      if (values.length === TYPES.length - 1) values.push("");
      const fits = values.length === TYPES.length && values.every((value, i) => typeof value === TYPES[i]);
      return fits ? values : null;
    } catch {
      return null;
    }
  }

  async function unpack(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    let text = "";
    for (const reader = stream.pipeThrough(new TextDecoderStream()).getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
      if (text.length > MOST_CHARACTERS) throw new Error("too long");
    }
  }

  addEventListener("hashchange", () => location.hash.startsWith(MARK) && location.reload());

  function store(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // A full or forbidden store keeps nothing; the page works without.
    }
  }

  // The tab that was open.
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (tab && event.isTrusted) store(TAB, tab.dataset.tabId);
  });
  const tabs = new MutationObserver(() => {
    const all = [...document.querySelectorAll(".tabs [role=tab]")];
    if (!all.length) return;
    tabs.disconnect();
    let name = null;
    try {
      name = localStorage.getItem(TAB);
    } catch {
      return;
    }
    all.find((tab) => tab.dataset.tabId === name)?.click();
  });
  tabs.observe(document, { childList: true, subtree: true });

  // What was asked for comes to where one looks: a message, a chosen solution, a result on a phone.
  function reveal(node) {
    const { top, bottom } = node.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) node.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        const alert = node.matches?.("[role=alert]") ? node : node.querySelector?.("[role=alert]");
        if (alert?.offsetParent) reveal(alert);
      }
    }
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener("click", (event) => {
    const { target } = event;
    if (target.closest?.("#table tr[data-index]")) {
      setTimeout(() => document.querySelector("#candidate h3")?.scrollIntoView({ block: "nearest", behavior: "smooth" }), 400);
    }
    const button = target.closest?.(".go, .chips button");
    const reading = button?.closest(".tabitem")?.querySelector(".reading");
    if (reading && reading.getBoundingClientRect().top > innerHeight) {
      reading.scrollIntoView({ behavior: "smooth" });
    }
    const first = target.closest?.("[data-to-step]");
    if (first) {
      const step = document.querySelector(`#steps .step[data-step="${first.dataset.toStep}"]`);
      step?.scrollIntoView({ block: "center", behavior: "smooth" });
      step?.focus({ preventScroll: true });
    }
  });

  // An emptied number keeps the value it had.
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("#threshold input[type=number]") && event.target.value === "") {
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("focusout", (event) => {
    if (event.target.matches?.("#threshold input[type=number]") && event.target.value === "") {
      event.target.value = document.querySelector("#threshold input[type=range]").value;
      event.stopImmediatePropagation();
    }
  }, true);

  // Whether the server still answers.
  let failures = 0;
  async function listen() {
    try {
      const answer = await fetch("prm/page.css", { method: "HEAD", cache: "no-store" });
      failures = answer.ok ? 0 : failures + 1;
    } catch {
      failures += 1;
    }
    const away = failures >= 2;
    document.querySelector("#status")?.classList.toggle("away", away);
    const note = document.querySelector("#away");
    if (away && !note) {
      const message = document.createElement("p");
      message.id = "away";
      message.className = "message";
      message.setAttribute("role", "alert");
      message.textContent = "The server does not answer. What you typed is kept in this browser.";
      document.querySelector("#status")?.after(message);
    } else if (!away) {
      note?.remove();
    }
    setTimeout(listen, failures ? 2000 : 5000);
  }
  setTimeout(listen, 5000);
})();
