// What our pages do in the browser: copy a line, close menus, keep live parts fresh. Nothing here changes anything.
"use strict";

// htmx (loaded before this) would write a <style> of its own, which the policy forbids.
if (window.htmx) window.htmx.config.includeIndicatorStyles = false;

const REFRESH_MS = 2500;

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

// A live part is fetched again while something runs and somebody looks; it stops by itself when all is at rest,
// because the answer then no longer says data-refresh. What could not be fetched is said to be old.
async function refresh() {
    const part = document.querySelector("#live[data-refresh]");
    if (!part) return;
    if (!document.hidden && !isInUse(part)) {
        try {
            const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
            if (answer.status >= 500) throw new Error(`status ${answer.status}`);
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.getElementById("live");
            if (!fresh) return say("You are no longer logged in, or this is gone: reload the page.", true);
            put(part, fresh);
        } catch {
            say("The site does not answer. What you see is old; this page tries again by itself.", true);
        }
    }
    window.setTimeout(refresh, REFRESH_MS);
}

// A list's cells are kept fresh while something goes on with one of its rows. Rows stay where they are: what comes or
// goes is seen when the list is opened again, so that nothing moves under somebody's hand.
async function refreshCells() {
    const mark = document.querySelector("#live-cells[data-refresh]");
    if (!mark) return;
    if (!document.hidden) {
        try {
            const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
            if (!answer.ok) throw new Error(`status ${answer.status}`);
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            putCells(page);
            if (!page.getElementById("live-cells")) mark.remove();
            say("");
        } catch {
            say("The site does not answer. What you see is old; this page tries again by itself.", true);
        }
    }
    window.setTimeout(refreshCells, REFRESH_MS);
}

function rowsByPage(root) {
    const rows = Array.from(root.querySelectorAll("#result_list tr.data-row"), (row) => [row.querySelector("th a[href], td a[href]")?.getAttribute("href").split("?")[0], row]);
    return new Map(rows.filter(([page]) => page));
}

function putCells(fresh) {
    const known = rowsByPage(document);
    for (const [page, row] of rowsByPage(fresh)) {
        const cells = known.get(page)?.cells ?? [];
        for (const [index, cell] of Array.from(row.cells).entries()) {
            const old = cells[index];
            if (!old || cell.querySelector("input") || old.contains(document.activeElement)) continue;
            if (old.innerHTML !== cell.innerHTML) old.replaceChildren(...cell.childNodes);
        }
    }
}

// Unfold's own pieces

// Unfold makes buttons of <span>, <div> and <a> without an address: nobody without a mouse could reach them.
const CLICKABLE = ["span[x-on\\:click]", "div.cursor-pointer[x-on\\:click]", "a:not([href])[x-on\\:click]", "div[x-on\\:click*=opencommand]"];
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
    document.querySelector("#nav-sidebar a.active")?.setAttribute("aria-current", "page");
    window.setTimeout(refresh, REFRESH_MS);
    window.setTimeout(refreshCells, REFRESH_MS);
});
window.addEventListener("load", () => {
    namePlaces();
    silenceIcons(); // unfold's script has written them by now
    window.django?.jQuery(nameInputs); // after what else waits for jQuery: that makes the pickers
});
