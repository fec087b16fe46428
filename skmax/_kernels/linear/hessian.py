"""The matrix of all coefficients, class block by class block."""

from skmax._kernels.compiling.jit import jit
from skmax._kernels.loss.tile import fill


@jit
def hessian_of_pairs(totals, scale, block, out):
    """The Hessian from the sums of p_k p_l x x' for each pair l < k: out (K p, K p), symmetric.

    The block of classes k and l is minus their sum, its columns scaled; those on the diagonal are
    minus the sum of the others in their row. Of totals (pairs, p, width) the entries on and above
    the diagonal count; `block` (p, p) is memory for one of them.
    """
    p, n_classes = scale.size, out.shape[0] // scale.size
    for k in range(n_classes):
        for a in range(p):
            fill(out[k * p + a, k * p : (k + 1) * p], 0.0)
    pair = 0
    for k in range(n_classes):
        for other in range(k):
            _symmetric(totals[pair], scale, block)
            pair += 1
            first, second = k * p, other * p
            for a in range(p):
                entries = block[a]
                right, left = out[first + a], out[second + a]
                for b in range(p):
                    right[second + b] = -entries[b]
                    left[first + b] = -entries[b]
                    right[first + b] += entries[b]
                    left[second + b] += entries[b]


@jit
def _symmetric(upper, scale, out):
    """out[a, b] = scale_a scale_b upper[a, b] for a <= b, and the same for b, a."""
    for a in range(scale.size):
        for b in range(a):
            out[a, b] = scale[a] * (scale[b] * upper[b, a])
        for b in range(a, scale.size):
            out[a, b] = scale[b] * (scale[a] * upper[a, b])


@jit
def add_kronecker(factor, moments, out):
    """out (K p, K p) += factor (x) moments: factor (K, K), moments (p, p)."""
    p = moments.shape[0]
    for row in range(out.shape[0]):
        k, a = row // p, row % p
        entries, to = moments[a], out[row]
        for other in range(factor.shape[0]):
            f, start = factor[k, other], other * p
            for b in range(p):
                to[start + b] += f * entries[b]
