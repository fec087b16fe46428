"""softmax and cross-entropy: losses, probabilities, residuals, curvature."""
