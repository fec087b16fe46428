// The page of the spiral: the regions of the network of an epoch, redrawn when another epoch is picked.
"use strict";

const COLOUR = [[0, 114, 178], [230, 159, 0], [0, 158, 115]]; // told apart with any colour vision
const SHAPES = ["circle", "square", "triangle"], NAMES = ["first", "second", "third"]; // and without
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

// A point of an arm: each has a shape of its own.
function mark(context, arm, x, y, size) {
  context.beginPath();
  if (SHAPES[arm] === "circle") {
    context.arc(x, y, size, 0, 2 * Math.PI);
  } else if (SHAPES[arm] === "square") {
    context.rect(x - size, y - size, 2 * size, 2 * size);
  } else {
    context.moveTo(x, y - 1.3 * size);
    context.lineTo(x + 1.2 * size, y + size);
    context.lineTo(x - 1.2 * size, y + size);
    context.closePath();
  }
  context.fillStyle = `rgb(${COLOUR[arm].join(",")})`;
  context.fill();
  context.stroke();
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
  const right = [0, 0, 0];
  SPIRAL.points.forEach((x, index) => {
    const arm = SPIRAL.labels[index];
    right[arm] += indexOfLargest(probabilities(model, x)) === arm;
    mark(context, arm, toPixels(x[0], canvas.width), canvas.height - toPixels(x[1], canvas.height), 3.5);
  });
  const all = right.reduce((a, b) => a + b);
  const text = `After ${epoch} epoch${epoch === "1" ? "" : "s"} the network is right for ${all} of ${SPIRAL.points.length} points`;
  const arms = right.map((count, arm) => `${count} of the ${NAMES[arm]} arm`).join(", ");
  document.getElementById("result").textContent = `${text}: ${arms}.`;
  canvas.setAttribute("aria-label", `Regions of three classes after ${epoch} epochs, with the points of the arms.`);
}

NAMES.forEach((name, arm) => {
  const item = document.createElement("li");
  const sign = document.createElement("canvas");
  [sign.width, sign.height] = [16, 16];
  mark(sign.getContext("2d"), arm, 8, 8, 5);
  sign.setAttribute("aria-hidden", "true");
  item.append(sign, ` the ${name} arm: a ${SHAPES[arm]}`);
  document.getElementById("legend").append(item);
});

Object.keys(SPIRAL.models).forEach((epoch, index) => {
  const label = document.createElement("label");
  const button = document.createElement("input");
  Object.assign(button, { type: "radio", name: "epoch", value: epoch, checked: index === 0, id: `epoch-${epoch}` });
  button.addEventListener("change", () => draw(epoch));
  label.append(button, ` ${epoch}`);
  document.getElementById("epochs").append(label);
});
draw(Object.keys(SPIRAL.models)[0]);
