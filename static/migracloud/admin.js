// What our pages do in the browser: copy a line, close menus, keep live parts fresh. Nothing here changes anything.
"use strict";

// htmx (loaded before this) would write a <style> of its own, which the policy forbids.
if (window.htmx) window.htmx.config.includeIndicatorStyles = false;

const REFRESH_MS = 2500; // while something runs
const SLOW_REFRESH_MS = 20000; // of a page that says so, at rest

document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) {
        const source = document.getElementById(button.dataset.copy);
        try {
            await navigator.clipboard.writeText(source.textContent);
            button.textContent = "Copied";
            say("Copied");
        } catch {
            // Without HTTPS there is no clipboard: select the line, so that Ctrl+C takes it.
            window.getSelection().selectAllChildren(source);
            button.textContent = "Press Ctrl+C";
        }
    }
    for (const menu of document.querySelectorAll("details.mc-menu[open]")) {
        if (!menu.contains(event.target)) menu.open = false;
    }
});

document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.mc-menu[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
    }
});

// Live parts

// For people who do not see the page change: the one place that a screen reader is told to read aloud.
function say(words, isStale = false) {
    const place = document.getElementById("live-words");
    if (!place) return;
    if (place.textContent !== words) place.textContent = words;
    place.classList.toggle("mc-stale", isStale);
}

function sayings(part) {
    return Array.from(part.querySelectorAll("[data-say]"), (one) => one.dataset.say).join(" ");
}

