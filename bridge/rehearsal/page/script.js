// What is pointed at or tapped is told in the line under its lanes.
for (const lanes of document.querySelectorAll(".lanes")) {
  const told = lanes.nextElementSibling;
  const tell = (event) => {
    const bar = event.target.closest(".bar");
    if (!bar) return;
    told.textContent = bar.title;
    for (const other of lanes.querySelectorAll(".chosen")) other.classList.remove("chosen");
    bar.classList.add("chosen");
  };
  for (const kind of ["pointerover", "focusin", "click"]) lanes.addEventListener(kind, tell);
}
// A link to a call that is folded up opens it.
const open = () => {
  const call = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (call) call.open = true;
};
addEventListener("hashchange", open);
open();
