/* A recurrent network on a CPU: its sizes, its weights, the state of the reviews in it, and what is computed with them.
 *
 * Sizes: H units in a layer, U the same rounded up to whole blocks of vectors, I numbers that a layer reads, V words,
 * C labels. Floats of single precision everywhere. */

#include <stddef.h>
#include <stdint.h>

#include "pooling.h"

enum { GS_RNN, GS_LSTM, GS_GRU, GS_MINGRU, GS_CELLS };
enum { GS_MOST_LAYERS = 16, GS_LINE = 64 };

/* A kind of cell: gates that read the input, gates that read the hidden state before, how many sums a unit has of both
 * (the GRU keeps the two sides of its candidate apart), and how many values of a step a trace wants beside the hidden
 * state. */
struct gs_cell {
    int input_gates, recurrent_gates, sums, values;
};

static const struct gs_cell gs_cells[GS_CELLS] = {
    [GS_RNN] = {.input_gates = 1, .recurrent_gates = 1, .sums = 1, .values = 1},
    [GS_LSTM] = {.input_gates = 4, .recurrent_gates = 4, .sums = 4, .values = 6},
    [GS_GRU] = {.input_gates = 3, .recurrent_gates = 3, .sums = 4, .values = 5},
    [GS_MINGRU] = {.input_gates = 2, .recurrent_gates = 0, .sums = 2, .values = 2},
};

struct gs_layer {
    int inputs;       /* I */
    float *input;     /* [U / block, I, input_gates, block] */
    float *recurrent; /* [U / block, H, recurrent_gates, block] */
    float *bias;      /* [U / block, sums, block]: what the sums begin with, in the slots of cells.h */
};

struct gs_row;
typedef void gs_stepper(int cell, const struct gs_layer *, int hidden, int units, const struct gs_row *, int count);

struct gs_network {
    /* sizes */
    int cell, pooling, layers;
    int hidden, units, classes; /* H, U, C */
    ptrdiff_t words;            /* V */
    gs_stepper *step;           /* in vectors of the width that the weights are packed for */
    /* weights */
    const float *vectors; /* [V, I] */
    struct gs_layer layer[GS_MOST_LAYERS];
    float *head;      /* [C, reductions, U] */
    float *head_bias; /* [C] */
    /* what is worked out once */
    float *table;          /* [V, sums_size]: the first layer's sums without its hidden state, or NULL */
    unsigned char *filled; /* [V]: whether the table has that word yet */
    float *zeros;          /* [U] */
};

/* One review in one layer, for one step. Where only the `sums` are wanted, they go there and no state changes. */
struct gs_row {
    const float *start;  /* [sums_size]: what its sums begin with, a bias or a row of the table */
    const float *ahead;  /* [sums_size]: the same of the next step, to be fetched by now */
    const float *x;      /* [I]: what the layer reads, or NULL where that is in `start` already */
    const float *hidden; /* [U]: the hidden state before */
    float *next;         /* [U]: the hidden state after */
    float *cell;         /* [U]: the LSTM's cell state, else NULL */
    float *sums;         /* [sums_size], or NULL */
    float *values;       /* where its first value goes, [U], or NULL; the next is `value_stride` floats on */
    ptrdiff_t value_stride;
    struct gs_gathered gathered; /* of the top layer; else NULLs */
};

/* A chunk of B rows, each as long as it is; T is the longest. `state_size` floats are one row's state. */
struct gs_chunk {
    const struct gs_network *net;
    ptrdiff_t batch;
    const int64_t *ids;               /* the words of all rows, one row after another */
    const int32_t *lengths;           /* [B] */
    const int64_t *carry;             /* [B]: the row of `before` that each goes on from, -1 for none */
    const float *before;              /* [S, state_size] */
    float *after;                     /* [B, state_size] */
    float *logits, *probabilities;    /* [B, C] */
    float *over_time[GS_MOST_LAYERS]; /* hidden states [T, B, H] of each layer, or NULL */
    float *values[GS_MOST_LAYERS];    /* [values, T, B, U] of each layer, or NULL */
    ptrdiff_t value_stride;           /* T B U */
};

/* The step in vectors of `width` floats; NULL where this machine has none of that width. */
gs_stepper *gs_step_of(int width);

/* Floats of a row's state: every layer's hidden states, the LSTM's cell states, what is pooled, the count of steps. */
int gs_state_size(const struct gs_network *);

/* Floats of a layer's sums for one word. */
int gs_sums_size(const struct gs_network *);

/* Compute a chunk. False where memory is short. */
int gs_compute(const struct gs_chunk *);
