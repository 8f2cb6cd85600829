// LeakyTap's own script: it makes the pages follow what happens elsewhere.
// Without it everything still works, one reload at a time.
"use strict";
(function () {
  var source = null, stale = false, last = 0, timer = 0, pressed = false, acts = 0;

  function page() { return document.getElementById("page"); }
  function sign() { return document.getElementById("live"); }

  function say(text, state) {
    var el = sign();
    if (el && el.textContent !== text) { el.textContent = text; el.className = "live " + state; }
  }

  // held: somebody has a menu open or presses a button, which must not go from under them.
  function held() { return pressed || !!page().querySelector("details[open]"); }

  // busy: that, or somebody is filling in a form; what they look at stays.
  function busy() {
    if (document.hidden || held()) { return true; }
    if (page().querySelector(".htmx-request")) { return true; }
    var a = document.activeElement;
    return !!a && page().contains(a) && /^(INPUT|SELECT|TEXTAREA)$/.test(a.tagName);
  }

  function refresh() {
    clearTimeout(timer);
    if (!stale) { return; }
    if (busy()) { say("new things have happened", "stale"); return; }
    var wait = last + 400 - Date.now();
    if (wait > 0) { timer = setTimeout(refresh, wait); return; }
    stale = false;
    last = Date.now();
    htmx.ajax("GET", location.pathname + location.search,
      { target: "#page", select: "#page", swap: "outerHTML show:none settle:0ms", headers: { "X-Live": String(acts) } })
      .then(function () { if (!stale) { say("live", "on"); } });
  }

  function live(e) {
    var asked = e.detail.requestConfig;
    return asked && asked.headers && asked.headers["X-Live"];
  }

  document.addEventListener("htmx:beforeRequest", function (e) { if (!live(e)) { acts++; } });

  // What was asked for before somebody acted is older than what they see, and what was
  // asked for before they opened a menu or pressed is not to take that away.
  document.addEventListener("htmx:beforeSwap", function (e) {
    var at = live(e);
    if (!at || at === String(acts) && !held()) { return; }
    e.detail.shouldSwap = false;
    stale = true;
    if (held()) { say("new things have happened", "stale"); } else { setTimeout(refresh, 0); }
  });

  // What had to wait for somebody's act is shown once that is done.
  document.addEventListener("htmx:afterSettle", function () { setTimeout(refresh, 0); });

  function listen() {
    var el = sign();
    if (!el || !window.EventSource) { return; }
    source = new EventSource(el.dataset.events);
    source.onopen = function () { if (!stale) { say("live", "on"); } };
    source.onerror = function () { say("not connected", "off"); };
    source.addEventListener("changed", function () { stale = true; refresh(); });
  }

  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (d) { if (d !== except) { d.open = false; } });
  }

  // j and k walk through the cases, as in a mail reader.
  function walk(step) {
    var links = Array.prototype.slice.call(document.querySelectorAll(".case h2 a"));
    if (!links.length) { return; }
    var at = links.findIndex(function (l) { return l.closest(".case").contains(document.activeElement); });
    var next = at < 0 ? 0 : Math.min(Math.max(at + step, 0), links.length - 1);
    links[next].focus();
    links[next].scrollIntoView({ block: "nearest" });
  }

  // The button that was pressed may be gone from the new page: the focus stays with its case.
  var at = "";
  document.addEventListener("htmx:beforeSwap", function () {
    var a = document.activeElement, c = a && a.closest(".case");
    at = c ? c.id : a && page().contains(a) ? "page" : "";
  });
  document.addEventListener("htmx:afterSettle", function () {
    if (!at || document.activeElement !== document.body) { return; }
    (document.querySelector("#" + at + " h2 a") || page()).focus({ preventScroll: true });
  });

  document.addEventListener("keydown", function (e) {
    if (e.key === "Escape") {
      var open = document.querySelector("details.menu[open]");
      closeMenus(null);
      if (open) { open.querySelector("summary").focus(); }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) { return; }
    if (e.key === "j") { walk(1); }
    if (e.key === "k") { walk(-1); }
  });
  document.addEventListener("pointerdown", function () { pressed = true; });
  ["pointerup", "pointercancel"].forEach(function (what) {
    document.addEventListener(what, function () {
      // The click comes after this, and is to find what was pressed.
      setTimeout(function () { pressed = false; refresh(); }, 0);
    });
  });
  document.addEventListener("click", function (e) { closeMenus(e.target.closest("details.menu")); });
  document.addEventListener("toggle", function () { setTimeout(refresh, 0); }, true);
  document.addEventListener("focusout", function () { setTimeout(refresh, 0); });
  document.addEventListener("visibilitychange", refresh);
  document.addEventListener("change", function (e) { if (e.target.matches("[data-submit]")) { e.target.form.submit(); } });
  window.addEventListener("pagehide", function () { if (source) { source.close(); } });
  window.addEventListener("pageshow", function (e) { if (e.persisted) { location.reload(); } });
  // Ages grow even when nothing happens.
  setInterval(function () { if (sign()) { stale = true; refresh(); } }, 60000);
  document.documentElement.classList.add("js");
  listen();
})();
