/* A recurrent network on a CPU: its weights, and what can be computed with them. */

#include <stddef.h>
#include <stdint.h>

enum { RNN, LSTM, GRU };
enum { MAX = 1, MEAN = 2 };
enum { MOST_LAYERS = 16, LINE = 64 };

struct layer {
    float *input;     /* [blocks, I, gates, width] */
    float *recurrent; /* [blocks, H, gates, width] */
    float *bias;      /* [blocks, 4, width]: what the sums begin with, in the slots of cells.h */
    int inputs;
};

struct row;
typedef void stepper(int cell, const struct layer *, int hidden, int units, const struct row *, int count);

struct network {
    stepper *step;
    int cell, pooling, layers, hidden, units, classes; /* `units`: `hidden`, rounded up to whole blocks */
    ptrdiff_t words;
    const float *vectors;  /* [words, I] */
    float *table;          /* [words, sums_size]: the first layer's sums without its hidden state, or NULL */
    unsigned char *filled; /* [words] whether the table has that word yet */
    float *head, *head_bias, *zeros;
    struct layer layer[MOST_LAYERS];
};

/* One review in one layer. `gates` is what its sums begin with, `coming` what those of the next step do; `x` what the
 * layer reads, NULL where that is in `gates` already. Where only the `sums` that gates are taken of are wanted, they go there and no state changes. */
struct row {
    const float *gates, *coming, *x, *hidden;
    float *next, *cell, *max, *sum, *sums;
};

/* The step in vectors of `width` floats; NULL where this machine has none of that width. */
stepper *step_of(int width);

/* Floats of a row's memory: every layer's hidden states, the LSTM's cell states, what is pooled, the count of steps. */
int memory_size(const struct network *);

/* Floats of a layer's sums for one word. */
int sums_size(const struct network *);

/* A chunk of `batch` rows. */
struct chunk {
    const struct network *net;
    ptrdiff_t batch;
    const int64_t *ids;     /* the words of all rows, one row after another */
    const int32_t *lengths; /* [batch] */
    const int64_t *carry;   /* [batch] the row of `before` that each goes on from, -1 for none */
    const float *before;    /* [S, memory_size] */
    float *after;           /* [batch, memory_size] */
    float *logits, *probabilities;  /* [batch, C] */
    float *over_time[MOST_LAYERS];  /* [T, batch, H] each, or NULL */
};

/* Compute a chunk. False where there is no room to. */
int compute(const struct chunk *);

/* What the gates of one layer are taken of at each of T words, when all hidden states are known. `below [T, H]` is of no
 * meaning for the first layer; `sums [T, blocks, 4, width]`. False where there is no room to. */
int gate_sums(const struct network *, int layer, ptrdiff_t words, const int64_t *ids, const float *below,
              const float *before, float *sums);
