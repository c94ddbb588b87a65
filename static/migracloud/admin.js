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

// A live part is fetched again while something runs and somebody looks; it stops by itself when all is at rest,
// because the answer then no longer says data-refresh. It waits while somebody selects or types in it.
function isInUse(part) {
    const selection = window.getSelection();
    const selects = !selection.isCollapsed && part.contains(selection.anchorNode);
    return selects || part.contains(document.activeElement);
}

async function refresh() {
    const part = document.querySelector("#live[data-refresh]");
    if (!part) return;
    if (!document.hidden && !isInUse(part)) {
        try {
            const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
            const page = new DOMParser().parseFromString(await answer.text(), "text/html");
            const fresh = page.getElementById("live");
            if (!answer.ok || !fresh) return;
            for (const known of part.querySelectorAll("details[id]")) {
                const same = fresh.querySelector(`#${CSS.escape(known.id)}`);
                if (same) same.open = known.open;
            }
            part.replaceWith(fresh);
        } catch {
            // The site is away for a moment; the next round sees.
        }
    }
    window.setTimeout(refresh, REFRESH_MS);
}

document.addEventListener("DOMContentLoaded", () => window.setTimeout(refresh, REFRESH_MS));
