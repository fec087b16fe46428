// The page of the colour classifier: three sliders, a colour input and a temperature, and what the network says.
"use strict";

const CHANNELS = ["red", "green", "blue"];
const byId = (id) => document.getElementById(id);

// A row for each class; its cells are filled by show().
const rows = COLOURS.classes.map((name) => {
  const row = byId("classes").insertRow();
  const header = document.createElement("th");
  header.scope = "row";
  header.textContent = name;
  row.append(header);
  const [logit, cell] = [row.insertCell(), row.insertCell()];
  const [probability, bar] = [document.createElement("span"), document.createElement("div")];
  [cell.className, probability.className, bar.className] = ["track", "number", "bar"];
  cell.append(probability, bar);
  return { row, logit, probability, bar };
});

function rgb() {
  return CHANNELS.map((channel) => Number(byId(channel).value));
}

function hex(values) {
  return "#" + values.map((value) => value.toString(16).padStart(2, "0")).join("");
}

function show() {
  const values = rgb();
  const temperature = 10 ** Number(byId("temperature").value);
  const x = values.map((value) => value / 255);
  const z = logits(COLOURS, x);
  const p = probabilities(COLOURS, x, temperature);
  const best = indexOfLargest(p);
  rows.forEach(({ row, logit, probability, bar }, index) => {
    logit.textContent = z[index].toFixed(2);
    probability.textContent = p[index].toFixed(3);
    probability.dataset.value = p[index];
    bar.style.width = `${100 * p[index]}%`;
    row.classList.toggle("best", index === best);
  });
  CHANNELS.forEach((channel, index) => (byId(`${channel}-value`).textContent = values[index]));
  byId("temperature-value").textContent = temperature.toFixed(2);
  byId("temperature").setAttribute("aria-valuetext", temperature.toFixed(2));
  byId("picker").value = hex(values);
  byId("swatch").style.backgroundColor = hex(values);
  byId("swatch").setAttribute("aria-label", `the colour with red ${values[0]}, green ${values[1]}, blue ${values[2]}`);
  byId("answer").textContent = `The network calls this ${COLOURS.classes[best]}, with probability ${p[best].toFixed(2)}.`;
}

// What a screen reader says when a slider has come to rest, not at each step on the way.
function say() {
  byId("spoken").textContent = byId("answer").textContent;
}

[...CHANNELS, "temperature"].forEach((id) => {
  byId(id).addEventListener("input", show);
  byId(id).addEventListener("change", say);
});
byId("picker").addEventListener("input", () => {
  const picked = parseInt(byId("picker").value.slice(1), 16);
  [picked >> 16, (picked >> 8) & 255, picked & 255].forEach((value, index) => (byId(CHANNELS[index]).value = value));
  show();
});
byId("picker").addEventListener("change", say);
show();
