// What a pod's form would come to, while it is typed: the server is asked, and nothing is changed there.
"use strict";

const PAUSE_MS = 300; // nobody types slower within a word

function debounced(work) {
    let timer = 0;
    return (...all) => {
        window.clearTimeout(timer);
        timer = window.setTimeout(() => work(...all), PAUSE_MS);
    };
}

// Only the last question counts: the answer to an earlier one may come after it.
let asked = 0;

async function preview(form) {
    const mine = ++asked;
    document.getElementById("preview").classList.add("mc-stale-preview");
    try {
        const answer = await fetch(form.dataset.preview, { method: "POST", body: new FormData(form) });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (mine !== asked) return;
        const fresh = page.getElementById("preview");
        if (!fresh) return say("You are no longer logged in: what you see of the form is kept, but it cannot be checked.", true);
        document.getElementById("preview").replaceWith(fresh);
        showProblems(form, fresh);
        say(fresh.dataset.say);
    } catch {
        if (mine === asked) say("The site does not answer. What you see beside the form is old.", true);
    }
}

// What was not typed yet is named beside the form only: nobody likes to be blamed before having begun.
function showProblems(form, fresh) {
    for (const place of form.querySelectorAll("[data-problem-of]")) {
        const name = place.dataset.problemOf;
        const found = fresh.querySelector(`[data-of="${CSS.escape(name)}"]`);
        place.textContent = found ? found.textContent : "";
        for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
            if (found) input.setAttribute("aria-invalid", "true");
            else input.removeAttribute("aria-invalid");
        }
    }
}

async function suggest(input) {
    const list = input.list;
    const typed = input.value;
    const answer = await fetch(`${list.dataset.suggestions}?q=${encodeURIComponent(typed)}`).catch(() => null);
    if (!answer?.ok || input.value !== typed) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.replaceChildren(...page.querySelectorAll("option"));
}

document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("form[data-preview]");
    const again = debounced(preview);
    form.addEventListener("input", () => again(form));
    const tenant = form.querySelector("input[list]");
    if (tenant) tenant.addEventListener("input", debounced(() => suggest(tenant)));
});
