// The page of the spiral: the regions of the network of an epoch, redrawn when another epoch is picked.
"use strict";

const COLOUR = [[0, 114, 178], [230, 159, 0], [0, 158, 115]]; // told apart with any colour vision
const PAPER = 255, CELL = 6, EDGE = 1.15; // pixels of a cell; the axes end here
const canvas = document.getElementById("regions");
const context = canvas.getContext("2d");
const toPixels = (value, size) => ((value + EDGE) / (2 * EDGE)) * size;
const toNumber = (pixel, size) => (pixel / size) * 2 * EDGE - EDGE;

// From paper, where all classes are as likely, to the full colour, where one is certain.
function shade(p) {
  const best = indexOfLargest(p);
  const sure = (p[best] - 1 / p.length) / (1 - 1 / p.length);
  const mix = COLOUR[best].map((part) => Math.round(PAPER + 0.6 * sure * (part - PAPER)));
  return `rgb(${mix.join(",")})`;
}

function draw(epoch) {
  const model = SPIRAL.models[epoch];
  for (let i = 0; i < canvas.width; i += CELL) {
    for (let j = 0; j < canvas.height; j += CELL) {
      const x = [toNumber(i + CELL / 2, canvas.width), -toNumber(j + CELL / 2, canvas.height)];
      context.fillStyle = shade(probabilities(model, x));
      context.fillRect(i, j, CELL, CELL);
    }
  }
  let right = 0;
  SPIRAL.points.forEach((x, index) => {
    right += indexOfLargest(probabilities(model, x)) === SPIRAL.labels[index];
    context.beginPath();
    context.arc(toPixels(x[0], canvas.width), canvas.height - toPixels(x[1], canvas.height), 3, 0, 2 * Math.PI);
    context.fillStyle = `rgb(${COLOUR[SPIRAL.labels[index]].join(",")})`;
    context.fill();
    context.stroke();
  });
  const text = `After ${epoch} epoch${epoch === "1" ? "" : "s"} the network is right for ${right} of ${SPIRAL.points.length} points.`;
  document.getElementById("result").textContent = text;
  canvas.setAttribute("aria-label", "Decision regions of the network.");
}

Object.keys(SPIRAL.models).forEach((epoch, index) => {
  const label = document.createElement("label");
  const button = document.createElement("input");
  Object.assign(button, { type: "radio", name: "epoch", value: epoch, checked: index === 0, id: `epoch-${epoch}` });
  button.addEventListener("change", () => draw(epoch));
  label.append(button, ` ${epoch}`);
  document.getElementById("epochs").append(label);
});
draw(Object.keys(SPIRAL.models)[0]);