// It waits while somebody selects or types in it. Where the focus is, it is put again.
function isInUse(part) {
    const selection = window.getSelection();
    const selects = !selection.isCollapsed && part.contains(selection.anchorNode);
    return selects || (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select"));
}

function focusedIn(part) {
    const one = document.activeElement;
    if (!part.contains(one)) return null;
    const details = one.matches("summary") && one.closest("details[id]");
    if (details) return `#${CSS.escape(details.id)} > summary`;
    if (one.dataset.copy) return `[data-copy="${CSS.escape(one.dataset.copy)}"]`;
    return one.matches("a[href]") ? `a[href="${CSS.escape(one.getAttribute("href"))}"]` : null;
}

function put(part, fresh) {
    for (const known of part.querySelectorAll("details[id]")) {
        const same = fresh.querySelector(`#${CSS.escape(known.id)}`);
        if (same) same.open = known.open;
    }
    const focused = focusedIn(part);
    const news = sayings(fresh);
    say(news === sayings(part) ? "" : news);
    part.replaceWith(fresh);
    if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

// A live part is fetched again while somebody looks: often while something runs, seldom at rest if the page says
// "slow", else no more, because the answer then no longer says data-refresh. What could not be fetched is said to be old.
const live = { timer: 0, isFetching: false, readAt: new Date() };

function refreshLater() {
    window.clearTimeout(live.timer);
    const part = document.querySelector("#live[data-refresh]");
    if (!part || document.hidden) return;
    live.timer = window.setTimeout(refresh, part.dataset.refresh === "slow" ? SLOW_REFRESH_MS : REFRESH_MS);
}

async function refresh() {
    const part = document.querySelector("#live[data-refresh]");
    if (!part || live.isFetching) return;
    live.isFetching = true;
    const isKept = isInUse(part) || (await replace(part));
    live.isFetching = false;
    if (isKept) refreshLater();
}

// Whether there is still something to be fetched.
async function replace(part) {
    try {
        const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
        if (answer.status >= 500) throw new Error(`status ${answer.status}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("live");
        if (!fresh) {
            say("You are no longer logged in, or this is gone: reload the page.", true);
            return false;
        }
        put(part, fresh);
        live.readAt = new Date();
    } catch {
        const since = live.readAt.toLocaleTimeString();
        say(`The site does not answer. What you see is of ${since}; this page tries again by itself.`, true);
    }
    return true;
}

// A hidden page asks nothing; what is looked at again is fetched at once.
document.addEventListener("visibilitychange", () => {
    window.clearTimeout(live.timer);
    if (!document.hidden) refresh();
});

// The search

const search = { from: null, opens: null };

function searchInput() {
    return document.getElementById("search-input-command");
}

// Unfold's own Ctrl+K does nothing while somebody writes in another field.
document.addEventListener("keydown", (event) => {
    const isWriting = event.target.matches("input, textarea") && event.target !== searchInput();
    if (!isWriting || event.key !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    window.dispatchEvent(new CustomEvent("opencommand"));
});

// Unfold moves the focus into the box 20 ms after it was asked for; a busy browser has not shown it by then.
const MOST_FRAMES = 120;

function focusOnceShown(frames = MOST_FRAMES) {
    const input = searchInput();
    if (!input || document.activeElement === input || !frames) return;
    if (input.offsetParent) input.focus();
    else window.requestAnimationFrame(() => focusOnceShown(frames - 1));
}

document.addEventListener("keydown", (event) => {
    if (event.key === "k" && (event.ctrlKey || event.metaKey)) focusOnceShown();
});
window.addEventListener("opencommand", () => focusOnceShown());

// Enter opens the line that is marked, else the first: at once, or when there is an answer to what stands in the box.
function openFound() {
    const list = document.getElementById("command-results-list");
    if (!search.opens || list?.dataset.typed !== searchInput().value.trim()) return;
    const line = list.querySelector("li.active a") ?? list.querySelector("a");
    if (line && search.opens === "here") window.location.assign(line.href);
    else if (line) window.open(line.href, "_blank", "noopener");
    search.opens = null;
}

function prepareSearch() {
    const input = searchInput();
    if (!input) return;
    input.addEventListener("focus", (event) => {
        if (event.relatedTarget && !event.relatedTarget.closest("[role=dialog]")) search.from = event.relatedTarget;
    });
    input.addEventListener("input", () => {
        search.opens = null;
    });
    // Before unfold's own listener: its first Escape empties the box, its second closes it and gives the focus to nobody.
    const isFirst = { capture: true };
    input.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && input.value === "") window.setTimeout(() => search.from?.focus(), 0);
        if (event.key !== "Enter" || input.value.trim() === "") return;
        event.preventDefault();
        search.opens = event.ctrlKey || event.metaKey ? "elsewhere" : "here";
        openFound();
    }, isFirst);
    document.getElementById("command-results").addEventListener("htmx:afterSettle", (event) => {
        const found = event.target.querySelectorAll("li").length;
        say(found ? `${found} found` : event.target.textContent.trim());
        openFound();
    });
}

// Unfold's own pieces

// Unfold makes buttons of <span>, <div> and <a> without an address: nobody without a mouse could reach them.
const CLICKABLE = ["span[x-on\\:click]", "div.cursor-pointer[x-on\\:click]", "a:not([href])[x-on\\:click]"];
const ICONS_IN_WORDS = {
    arrow_back: "Back to the list",
    close: "Close the menu",
    computer: "Light or dark",
    dark_mode: "Light or dark",
    deployed_code: "Overview",
    dock_to_right: "Show or hide the menu",
    light_mode: "Light or dark",
    more_horiz: "More",
    more_vert: "More",
};

function makeReachable(one) {
    one.setAttribute("role", "button");
    one.tabIndex = 0;
    one.addEventListener("keydown", (event) => {
        if (event.target !== one || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        one.click();
        window.setTimeout(() => followFocus(one), 50);
    });
}

// What such a button opens stands before it on the page, so the next Tab would not lead there.
function followFocus(button) {
    const before = button.previousElementSibling;
    const opened = before?.matches("nav") ? before : button.closest("#nav-sidebar") ? null : document.getElementById("nav-sidebar");
    const first = opened?.querySelector("[role=button], a[href]");
    if (first?.checkVisibility() && document.activeElement === button) first.focus();
}

// A button that is only an icon is given words.
// An icon is a word in an icon font: a screen reader would read that word.
function silenceIcons() {
    for (const one of document.querySelectorAll("a, button, [role=button]")) {
        const icon = one.matches(".material-symbols-outlined") ? one : one.querySelector(".material-symbols-outlined");
        const words = ICONS_IN_WORDS[icon?.textContent.trim()];
        const isIconOnly = Array.from(one.children).every((child) => child.matches(".material-symbols-outlined"));
        if (words && isIconOnly && !one.title && !one.hasAttribute("aria-label")) one.setAttribute("aria-label", words);
    }
    for (const icon of document.querySelectorAll(".material-symbols-outlined:not([role])")) icon.setAttribute("aria-hidden", "true");
}

// A tenant's picker, and a moment's two inputs: each is named by its field's label, which does not reach it by itself.
function nameInputs() {
    for (const input of document.querySelectorAll(".select2-selection, .vDateField, .vTimeField")) {
        const label = input.closest(".field-line")?.querySelector("label");
        if (!label) continue;
        const words = `${label.textContent.replace("*", "").trim()} ${input.placeholder ?? ""}`.trim();
        input.removeAttribute("aria-labelledby");
        for (const one of [input, ...input.querySelectorAll("[role=textbox]")]) one.setAttribute("aria-label", words);
    }
}

// What scrolls by itself is a place of its own for a screen reader; two of the same name cannot be told apart.
function namePlaces() {
    for (const one of document.querySelectorAll(".simplebar-content-wrapper")) {
        one.setAttribute("aria-label", one.closest("#nav-sidebar") ? "Menu" : "List");
    }
}

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(CLICKABLE.join()).forEach(makeReachable);
    prepareSearch();
    document.querySelector("#nav-sidebar a.active")?.setAttribute("aria-current", "page");
    refreshLater();
});
window.addEventListener("load", () => {
    namePlaces();
    silenceIcons(); // unfold's script has written them by now
    window.django?.jQuery(nameInputs); // after what else waits for jQuery: that makes the pickers
});
