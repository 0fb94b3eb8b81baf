/* Pooling over time: what the head reads of the top layer's hidden states, a reduction for each bit, in this order.
 * cells.h adds each step to what is gathered. */

#include <math.h>
#include <string.h>

enum { GS_LAST = 1, GS_MAX = 2, GS_MEAN = 4, GS_POOLINGS = 8 };

/* What is gathered of one review, [U] each; NULL where no reduction needs it. */
struct gs_gathered {
    float *max, *sum;
};

static inline int gs_reductions(int pooling) { return __builtin_popcount(pooling); }

/* How many vectors [U] are gathered. */
static inline int gs_gathered_vectors(int pooling) { return gs_reductions(pooling & (GS_MAX | GS_MEAN)); }

/* Where they stand, one after another from `place` on. */
static inline struct gs_gathered gs_gathered_at(int pooling, int units, float *place) {
    struct gs_gathered gathered = {0};
    if (pooling & GS_MAX) {
        gathered.max = place;
        place += units;
    }
    if (pooling & GS_MEAN) gathered.sum = place;
    return gathered;
}

/* What is gathered before the first word. */
static inline void gs_gather_nothing(struct gs_gathered gathered, int units) {
    for (int unit = 0; gathered.max && unit < units; unit++) gathered.max[unit] = -INFINITY;
    if (gathered.sum) memset(gathered.sum, 0, units * sizeof(float));
}

static inline float gs_dot(const float *a, const float *b, int units) {
    enum { LANES = 16 };
    float sums[LANES] = {0}, sum = 0;
    for (int i = 0; i < units; i += LANES)
        for (int lane = 0; lane < LANES; lane++) sums[lane] += a[i + lane] * b[i + lane];
    for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
    return sum;
}

/* What the head's `weight` [reductions, U] makes of a review of `steps` words that ends with `hidden` [U]. */
static inline float gs_read(int pooling, int units, const float *hidden, struct gs_gathered gathered, float steps,
                            const float *weight) {
    float read = 0;
    if (pooling & GS_LAST) {
        read += gs_dot(hidden, weight, units);
        weight += units;
    }
    if (pooling & GS_MAX) {
        read += gs_dot(gathered.max, weight, units);
        weight += units;
    }
    if (pooling & GS_MEAN) read += gs_dot(gathered.sum, weight, units) / steps;
    return read;
}
