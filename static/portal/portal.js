// What the portal does in the browser: copy a line, tell times in the reader's zone, keep live parts fresh.
// Every page works without it, and nothing here changes anything.
"use strict";

const REFRESH_MS = 3000;
const TIMES_MS = 15_000;

// Times

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const EXACT_WITH_ZONE = new Intl.DateTimeFormat(undefined, {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

// As audit/look.py says it: in the largest unit that says something.
function ago(moment) {
    const seconds = Math.trunc((Date.now() - moment.getTime()) / 1000);
    const size = Math.abs(seconds);
    if (size < 1) return "just now";
    const words =
        size < 60 ? `${size} s` :
        size < 3600 ? `${Math.trunc(size / 60)} min` :
        size < 48 * 3600 ? `${Math.trunc(size / 3600)} h` :
        `${Math.trunc(size / 86_400)} days`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
}

function tellTimes(part) {
    for (const time of part.querySelectorAll("time[data-time]")) {
        const moment = new Date(time.dateTime);
        const words = time.dataset.time === "exact" ? EXACT.format(moment) : ago(moment);
        time.title = EXACT_WITH_ZONE.format(moment);
        if (time.textContent !== words) time.textContent = words;
    }
}

// Copying: without a script the button would be of no use, so it is shown here.

function showButtons(part) {
    for (const button of part.querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
        say(`Copied ${source.textContent}`);
    } catch {
        // Without HTTPS there is no clipboard: select the line, so that Ctrl+C takes it.
        window.getSelection().selectAllChildren(source);
        button.textContent = "Press Ctrl+C";
    }
}

document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
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
    if (place.textContent !== words) place.textContent = words;
    place.classList.toggle("mc-stale", isStale);
    place.classList.toggle("mc-visually-hidden", !isStale);
}

function sayings(part) {
    return Array.from(part.querySelectorAll("[data-say]"), (one) => one.dataset.say);
}

// It waits while somebody has selected something in it.
function isInUse(part) {
    const selection = window.getSelection();
    return !selection.isCollapsed && part.contains(selection.anchorNode);
}

function focusedIn(part) {
    const one = document.activeElement;
    if (!part.contains(one)) return null;
    if (one.dataset.copy) return `[data-copy="${CSS.escape(one.dataset.copy)}"]`;
    return one.matches("a[href]") ? `a[href="${CSS.escape(one.getAttribute("href"))}"]` : null;
}

function put(part, fresh) {
    const focused = focusedIn(part);
    const told = new Set(sayings(part));
    const news = sayings(fresh).filter((words) => !told.has(words)).join(" ");
    tellTimes(fresh);
    showButtons(fresh);
    part.replaceWith(fresh);
    say(news);
    if (focused) fresh.querySelector(focused)?.focus({ preventScroll: true });
}

// A live part is fetched again while something goes on and somebody looks; it stops by itself when all is at rest,
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
            put(part, document.adoptNode(fresh));
        } catch {
            say("The site does not answer. What you see is old; this page tries again by itself.", true);
        }
    }
    window.setTimeout(refresh, REFRESH_MS);
}

tellTimes(document);
showButtons(document);
window.setInterval(() => tellTimes(document), TIMES_MS);
window.setTimeout(refresh, REFRESH_MS);
