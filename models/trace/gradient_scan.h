/* The gradient through a cell whose gates are held fixed, from the last word to the first. Included once for every
 * width of vectors that a machine may have, each with
 *
 *     WIDTH      floats in a vector
 *     TARGET     the attribute that allows a function the instructions it needs
 *     NAME(x)    `x` with the width in its name
 */

typedef float NAME(floats) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
#define floats NAME(floats)

/* sums = x W, W [size, size]: four vectors of sums stay in registers while all inputs are added to them. */
static inline __attribute__((always_inline)) TARGET void NAME(product)(const float *x, const float *weights,
                                                                       float *sums, Py_ssize_t size) {
    Py_ssize_t unit = 0;
    for (; unit + 4 * WIDTH <= size; unit += 4 * WIDTH) {
        floats a = {0}, b = {0}, c = {0}, d = {0};
        for (Py_ssize_t k = 0; k < size; k++) {
            const floats *row = (const floats *)(weights + k * size + unit);
            a += x[k] * row[0];
            b += x[k] * row[1];
            c += x[k] * row[2];
            d += x[k] * row[3];
        }
        floats *block = (floats *)(sums + unit);
        block[0] = a, block[1] = b, block[2] = c, block[3] = d;
    }
    for (; unit < size; unit++) {
        sums[unit] = 0;
        for (Py_ssize_t k = 0; k < size; k++) sums[unit] += x[k] * weights[k * size + unit];
    }
}

/* state = readout (grad_hidden + later) + kept, grad = state slope, kept = state keep, later = (grad reset) W. */
static TARGET void NAME(scan_gradient)(const struct gradient_scan *of) {
    float *restrict kept = of->spare, *restrict later = kept + of->size, *restrict reset_grad = later + of->size;
    for (Py_ssize_t row = of->rows - 1; row >= 0; row--) {
        const Py_ssize_t at = row * of->size;
        const float *grad_hidden = of->grad_hidden + at, *readout = of->readout + at, *keep = of->keep + at,
                    *slope = of->slope + at, *reset = of->reset + at;
        float *restrict grad = of->grad + at;
        for (Py_ssize_t unit = 0; unit < of->size; unit++) {
            const float state = readout[unit] * (grad_hidden[unit] + later[unit]) + kept[unit];
            grad[unit] = state * slope[unit];
            kept[unit] = state * keep[unit];
            reset_grad[unit] = state * slope[unit] * reset[unit];
        }
        NAME(product)(reset_grad, of->weights, later, of->size);
    }
}

#undef floats
#undef WIDTH
#undef TARGET
#undef NAME
