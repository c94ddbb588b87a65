// What a list does in the browser besides what every page does (admin.js). Nothing here changes anything.
"use strict";

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

document.addEventListener("DOMContentLoaded", () => window.setTimeout(refreshCells, REFRESH_MS));
