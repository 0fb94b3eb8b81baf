/* Recurrent networks on a CPU: one chunk of many reviews a call, each as long as it is, without padding.
 *
 * What a step of a layer computes is in cells.h; here is what stands around it, from the state of a row to its answer:
 * rows begin or go on, all take step after step until they end, what was pooled goes through the head. */

#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 4
#define ROWS 4
#define TARGET
#define NAME(x) gs_##x##_4
#include "cells.h"

#if defined(__x86_64__)
#define WIDTH 8
#define ROWS 2
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(x) gs_##x##_8
#include "cells.h"

#define WIDTH 16
#define ROWS 4
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#define NAME(x) gs_##x##_16
#include "cells.h"
#endif

gs_stepper *gs_step_of(int width) {
    if (width == 4) return gs_step_4;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (width == 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return gs_step_8;
    if (width == 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return gs_step_16;
#endif
    return NULL;
}

int gs_sums_size(const struct gs_network *net) { return gs_cells[net->cell].sums * net->units; }

/* The state of a row: hidden states [layers, U], cell states [layers, U], what is gathered, count of steps. */

static int cell_vectors(const struct gs_network *net) { return net->cell == GS_LSTM ? 2 * net->layers : net->layers; }

int gs_state_size(const struct gs_network *net) {
    return (cell_vectors(net) + gs_gathered_vectors(net->pooling)) * net->units + GS_LINE / 4;
}

static float *hidden_part(const struct gs_network *net, float *state, int layer) { return state + layer * net->units; }

static float *cell_part(const struct gs_network *net, float *state, int layer) {
    return net->cell == GS_LSTM ? state + (net->layers + layer) * net->units : NULL;
}

static float *count_part(const struct gs_network *net, float *state) {
    return state + gs_state_size(net) - GS_LINE / 4;
}

static struct gs_gathered gathered_part(const struct gs_network *net, float *state) {
    return gs_gathered_at(net->pooling, net->units, state + cell_vectors(net) * net->units);
}

static void init_state(const struct gs_network *net, float *state) {
    memset(state, 0, gs_state_size(net) * sizeof(float));
    gs_gather_nothing(gathered_part(net, state), net->units);
}

/* A chunk on its way: rows that have words left stand first, in every layer in the same order. */
struct active {
    struct gs_row *rows; /* [layers, B] */
    ptrdiff_t *index;    /* [B]: which row of the chunk stands there */
    ptrdiff_t *start;    /* [B]: where its words begin */
    float *spare;        /* [layers, B, U]: hidden states go back and forth between a row's state and this */
};

/* Give row `b` its state, from where it goes on, and its place in every layer. */
static void init_row(const struct gs_chunk *chunk, struct active *active, ptrdiff_t b) {
    const struct gs_network *net = chunk->net;
    const int size = gs_state_size(net);
    float *state = chunk->after + b * size;
    if (chunk->carry[b] < 0)
        init_state(net, state);
    else
        memcpy(state, chunk->before + chunk->carry[b] * size, size * sizeof(float));
    *count_part(net, state) += (float)chunk->lengths[b];
    active->index[b] = b;
    active->start[b] = b ? active->start[b - 1] + chunk->lengths[b - 1] : 0;
    for (int layer = 0; layer < net->layers; layer++) {
        const int top = layer == net->layers - 1;
        active->rows[layer * chunk->batch + b] = (struct gs_row){
            .hidden = hidden_part(net, state, layer),
            .next = active->spare + (layer * chunk->batch + b) * net->units,
            .cell = cell_part(net, state, layer),
            .gathered = top ? gathered_part(net, state) : (struct gs_gathered){0},
            .value_stride = chunk->value_stride,
        };
    }
}

/* Have the row at `to` stand where the one at `from` stands, in every layer. */
static void move_row(const struct gs_chunk *chunk, struct active *active, ptrdiff_t from, ptrdiff_t to) {
    active->index[to] = active->index[from];
    active->start[to] = active->start[from];
    for (int layer = 0; layer < chunk->net->layers; layer++) {
        struct gs_row *rows = active->rows + layer * chunk->batch;
        const struct gs_row ended = rows[to];
        rows[to] = rows[from];
        rows[from] = ended;
    }
}

/* Take the rows out that have ended before `step`; returns how many go on. */
static ptrdiff_t compact(const struct gs_chunk *chunk, struct active *active, ptrdiff_t count, int32_t step) {
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (chunk->lengths[active->index[i]] <= step) continue;
        if (kept < i) move_row(chunk, active, i, kept);
        kept++;
    }
    return kept;
}

/* A word's row of the table, worked out when it is first read. Threads that meet there write the same. */
static const float *table_row(const struct gs_network *net, int64_t id) {
    float *sums = net->table + id * gs_sums_size(net);
    if (__atomic_load_n(net->filled + id, __ATOMIC_ACQUIRE)) return sums;
    const struct gs_layer *first = net->layer;
    const struct gs_row row = {
        .start = first->bias,
        .ahead = first->bias,
        .x = net->vectors + id * first->inputs,
        .hidden = net->zeros,
        .sums = sums,
    };
    net->step(net->cell, first, net->hidden, net->units, &row, 1);
    __atomic_store_n(net->filled + id, 1, __ATOMIC_RELEASE);
    return sums;
}

/* Let a row read `below`, the hidden states of the layer below, or else the word. */
static void read_input(const struct gs_network *net, struct gs_row *row, const struct gs_layer *layer,
                       const float *below, int64_t id) {
    row->start = layer->bias;
    row->x = below;
    if (!below && net->table)
        row->start = table_row(net, id);
    else if (!below)
        row->x = net->vectors + id * layer->inputs;
    row->ahead = row->start;
}

/* What was the state after the step is the state before the next one. */
static void swap_hidden(struct gs_row *row) {
    float *next = row->next;
    row->next = (float *)row->hidden;
    row->hidden = next;
}

/* One step of the `count` rows that go on: every layer reads what the one below has just said. */
static void step_all(const struct gs_chunk *chunk, struct active *active, ptrdiff_t count, int32_t step) {
    const struct gs_network *net = chunk->net;
    for (int number = 0; number < net->layers; number++) {
        const struct gs_layer *layer = net->layer + number;
        struct gs_row *rows = active->rows + number * chunk->batch;
        float *over_time = chunk->over_time[number], *values = chunk->values[number];
        for (ptrdiff_t i = 0; i < count; i++) {
            const int64_t *id = chunk->ids + active->start[i] + step;
            const int goes_on = step + 1 < chunk->lengths[active->index[i]];
            read_input(net, rows + i, layer, number ? rows[i - chunk->batch].hidden : NULL, *id);
            if (values) rows[i].values = values + (step * chunk->batch + active->index[i]) * net->units;
            if (!rows[i].x && goes_on) rows[i].ahead = net->table + id[1] * gs_sums_size(net);
        }
        net->step(net->cell, layer, net->hidden, net->units, rows, (int)count);
        for (ptrdiff_t i = 0; i < count; i++) {
            swap_hidden(rows + i);
            if (over_time)
                memcpy(over_time + (step * chunk->batch + active->index[i]) * net->hidden, rows[i].hidden,
                       net->hidden * sizeof(float));
        }
    }
}

/* Bring hidden states that stand in `spare` at the end back into the state of their row. */
static void copy_back_hidden(const struct gs_chunk *chunk, const struct active *active) {
    const struct gs_network *net = chunk->net;
    const float *end = active->spare + net->layers * chunk->batch * net->units;
    for (ptrdiff_t i = 0; i < net->layers * chunk->batch; i++) {
        const struct gs_row *row = active->rows + i;
        if (row->hidden >= active->spare && row->hidden < end)
            memcpy(row->next, row->hidden, net->units * sizeof(float));
    }
}

/* The logits and the probabilities [C] of a row. */
static void answer(const struct gs_network *net, float *state, float *logits, float *probabilities) {
    const int head_size = gs_reductions(net->pooling) * net->units;
    const float *hidden = hidden_part(net, state, net->layers - 1);
    const float steps = *count_part(net, state);
    const struct gs_gathered gathered = gathered_part(net, state);
    float top = -INFINITY, total = 0;
    for (int label = 0; label < net->classes; label++) {
        const float *weight = net->head + (ptrdiff_t)label * head_size;
        logits[label] = net->head_bias[label] + gs_read(net->pooling, net->units, hidden, gathered, steps, weight);
        top = logits[label] > top ? logits[label] : top;
    }
    for (int label = 0; label < net->classes; label++) {
        probabilities[label] = expf(logits[label] - top);
        total += probabilities[label];
    }
    for (int label = 0; label < net->classes; label++) probabilities[label] /= total;
}

static void run(const struct gs_chunk *chunk, struct active *active) {
    const struct gs_network *net = chunk->net;
    for (ptrdiff_t b = 0; b < chunk->batch; b++) init_row(chunk, active, b);
    ptrdiff_t count = chunk->batch;
    for (int32_t step = 0; (count = compact(chunk, active, count, step)); step++) step_all(chunk, active, count, step);
    copy_back_hidden(chunk, active);
    for (ptrdiff_t b = 0; b < chunk->batch; b++)
        answer(net, chunk->after + b * gs_state_size(net), chunk->logits + b * net->classes,
               chunk->probabilities + b * net->classes);
}

int gs_compute(const struct gs_chunk *chunk) {
    const ptrdiff_t rows = chunk->net->layers * chunk->batch;
    struct active active = {
        .rows = malloc(rows * sizeof(struct gs_row)),
        .index = malloc(chunk->batch * sizeof(ptrdiff_t)),
        .start = malloc(chunk->batch * sizeof(ptrdiff_t)),
        .spare = NULL,
    };
    const int allocated = !posix_memalign((void **)&active.spare, GS_LINE, rows * chunk->net->units * sizeof(float)) &&
                          active.rows && active.index && active.start;
    if (allocated) run(chunk, &active);
    free(active.rows);
    free(active.index);
    free(active.start);
    free(active.spare);
    return allocated;
}
