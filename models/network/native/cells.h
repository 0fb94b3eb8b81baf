/* One step of a layer, over vectors of WIDTH floats: vectors and their functions, products, the state of each kind of
 * cell, then blocks of units and rows. Included once for every width that a machine may have, each with
 *
 *     WIDTH      floats in a vector
 *     ROWS       reviews whose gates are held in registers at the same time
 *     TARGET     the attribute that allows a function the instructions it needs
 *     NAME(x)    `x` with the width in its name
 *
 * Four vectors of sums a review are computed together, those of a block of units: of WIDTH units, or of more where a
 * unit has fewer (RNN 4 * WIDTH, minGRU 2 * WIDTH). They never leave the registers: the units' state follows at once.
 */

#define INLINE static inline __attribute__((always_inline)) TARGET

typedef float NAME(floats) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
typedef int32_t NAME(bits) __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));
#define floats NAME(floats)
#define bits NAME(bits)

INLINE floats NAME(all)(float value) { return (floats){0} + value; }

INLINE floats NAME(at)(const float *place) { return *(const floats *)place; }

INLINE void NAME(put)(float *place, floats value) { *(floats *)place = value; }

INLINE floats NAME(larger)(floats a, floats b) {
    bits first = a > b;
    return (floats)((first & (bits)a) | (~first & (bits)b));
}

/* e to the power of x, relative error below 2e-7; x beyond 40 either way counts as 40, where a gate has long closed.
 * x = n log 2 + r: the integer n goes to the exponent, a polynomial (Cephes, Moshier) stands for e to the power of r.
 */
INLINE floats NAME(exp)(floats x) {
    const float to_integer = 12582912.f; /* 1.5 * 2^23: the last bits of x + to_integer are x as an integer */
    x = NAME(larger)(x, NAME(all)(-40.f));
    x = -NAME(larger)(-x, NAME(all)(-40.f));
    floats shifted = x * 1.44269504f + to_integer;
    floats n = shifted - to_integer;
    floats r = x - n * 0.693359375f + n * 2.12194440e-4f;
    floats p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.f;
    return (floats)((bits)p + ((bits)shifted << 23));
}

INLINE floats NAME(tanh)(floats x) {
    floats e = NAME(exp)(-2.f * x);
    return (1.f - e) / (1.f + e);
}

/* acc += x W for `rows` reviews, over `depth` values of x; W is packed as it is read, `gates` vectors a value, the last
 * of which belongs in slot `last`. */
INLINE void NAME(multiply)(int rows, int gates, int last, floats acc[ROWS][4], const float *const x[ROWS],
                           const float *weights, int depth) {
    for (int k = 0; k < depth; k++, weights += gates * WIDTH) {
        floats w[4];
#pragma GCC unroll 4
        for (int gate = 0; gate < gates; gate++) w[gate] = NAME(at)(weights + gate * WIDTH);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            floats value = NAME(all)(x[r][k]);
#pragma GCC unroll 4
            for (int gate = 0; gate < gates; gate++) acc[r][gate == gates - 1 ? last : gate] += value * w[gate];
        }
    }
}

/* Write down value number `number` of WIDTH units, for a trace. */
INLINE void NAME(store_value)(const struct gs_row *row, int number, int unit, floats value) {
    NAME(put)(row->values + number * row->value_stride + unit, value);
}

/* Write the hidden state of WIDTH units down, and what the pooling keeps of it. */
INLINE void NAME(store_hidden)(const struct gs_row *row, int unit, floats hidden) {
    NAME(put)(row->next + unit, hidden);
    float *max = row->gathered.max, *sum = row->gathered.sum;
    if (max) NAME(put)(max + unit, NAME(larger)(NAME(at)(max + unit), hidden));
    if (sum) NAME(put)(sum + unit, NAME(at)(sum + unit) + hidden);
}

/* c = f c' + i g, h = o tanh(c): with e_x = exp(-x) and tanh(x) = (1 - e_2x) / (1 + e_2x), i g and h are one division
 * each. */
INLINE void NAME(lstm_units)(const struct gs_row *row, int unit, const floats gate[4]) {
    floats input = NAME(exp)(-gate[0]), forget = NAME(exp)(-gate[1]), output = NAME(exp)(-gate[3]);
    floats candidate = NAME(exp)(-2.f * gate[2]);
    floats kept = NAME(at)(row->cell + unit) / (1.f + forget);
    floats cell = kept + (1.f - candidate) / ((1.f + input) * (1.f + candidate));
    NAME(put)(row->cell + unit, cell);
    floats shown = NAME(exp)(-2.f * cell);
    NAME(store_hidden)(row, unit, (1.f - shown) / ((1.f + output) * (1.f + shown)));
    if (!row->values) return;
    NAME(store_value)(row, 0, unit, 1.f / (1.f + input));
    NAME(store_value)(row, 1, unit, 1.f / (1.f + forget));
    NAME(store_value)(row, 2, unit, (1.f - candidate) / (1.f + candidate));
    NAME(store_value)(row, 3, unit, 1.f / (1.f + output));
    NAME(store_value)(row, 4, unit, cell);
    NAME(store_value)(row, 5, unit, gate[2]);
}

