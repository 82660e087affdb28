// The page's own words in the language of the browser; words of visitors, files and models stay.
"use strict";

(async () => {
  // Each has a dictionary beside this file: what the page says in English -> what it says there.
  const LANGUAGES = ["ko"];
  const ATTRIBUTES = ["aria-label", "aria-description", "title", "placeholder", "alt"];
  // What somebody else has written. In a chart's label of a step that is all but its first line.
  const ALONE = "[translate=no], [dir=auto], .tex, code, kbd, pre, script, style, .file-preview, .linked .hovertext .line:not(:first-child)";
  const LONGEST = 5000;
  const LETTERS = /[a-z]/i;
  const NUMBER = /^[\d.,e%+-]+$/;

  const language = navigator.language.split("-")[0];
  if (!LANGUAGES.includes(language)) return;
  const dictionary = await (await fetch(`prm/${language}.json`)).json();

  // In an entry {n} stands for a number, {name} for words that stay, and {Name} for words or a
  // number that has to be an entry itself.
  const PLACE = /\{([a-zA-Z]+)\}/;
  const exact = new Map(Object.entries(dictionary).filter(([english]) => !PLACE.test(english)));
  const templates = Object.entries(dictionary).filter(([english]) => PLACE.test(english)).map(([english, own]) => {
    const pieces = english.split(PLACE);
    return { own, texts: pieces.filter((_, i) => i % 2 === 0), names: pieces.filter((_, i) => i % 2) };
  });

  function translation(text) {
    if (exact.has(text)) return exact.get(text);
    for (const template of templates) {
      const values = valuesIn(text, template);
      if (values) return template.own.replace(new RegExp(PLACE, "g"), (_, name) => values.get(name));
    }
    return null;
  }

  // What stands in a text for the names of a template; null if it is not of that form. Each of the
  // template's texts is taken where it comes first, so this takes linear time.
  function valuesIn(text, { texts, names }) {
    if (!text.startsWith(texts[0]) || !text.endsWith(texts.at(-1))) return null;
    const values = new Map();
    let start = texts[0].length;
    for (const [i, name] of names.entries()) {
      const next = texts[i + 1];
      const end = i + 1 < names.length ? text.indexOf(next, start) : text.length - next.length;
      if (end <= start) return null;
      const value = valueOf(name, text.slice(start, end));
      if (value === null) return null;
      values.set(name, value);
      start = end + next.length;
    }
    return values;
  }

  function valueOf(name, words) {
    if (name.length === 1) return NUMBER.test(words) ? words : null;
    if (name[0] !== name[0].toUpperCase()) return words;
    return LETTERS.test(words) ? translation(words) : words;
  }

  // A text with its outer white space; null if there is nothing to say otherwise.
  function inLanguage(text) {
    if (text.length > LONGEST || !LETTERS.test(text)) return null;
    const words = text.trim();
    const own = translation(words.replace(/\s+/g, " "));
    return own === null ? null : text.replace(words, () => own);
  }

  function translateText(node) {
    const own = inLanguage(node.data);
    if (own !== null && !node.parentElement?.closest(`${ALONE}, textarea`)) node.data = own;
  }

  function translateAttribute(node, name) {
    const own = node.hasAttribute(name) ? inLanguage(node.getAttribute(name)) : null;
    if (own !== null) node.setAttribute(name, own);
  }

  function translate(root) {
    if (root.nodeType === Node.TEXT_NODE) return translateText(root);
    if (root.nodeType !== Node.ELEMENT_NODE || root.closest(ALONE)) return;
    const isAlone = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches(ALONE);
    const filter = (node) => (isAlone(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, filter);
    for (let node = root; node; node = walk.nextNode()) {
      if (node.nodeType === Node.TEXT_NODE) translateText(node);
      else ATTRIBUTES.forEach((name) => translateAttribute(node, name));
    }
  }

  // Gradio shows what is chosen of a list as the value of a field. Any name may stand in #model.
  function translateChoices() {
    for (const field of document.querySelectorAll("[role=combobox]:not(:focus, #model *)")) {
      const own = inLanguage(field.value);
      if (own !== null) field.value = own;
    }
  }

  const observer = new MutationObserver((changes) => {
    for (const { type, target, attributeName, addedNodes } of changes) {
      if (type === "childList") addedNodes.forEach(translate);
      else if (type === "characterData") translateText(target);
      else if (!target.closest(ALONE)) translateAttribute(target, attributeName);
    }
    translateChoices();
    observer.takeRecords(); // of the changes made here
  });
  document.documentElement.lang = language;
  translate(document.documentElement);
  observer.observe(document, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ATTRIBUTES });
  document.addEventListener("focusout", () => setTimeout(translateChoices));
})();
