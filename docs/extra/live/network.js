// What a classifier of classes that exclude each other computes, from the layers that skmax.export.to_json writes: all
// activations but "gelu". Plain JavaScript, no library.
"use strict";

const ACTIVATIONS = {
  identity: (z) => z,
  logistic: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
  relu: (z) => Math.max(z, 0),
  leaky_relu: (z) => Math.max(z, 0.01 * z),
  silu: (z) => z / (1 + Math.exp(-z)),
};

// x @ weights + bias
function dense(layer, x) {
  return layer.bias.map((bias, j) => x.reduce((sum, value, i) => sum + value * layer.weights[i][j], bias));
}

function logits(model, x) {
  const unknown = model.layers.slice(0, -1).find((layer) => !(layer.activation in ACTIVATIONS));
  if (unknown) throw new Error(`there is no activation "${unknown.activation}" here`);
  const last = model.layers.length - 1;
  return model.layers.reduce((values, layer, index) => {
    const z = dense(layer, values);
    return index < last ? z.map(ACTIVATIONS[layer.activation]) : z;
  }, x);
}

// exp(z / temperature), divided by their sum. The largest is subtracted first: the sum cannot overflow.
function softmax(z, temperature = 1) {
  const largest = Math.max(...z);
  const powers = z.map((value) => Math.exp((value - largest) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function probabilities(model, x, temperature = 1) {
  const z = logits(model, x);
  return softmax(z.length === 1 ? [0, z[0]] : z, temperature); // one logit is that of the second of two classes
}

function indexOfLargest(values) {
  return values.indexOf(Math.max(...values));
}
