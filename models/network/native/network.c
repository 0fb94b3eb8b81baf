/* Recurrent networks on a CPU: one chunk of many reviews a call, each as long as it is, without padding.
 *
 * What a step computes is in cells.h; here is what stands around it: the rows of a chunk, and the head. */

#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 4
#define ROWS 4
#define TARGET
#define NAME(x) x##_4
#include "cells.h"

#if defined(__x86_64__)
#define WIDTH 8
#define ROWS 2
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(x) x##_8
#include "cells.h"

#define WIDTH 16
#define ROWS 4
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#define NAME(x) x##_16
#include "cells.h"
#endif

stepper *step_of(int width) {
    if (width == 4) return step_4;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (width == 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return step_8;
    if (width == 16 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return step_16;
#endif
    return NULL;
}

int memory_size(const struct network *net) {
    int vectors = net->layers * (net->cell == LSTM ? 2 : 1) + !!(net->pooling & MAX) + !!(net->pooling & MEAN);
    return vectors * net->units + LINE / 4;
}

/* The parts of a row's memory. */
static float *hidden_part(const struct network *net, float *memory, int layer) { return memory + layer * net->units; }
static float *cell_part(const struct network *net, float *memory, int layer) {
    return net->cell == LSTM ? memory + (net->layers + layer) * net->units : NULL;
}
static float *count_part(const struct network *net, float *memory) { return memory + memory_size(net) - LINE / 4; }
static float *sum_part(const struct network *net, float *memory) {
    return net->pooling & MEAN ? count_part(net, memory) - net->units : NULL;
}
static float *max_part(const struct network *net, float *memory) {
    return net->pooling & MAX ? count_part(net, memory) - (net->pooling & MEAN ? 2 : 1) * net->units : NULL;
}

static void begin(const struct network *net, float *memory) {
    float *max = max_part(net, memory);
    memset(memory, 0, memory_size(net) * sizeof(float));
    for (int unit = 0; max && unit < net->units; unit++) max[unit] = -INFINITY;
}

static float dot(const float *a, const float *b, int size) {
    float sums[LINE / 4] = {0}, sum = 0;
    for (int i = 0; i < size; i += LINE / 4)
        for (int lane = 0; lane < LINE / 4; lane++) sums[lane] += a[i + lane] * b[i + lane];
    for (int lane = 0; lane < LINE / 4; lane++) sum += sums[lane];
    return sum;
}

/* The logits and the probabilities `[C]` of a row. */
static void answer(const struct network *net, float *memory, float *logits, float *probabilities) {
    const float *max = max_part(net, memory), *sum = sum_part(net, memory);
    const float *last = net->pooling ? NULL : hidden_part(net, memory, net->layers - 1);
    const float *weight = net->head;
    float top = -INFINITY, total = 0;
    for (int label = 0; label < net->classes; label++) {
        float logit = net->head_bias[label];
        if (last) logit += dot(last, weight, net->units), weight += net->units;
        if (max) logit += dot(max, weight, net->units), weight += net->units;
        if (sum) logit += dot(sum, weight, net->units) / *count_part(net, memory), weight += net->units;
        logits[label] = logit;
        top = logit > top ? logit : top;
    }
    for (int label = 0; label < net->classes; label++) total += probabilities[label] = expf(logits[label] - top);
    for (int label = 0; label < net->classes; label++) probabilities[label] /= total;
}

/* A chunk on its way: rows that have words left stand first, in every layer in the same order. */
struct running {
    struct row *rows;         /* [layers, batch] */
    ptrdiff_t *place, *start; /* of each row that stands there: which it is, where its words begin */
    float *spare;             /* [layers, batch, units] */
};

/* Take the rows out that have ended before `step`; returns how many go on. */
static ptrdiff_t going_on(const struct chunk *chunk, struct running *running, ptrdiff_t count, int32_t step) {
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (chunk->lengths[running->place[i]] <= step) continue;
        if (kept < i) {
            running->place[kept] = running->place[i], running->start[kept] = running->start[i];
            for (int layer = 0; layer < chunk->net->layers; layer++) {
                struct row *rows = running->rows + layer * chunk->batch;
                struct row ended = rows[kept];
                rows[kept] = rows[i], rows[i] = ended;
            }
        }
        kept++;
    }
    return kept;
}

int sums_size(const struct network *net) { return net->cell == RNN ? net->units : 4 * net->units; }

/* A word's row of the table, worked out when it is first read. Threads that meet there write the same. */
static const float *gates_of(const struct network *net, int64_t id) {
    float *gates = net->table + id * sums_size(net);
    if (__atomic_load_n(net->filled + id, __ATOMIC_ACQUIRE)) return gates;
    const struct layer *first = net->layer;
    struct row row = {.gates = first->bias, .coming = first->bias, .x = net->vectors + id * first->inputs,
                      .hidden = net->zeros, .sums = gates};
    net->step(net->cell, first, net->hidden, net->units, &row, 1);
    __atomic_store_n(net->filled + id, 1, __ATOMIC_RELEASE);
    return gates;
}

/* What a row of a layer begins a step with: `below`, the hidden states of the layer below, or else the word. */
static void read_input(const struct network *net, struct row *row, const struct layer *layer, const float *below,
                       int64_t id) {
    const int known = !below && net->table;
    row->x = below ? below : known ? NULL : net->vectors + id * layer->inputs;
    row->gates = row->coming = known ? gates_of(net, id) : layer->bias;
}

/* One step of the `count` rows that go on: every layer reads what the one below has just said. */
static void step_all(const struct chunk *chunk, struct running *running, ptrdiff_t count, int32_t step) {
    const struct network *net = chunk->net;
    for (int number = 0; number < net->layers; number++) {
        const struct layer *layer = net->layer + number;
        struct row *rows = running->rows + number * chunk->batch;
        for (ptrdiff_t i = 0; i < count; i++) {
            const int64_t *id = chunk->ids + running->start[i] + step;
            const int goes_on = step + 1 < chunk->lengths[running->place[i]];
            read_input(net, rows + i, layer, number ? rows[i - chunk->batch].hidden : NULL, *id);
            if (!rows[i].x && goes_on) rows[i].coming = net->table + id[1] * sums_size(net);
        }
        net->step(net->cell, layer, net->hidden, net->units, rows, (int)count);
        for (ptrdiff_t i = 0; i < count; i++) {
            float *next = rows[i].next;
            rows[i].next = (float *)rows[i].hidden, rows[i].hidden = next;
            if (chunk->over_time[number])
                memcpy(chunk->over_time[number] + (step * chunk->batch + running->place[i]) * net->hidden, next,
                       net->hidden * sizeof(float));
        }
    }
}

/* Give row `b` its memory, from where it goes on, and its place in every layer. */
static void enter(const struct chunk *chunk, struct running *running, ptrdiff_t b) {
    const struct network *net = chunk->net;
    const int size = memory_size(net);
    float *memory = chunk->after + b * size;
    if (chunk->carry[b] < 0)
        begin(net, memory);
    else
        memcpy(memory, chunk->before + chunk->carry[b] * size, size * sizeof(float));
    *count_part(net, memory) += (float)chunk->lengths[b];
    running->place[b] = b;
    running->start[b] = b ? running->start[b - 1] + chunk->lengths[b - 1] : 0;
    for (int layer = 0; layer < net->layers; layer++) {
        const int top = layer == net->layers - 1;
        running->rows[layer * chunk->batch + b] = (struct row){
            .hidden = hidden_part(net, memory, layer),
            .next = running->spare + (layer * chunk->batch + b) * net->units,
            .cell = cell_part(net, memory, layer),
            .max = top ? max_part(net, memory) : NULL,
            .sum = top ? sum_part(net, memory) : NULL,
        };
    }
}

/* Hidden states go back and forth between the memory of a row and `spare`; at the end they belong in the memory. */
static void settle_hidden(const struct chunk *chunk, const struct running *running) {
    const struct network *net = chunk->net;
    const float *end = running->spare + net->layers * chunk->batch * net->units;
    for (ptrdiff_t i = 0; i < net->layers * chunk->batch; i++) {
        const struct row *row = running->rows + i;
        if (row->hidden >= running->spare && row->hidden < end)
            memcpy(row->next, row->hidden, net->units * sizeof(float));
    }
}

int compute(const struct chunk *chunk) {
    const struct network *net = chunk->net;
    const ptrdiff_t cells = net->layers * chunk->batch;
    ptrdiff_t count = chunk->batch;
    struct running running = {malloc(cells * sizeof(struct row)), malloc(2 * count * sizeof(ptrdiff_t)), NULL, NULL};
    running.start = running.place + count;
    const int room = !posix_memalign((void **)&running.spare, LINE, cells * net->units * sizeof(float)) &&
                     running.rows && running.place;
    if (room) {
        for (ptrdiff_t b = 0; b < chunk->batch; b++) enter(chunk, &running, b);
        for (int32_t step = 0; (count = going_on(chunk, &running, count, step)); step++)
            step_all(chunk, &running, count, step);
        settle_hidden(chunk, &running);
        for (ptrdiff_t b = 0; b < chunk->batch; b++)
            answer(net, chunk->after + b * memory_size(net), chunk->logits + b * net->classes,
                   chunk->probabilities + b * net->classes);
    }
    free(running.spare), free(running.rows), free(running.place);
    return room;
}

/* Each word is a row of its own: nothing of what came before it has to be waited for. */
int gate_sums(const struct network *net, int number, ptrdiff_t words, const int64_t *ids, const float *below,
              const float *before, float *sums) {
    const struct layer *layer = net->layer + number;
    struct row *rows = calloc(words + 1, sizeof *rows);
    if (!rows) return 0;
    for (ptrdiff_t t = 0; t < words; t++) {
        read_input(net, rows + t, layer, number ? below + t * net->hidden : NULL, ids[t]);
        rows[t].hidden = before + t * net->hidden;
        rows[t].sums = sums + t * sums_size(net);
    }
    net->step(net->cell, layer, net->hidden, net->units, rows, (int)words);
    free(rows);
    return 1;
}
