"""The look and the script of the page that asks."""

STYLE = """
main { max-width: 64rem; margin: 0 auto; text-align: center }
p { margin: .5rem auto }
blockquote { margin: 1rem auto; max-width: 40rem; font-size: 1.05rem }
section { margin: 1.2rem 0 }
.pair { display: flex; justify-content: center; gap: 1.2rem }
.given { display: inline-block; margin-bottom: 1rem } .given img { height: 15rem; width: auto }
button { font: inherit; color: inherit; background: var(--card); border: 2px solid var(--line); border-radius: 8px;
  padding: .4rem .9rem; cursor: pointer }
button:disabled { opacity: .4; cursor: default }
.pair button { padding: 0; overflow: hidden; flex: 0 1 360px }
button:hover, button:focus-visible { border-color: var(--link); outline: none }
kbd { display: block; padding: .3rem; font: 1.1rem system-ui; color: var(--faint) }
"""

SCRIPT = """
"use strict";
const main = document.querySelector("main"), study = main.dataset.study;
const steps = [...document.querySelectorAll("section[data-subject]")].flatMap(
  section => section.dataset.questions.split(" ").map(question => ({section, question})));
const by = id => document.getElementById(id);
const fresh = () => ({voter: Array.from(crypto.getRandomValues(new Uint8Array(6)), b => b.toString(16)).join(""),
  votes: {}});
let kept = null, place = 0;
try { kept = JSON.parse(localStorage.getItem(study)); } catch (error) { kept = null; }
kept = kept && kept.votes ? kept : fresh();
const name = step => step.section.dataset.subject + " " + step.question;
function keep() { try { localStorage.setItem(study, JSON.stringify(kept)); } catch (error) { /* this visit alone */ } }
function show() {
  const step = steps[place], over = place >= steps.length;
  for (const other of steps) other.section.hidden = over || other.section !== step.section;
  by("end").hidden = !over;
  by("none").hidden = over;
  by("back").disabled = place === 0;
  by("question").textContent = over ? "Done" : main.dataset[step.question];
  by("place").textContent = over ? "" : (place + 1) + " of " + steps.length;
}
function choose(choice) {
  if (place >= steps.length) return;
  kept.votes[name(steps[place])] = choice;
  place += 1;
  keep();
  show();
}
function back() { place = Math.max(0, place - 1); show(); }
function sides() { return place < steps.length ? steps[place].section.querySelectorAll("[data-choice]") : []; }
document.addEventListener("click", event => {
  const button = event.target.closest("[data-choice]");
  if (button) { button.blur(); choose(button.dataset.choice); }
});
document.addEventListener("keydown", event => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const [left, right] = sides();
  if (event.key === "ArrowLeft" && left) choose(left.dataset.choice);
  else if (event.key === "ArrowRight" && right) choose(right.dataset.choice);
  else if (event.key === "ArrowDown") choose(null);
  else if (event.key === "Backspace") back();
  else return;
  event.preventDefault();
});
by("none").addEventListener("click", () => choose(null));
by("back").addEventListener("click", back);
by("again").addEventListener("click", () => { kept = fresh(); place = 0; keep(); show(); });
by("download").addEventListener("click", () => {
  const votes = Object.entries(kept.votes).map(([key, choice]) => {
    const [subject, question] = key.split(" ");
    return {subject, question, choice};
  });
  const said = JSON.stringify({study, key: main.dataset.key, voter: kept.voter, votes}, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([said], {type: "application/json"}));
  link.download = "votes-" + study + "-" + kept.voter + ".json";
  link.click();
});
while (place < steps.length && name(steps[place]) in kept.votes) place += 1;
show();
"""
