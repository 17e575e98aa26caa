"use strict";
for (const drawing of document.querySelectorAll(".drawing")) {
  const svg = drawing.querySelector("svg");
  const box = svg.getAttribute("viewBox").split(" ").map(Number);
  let shown = box.slice();
  const show = (next) => { shown = next; svg.setAttribute("viewBox", next.join(" ")); };
  const bar = document.createElement("div");
  bar.className = "toggles";
  const series = [...svg.querySelectorAll(".series")];
  if (series.length > 1) {
    for (const group of series) {
      const label = document.createElement("label");
      const check = document.createElement("input");
      check.type = "checkbox";
      check.checked = true;
      check.addEventListener("change", () => group.classList.toggle("hidden", !check.checked));
      label.append(check, " ", group.dataset.label);
      bar.append(label);
    }
  }
  const button = (text, action) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", action);
    bar.append(made);
  };
  const zoom = (by, x, y) => show([x - (x - shown[0]) * by, y - (y - shown[1]) * by, shown[2] * by, shown[3] * by]);
  button("larger", () => zoom(0.7, shown[0] + shown[2] / 2, shown[1] + shown[3] / 2));
  button("whole", () => show(box.slice()));
  let from = null;
  svg.addEventListener("pointerdown", (event) => { from = [event.clientX, event.clientY]; });
  window.addEventListener("pointerup", () => { from = null; });
  svg.addEventListener("pointermove", (event) => {
    if (!from || shown[2] >= box[2]) { return; }
    const scale = shown[2] / svg.clientWidth;
    show([shown[0] - (event.clientX - from[0]) * scale, shown[1] - (event.clientY - from[1]) * scale, shown[2], shown[3]]);
    from = [event.clientX, event.clientY];
  });
  drawing.after(bar);
}
