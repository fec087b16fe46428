"""Networks of dense layers: forward, backward, and the steps of a stochastic method."""