/* h = (1 - z) n + z h', n = tanh(gate of x + r * gate of h'): slots r, z, n of x, n of h'. */
INLINE void NAME(gru_units)(const struct gs_row *row, int unit, const floats gate[4]) {
    floats reset = 1.f / (1.f + NAME(exp)(-gate[0])), update = 1.f / (1.f + NAME(exp)(-gate[1]));
    floats pre_candidate = gate[2] + reset * gate[3], candidate = NAME(tanh)(pre_candidate);
    NAME(store_hidden)(row, unit, candidate + update * (NAME(at)(row->hidden + unit) - candidate));
    if (!row->values) return;
    NAME(store_value)(row, 0, unit, reset);
    NAME(store_value)(row, 1, unit, update);
    NAME(store_value)(row, 2, unit, candidate);
    NAME(store_value)(row, 3, unit, pre_candidate);
    NAME(store_value)(row, 4, unit, gate[3]);
}

INLINE void NAME(rnn_units)(const struct gs_row *row, int unit, const floats gate[4]) {
#pragma GCC unroll 4
    for (int slot = 0; slot < 4; slot++, unit += WIDTH) {
        NAME(store_hidden)(row, unit, NAME(tanh)(gate[slot]));
        if (row->values) NAME(store_value)(row, 0, unit, gate[slot]);
    }
}

/* h = (1 - z) n + z h': nothing is read of the hidden state but to keep it; slots z, z, n, n of twice the units. */
INLINE void NAME(mingru_units)(const struct gs_row *row, int unit, const floats gate[4]) {
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++, unit += WIDTH) {
        floats update = 1.f / (1.f + NAME(exp)(-gate[half])), candidate = gate[2 + half];
        NAME(store_hidden)(row, unit, candidate + update * (NAME(at)(row->hidden + unit) - candidate));
        if (!row->values) continue;
        NAME(store_value)(row, 0, unit, update);
        NAME(store_value)(row, 1, unit, candidate);
    }
}

/* One step of `rows` reviews for one block of units. `cell` and `rows` are constants wherever this is inlined. */
INLINE void NAME(tile)(int cell, int rows, const struct gs_layer *layer, int hidden, const struct gs_row *row,
                       int block) {
    const int gates = cell == GS_GRU ? 3 : 4; /* vectors of one side; the GRU's candidate keeps its two sides apart */
    const float *x[ROWS], *h[ROWS];
    floats acc[ROWS][4];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
        x[r] = row[r].x;
        h[r] = row[r].hidden;
#pragma GCC unroll 4
        for (int slot = 0; slot < 4; slot++) {
            acc[r][slot] = NAME(at)(row[r].start + (block * 4 + slot) * WIDTH);
            __builtin_prefetch(row[r].ahead + (block * 4 + slot) * WIDTH); /* the table is larger than the caches */
        }
    }
    if (row->x) {
        const float *weights = layer->input + (size_t)block * layer->inputs * gates * WIDTH;
        NAME(multiply)(rows, gates, gates - 1, acc, x, weights, layer->inputs);
    }
    if (cell != GS_MINGRU) {
        const float *weights = layer->recurrent + (size_t)block * hidden * gates * WIDTH;
        NAME(multiply)(rows, gates, 3, acc, h, weights, hidden);
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
        if (row[r].sums) {
#pragma GCC unroll 4
            for (int slot = 0; slot < 4; slot++) NAME(put)(row[r].sums + (block * 4 + slot) * WIDTH, acc[r][slot]);
            continue;
        }
        if (cell == GS_LSTM) NAME(lstm_units)(row + r, block * WIDTH, acc[r]);
        if (cell == GS_GRU) NAME(gru_units)(row + r, block * WIDTH, acc[r]);
        if (cell == GS_RNN) NAME(rnn_units)(row + r, block * 4 * WIDTH, acc[r]);
        if (cell == GS_MINGRU) NAME(mingru_units)(row + r, block * 2 * WIDTH, acc[r]);
    }
}

/* One step of `count` reviews: a block's weights, which fit the first cache, serve all reviews before the next. */
INLINE void NAME(blocks)(int cell, const struct gs_layer *layer, int hidden, int units, const struct gs_row *row,
                         int count) {
    const int blocks = units * gs_cells[cell].sums / (4 * WIDTH);
    for (int block = 0; block < blocks; block++) {
        int first = 0;
        for (; first + ROWS <= count; first += ROWS) NAME(tile)(cell, ROWS, layer, hidden, row + first, block);
        switch (count - first) {
        case 1: NAME(tile)(cell, 1, layer, hidden, row + first, block); break;
#if ROWS > 2
        case 2: NAME(tile)(cell, 2, layer, hidden, row + first, block); break;
        case 3: NAME(tile)(cell, 3, layer, hidden, row + first, block); break;
#endif
        }
    }
}

static TARGET void NAME(step)(int cell, const struct gs_layer *layer, int hidden, int units, const struct gs_row *row,
                              int count) {
    if (cell == GS_LSTM) NAME(blocks)(GS_LSTM, layer, hidden, units, row, count);
    if (cell == GS_GRU) NAME(blocks)(GS_GRU, layer, hidden, units, row, count);
    if (cell == GS_RNN) NAME(blocks)(GS_RNN, layer, hidden, units, row, count);
    if (cell == GS_MINGRU) NAME(blocks)(GS_MINGRU, layer, hidden, units, row, count);
}

#undef INLINE
#undef floats
#undef bits
#undef WIDTH
#undef ROWS
#undef TARGET
#undef NAME
