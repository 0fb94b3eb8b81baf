/* Recurrent networks on a CPU: one chunk of many reviews a call, each as long as it is, without padding.
 *
 * What a step computes is in recurrence_cells.h; here is everything around it: the network's weights, the rows of a
 * chunk, the head, and the Python module. Arrays come as buffers of C-contiguous float32, int64 or int32; what their
 * shapes are stands in recurrence.pyi. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { RNN, LSTM, GRU };
enum { MAX = 1, MEAN = 2 };
enum { MOST_LAYERS = 16, LINE = 64 };

struct layer {
    float *input;     /* [blocks, I, gates, width], or NULL where the gates of every word are known */
    float *recurrent; /* [blocks, H, gates, width] */
    float *bias;      /* [blocks, gates, width], or NULL as above */
    float *candidate; /* [units], the GRU's bias of the hidden side of its candidate */
    int inputs;
};

struct row;
typedef void stepper(int cell, const struct layer *, int hidden, int units, const struct row *, int count);

struct network {
    stepper *step;
    int cell, pooling, layers, hidden, units, classes; /* `units`: `hidden`, rounded up to whole blocks */
    Py_ssize_t words, word_size; /* floats a word: its gates, or its vector */
    float *word, *head, *head_bias;
    struct layer layer[MOST_LAYERS];
};

/* One review in one layer. `x` is what the layer reads, `gates` what they are before it, `coming` those of the next
 * step. Where only the `sums` that gates are taken of are wanted, they go there and no state changes. */
struct row {
    const float *gates, *coming, *x, *hidden;
    float *next, *cell, *max, *sum, *sums;
};

#define WIDTH 4
#define ROWS 4
#define TARGET
#define NAME(x) x##_4
#include "recurrence_cells.h"

#if defined(__x86_64__)
#define WIDTH 8
#define ROWS 2
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(x) x##_8
#include "recurrence_cells.h"

#define WIDTH 16
#define ROWS 4
#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")))
#define NAME(x) x##_16
#include "recurrence_cells.h"
#endif


/* The step in vectors of `width` floats; NULL where this machine has none of that width. */
static stepper *step_of(int width) {
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

/* Floats of a row's memory: every layer's hidden states, the LSTM's cell states, what is pooled, the count of steps. */
static int memory_size(const struct network *net) {
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
struct chunk {
    const struct network *net;
    Py_ssize_t batch;
    const int64_t *ids;    /* the words of all rows, one row after another */
    const int32_t *lengths; /* [batch] */
    float *over_time[MOST_LAYERS]; /* [T, batch, H] each, or NULL */
    struct row *rows;      /* [layers, batch] */
    Py_ssize_t *place, *start; /* of each row that stands there: which it is, where its words begin */
};

/* Take the rows out that have ended before `step`; returns how many go on. */
static Py_ssize_t going_on(struct chunk *chunk, Py_ssize_t count, int32_t step) {
    Py_ssize_t kept = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (chunk->lengths[chunk->place[i]] <= step) continue;
        if (kept < i) {
            chunk->place[kept] = chunk->place[i], chunk->start[kept] = chunk->start[i];
            for (int layer = 0; layer < chunk->net->layers; layer++) {
                struct row *rows = chunk->rows + layer * chunk->batch;
                struct row ended = rows[kept];
                rows[kept] = rows[i], rows[i] = ended;
            }
        }
        kept++;
    }
    return kept;
}

static const float *word_at(const struct chunk *chunk, Py_ssize_t i, int32_t step) {
    return chunk->net->word + chunk->ids[chunk->start[i] + step] * chunk->net->word_size;
}

/* One step of the `count` rows that go on: every layer reads what the one below has just said. */
static void step_all(struct chunk *chunk, Py_ssize_t count, int32_t step) {
    const struct network *net = chunk->net;
    for (int number = 0; number < net->layers; number++) {
        const struct layer *layer = net->layer + number;
        struct row *rows = chunk->rows + number * chunk->batch;
        for (Py_ssize_t i = 0; i < count; i++) {
            const float *word = word_at(chunk, i, step);
            const int goes_on = step + 1 < chunk->lengths[chunk->place[i]];
            rows[i].x = number ? rows[i - chunk->batch].hidden : word;
            rows[i].gates = layer->bias ? layer->bias : word;
            rows[i].coming = layer->bias || !goes_on ? rows[i].gates : word_at(chunk, i, step + 1);
        }
        net->step(net->cell, layer, net->hidden, net->units, rows, (int)count);
        for (Py_ssize_t i = 0; i < count; i++) {
            float *next = rows[i].next;
            rows[i].next = (float *)rows[i].hidden, rows[i].hidden = next;
            if (chunk->over_time[number])
                memcpy(chunk->over_time[number] + (step * chunk->batch + chunk->place[i]) * net->hidden, next,
                       net->hidden * sizeof(float));
        }
    }
}

/* Compute a chunk; `after [batch, memory_size]` already holds the memory of the rows, `spare` is room for as many
 * hidden states as they have. Hidden states go back and forth between the two; at the end they stand in `after`. */
static void compute(struct chunk *chunk, float *after, float *spare, float *logits, float *probabilities) {
    const struct network *net = chunk->net;
    const int size = memory_size(net);
    Py_ssize_t start = 0, count = chunk->batch;
    for (Py_ssize_t b = 0; b < chunk->batch; b++) {
        float *memory = after + b * size;
        for (int layer = 0; layer < net->layers; layer++) {
            const int top = layer == net->layers - 1;
            chunk->rows[layer * chunk->batch + b] = (struct row){
                .hidden = hidden_part(net, memory, layer),
                .next = spare + (layer * chunk->batch + b) * net->units,
                .cell = cell_part(net, memory, layer),
                .max = top ? max_part(net, memory) : NULL,
                .sum = top ? sum_part(net, memory) : NULL,
            };
        }
        chunk->place[b] = b, chunk->start[b] = start;
        start += chunk->lengths[b];
        *count_part(net, memory) += (float)chunk->lengths[b];
    }
    for (int32_t step = 0; (count = going_on(chunk, count, step)); step++) step_all(chunk, count, step);
    for (Py_ssize_t i = 0; i < net->layers * chunk->batch; i++) {
        struct row *row = chunk->rows + i;
        if (row->next < after || row->next >= after + chunk->batch * size) continue;
        memcpy(row->next, row->hidden, net->units * sizeof(float));
    }
    for (Py_ssize_t b = 0; b < chunk->batch; b++)
        answer(net, after + b * size, logits + b * net->classes, probabilities + b * net->classes);
}

/* --- The Python module --- */

static const char NETWORK[] = "gatescope.network";

static void free_network(PyObject *capsule) {
    struct network *net = PyCapsule_GetPointer(capsule, NETWORK);
    if (!net) return;
    for (int layer = 0; layer < MOST_LAYERS; layer++) {
        free(net->layer[layer].input), free(net->layer[layer].recurrent);
        free(net->layer[layer].bias), free(net->layer[layer].candidate);
    }
    free(net->word), free(net->head), free(net->head_bias), free(net);
}

/* A copy of `size` floats out of a buffer, at the start of a cache line; NULL for None. False and an error set where
 * it is not such a buffer. */
static int copied(PyObject *source, Py_ssize_t size, float **copy) {
    Py_buffer buffer;
    if (source == Py_None) return 1;
    if (PyObject_GetBuffer(source, &buffer, PyBUF_C_CONTIGUOUS) < 0) return 0;
    if (buffer.len != size * (Py_ssize_t)sizeof(float))
        PyErr_Format(PyExc_ValueError, "an array of %zd bytes where %zd floats belong", buffer.len, size);
    else if (posix_memalign((void **)copy, LINE, size ? size * sizeof(float) : LINE))
        *copy = NULL, PyErr_NoMemory();
    else
        memcpy(*copy, buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return !PyErr_Occurred();
}

static PyObject *network(PyObject *module, PyObject *args) {
    int width;
    PyObject *layers, *word, *head, *head_bias;
    struct network *net = calloc(1, sizeof *net);
    if (!net) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(net, NETWORK, free_network);
    if (!capsule) return free(net), NULL;
    if (!PyArg_ParseTuple(args, "iiiiinnOO!OO", &width, &net->cell, &net->pooling, &net->hidden, &net->classes,
                          &net->words, &net->word_size, &word, &PyTuple_Type, &layers, &head, &head_bias))
        goto failed;
    if (!(net->step = step_of(width)) || net->cell < RNN || net->cell > GRU || PyTuple_Size(layers) > MOST_LAYERS) {
        PyErr_SetString(PyExc_ValueError, "no such network on this machine");
        goto failed;
    }
    const int gates = net->cell == GRU ? 3 : net->cell == LSTM ? 4 : 1;
    const int wide = net->cell == RNN ? 4 * width : width, block = wide > LINE / 4 ? wide : LINE / 4;
    net->units = (net->hidden + block - 1) / block * block;
    const int all = gates * net->units, parts = net->pooling == (MAX | MEAN) ? 2 : 1;
    for (net->layers = 0; net->layers < PyTuple_Size(layers); net->layers++) {
        struct layer *layer = net->layer + net->layers;
        PyObject *bias, *input, *recurrent, *candidate;
        if (!PyArg_ParseTuple(PyTuple_GetItem(layers, net->layers), "iOOOO", &layer->inputs, &bias, &input, &recurrent,
                              &candidate) ||
            !copied(bias, all, &layer->bias) || !copied(input, (Py_ssize_t)all * layer->inputs, &layer->input) ||
            !copied(recurrent, (Py_ssize_t)all * net->hidden, &layer->recurrent) ||
            !copied(candidate, net->units, &layer->candidate))
            goto failed;
    }
    if (!copied(word, net->words * net->word_size, &net->word) ||
        !copied(head, (Py_ssize_t)net->classes * parts * net->units, &net->head) ||
        !copied(head_bias, net->classes, &net->head_bias))
        goto failed;
    return capsule;
failed:
    Py_DECREF(capsule);
    return NULL;
}

/* What `step` is given, as buffers. */
enum { IDS, LENGTHS, CARRY, BEFORE, AFTER, ANSWERS, OVER_TIME };

struct given {
    Py_buffer buffer[OVER_TIME + MOST_LAYERS];
    int count;
};

static int take(struct given *given, PyObject *source, int flags) {
    if (PyObject_GetBuffer(source, given->buffer + given->count, PyBUF_C_CONTIGUOUS | flags) < 0) return 0;
    given->count++;
    return 1;
}

static void release(struct given *given) {
    while (given->count) PyBuffer_Release(given->buffer + --given->count);
}

static Py_ssize_t items(const struct given *given, int which, Py_ssize_t size) {
    return given->buffer[which].len / size;
}

/* Nothing is computed that would read or write past an array: what is wrong, or NULL. */
static const char *wrong(const struct network *net, const struct given *given) {
    const int64_t *ids = given->buffer[IDS].buf, *carry = given->buffer[CARRY].buf;
    const int32_t *lengths = given->buffer[LENGTHS].buf;
    const Py_ssize_t batch = items(given, LENGTHS, 4), row = memory_size(net) * sizeof(float);
    Py_ssize_t words = 0, longest = 0;
    if (!batch) return "a chunk needs a row";
    if (items(given, CARRY, 8) != batch || given->buffer[AFTER].len != batch * row || given->buffer[BEFORE].len % row ||
        items(given, ANSWERS, 4) != 2 * batch * net->classes)
        return "arrays of one chunk have different numbers of rows";
    for (Py_ssize_t b = 0; b < batch; b++) {
        if (lengths[b] < 1) return "a row needs a word";
        if (carry[b] < -1 || carry[b] >= given->buffer[BEFORE].len / row) return "a row goes on from one that is not there";
        words += lengths[b];
        longest = lengths[b] > longest ? lengths[b] : longest;
    }
    if (items(given, IDS, 8) != words) return "lengths and words differ";
    for (Py_ssize_t i = 0; i < words; i++)
        if (ids[i] < 0 || ids[i] >= net->words) return "a word id outside of the vocabulary";
    for (int i = OVER_TIME; i < given->count; i++)
        if (items(given, i, 4) != longest * batch * net->hidden) return "hidden states over time have another shape";
    if (given->count != OVER_TIME && given->count != OVER_TIME + net->layers) return "a layer's hidden states are missing";
    return NULL;
}

/* Find room, compute, without the interpreter's lock. False where there is no room. */
static int run(const struct network *net, const struct given *given) {
    const Py_ssize_t batch = items(given, LENGTHS, 4), cells = net->layers * batch, size = memory_size(net);
    const int64_t *carry = given->buffer[CARRY].buf;
    const float *before = given->buffer[BEFORE].buf;
    float *after = given->buffer[AFTER].buf, *answers = given->buffer[ANSWERS].buf, *spare = NULL;
    struct chunk chunk = {net, batch, given->buffer[IDS].buf, given->buffer[LENGTHS].buf, {NULL}, NULL, NULL, NULL};
    chunk.rows = malloc(cells * sizeof(struct row));
    chunk.place = malloc(2 * batch * sizeof *chunk.place), chunk.start = chunk.place + batch;
    int room = !posix_memalign((void **)&spare, LINE, cells * net->units * sizeof(float)) && chunk.rows && chunk.place;
    if (room) {
        for (int i = OVER_TIME; i < given->count; i++) chunk.over_time[i - OVER_TIME] = given->buffer[i].buf;
        for (Py_ssize_t b = 0; b < batch; b++) {
            if (carry[b] < 0)
                begin(net, after + b * size);
            else
                memcpy(after + b * size, before + carry[b] * size, size * sizeof(float));
        }
        compute(&chunk, after, spare, answers, answers + batch * net->classes);
    }
    free(spare), free(chunk.rows), free(chunk.place);
    return room;
}

static PyObject *step(PyObject *module, PyObject *args) {
    PyObject *capsule, *arrays[OVER_TIME], *over_time;
    struct given given = {.count = 0};
    const struct network *net = NULL;
    if (!PyArg_ParseTuple(args, "OOOOOOOO!", &capsule, arrays, arrays + 1, arrays + 2, arrays + 3, arrays + 4, arrays + 5,
                          &PyTuple_Type, &over_time) ||
        !(net = PyCapsule_GetPointer(capsule, NETWORK)))
        return NULL;
    int taken = PyTuple_Size(over_time) <= MOST_LAYERS;
    for (int i = IDS; taken && i < OVER_TIME; i++) taken = take(&given, arrays[i], i < AFTER ? 0 : PyBUF_WRITABLE);
    for (Py_ssize_t i = 0; taken && i < PyTuple_Size(over_time); i++)
        taken = take(&given, PyTuple_GetItem(over_time, i), PyBUF_WRITABLE);
    const char *fault = taken ? wrong(net, &given) : NULL;
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
    if (taken && !fault) {
        int room;
        Py_BEGIN_ALLOW_THREADS
        room = run(net, &given);
        Py_END_ALLOW_THREADS
        if (!room) PyErr_NoMemory();
    }
    release(&given);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* What the gates of one layer are taken of at every step of a review, when all hidden states are known: each step is a
 * row of its own. */
static PyObject *sums(PyObject *module, PyObject *args) {
    PyObject *capsule, *arrays[4];
    int number;
    struct given given = {.count = 0};
    if (!PyArg_ParseTuple(args, "OiOOOO", &capsule, &number, arrays, arrays + 1, arrays + 2, arrays + 3)) return NULL;
    const struct network *net = PyCapsule_GetPointer(capsule, NETWORK);
    if (!net) return NULL;
    for (int i = 0; i < 4; i++)
        if (!take(&given, arrays[i], i == 3 ? PyBUF_WRITABLE : 0)) return release(&given), NULL;
    const int64_t *ids = given.buffer[0].buf;
    const float *below = given.buffer[1].buf, *before = given.buffer[2].buf;
    const Py_ssize_t steps = items(&given, 0, 8), size = net->cell == RNN ? net->units : 4 * net->units;
    int fits = number >= 0 && number < net->layers && items(&given, 2, 4) == steps * net->hidden &&
               items(&given, 3, 4) == steps * size && (number == 0 || items(&given, 1, 4) == steps * net->hidden);
    for (Py_ssize_t t = 0; fits && t < steps; t++) fits = ids[t] >= 0 && ids[t] < net->words;
    struct row *rows = fits ? calloc(steps ? steps : 1, sizeof *rows) : NULL;
    if (rows) {
        const struct layer *layer = net->layer + number;
        for (Py_ssize_t t = 0; t < steps; t++) {
            const float *word = net->word + ids[t] * net->word_size;
            rows[t].x = number ? below + t * net->hidden : word;
            rows[t].gates = rows[t].coming = layer->bias ? layer->bias : word;
            rows[t].hidden = before + t * net->hidden;
            rows[t].sums = (float *)given.buffer[3].buf + t * size;
        }
        Py_BEGIN_ALLOW_THREADS
        net->step(net->cell, layer, net->hidden, net->units, rows, (int)steps);
        Py_END_ALLOW_THREADS
        free(rows);
    }
    release(&given);
    if (!fits) return PyErr_SetString(PyExc_ValueError, "arrays of one review have different lengths"), NULL;
    if (!rows) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *widths(PyObject *module, PyObject *nothing) {
    PyObject *found = PyList_New(0);
    for (int width = 16; found && width >= 4; width /= 2) {
        PyObject *number = step_of(width) ? PyLong_FromLong(width) : NULL;
        if (number && PyList_Append(found, number) < 0) Py_CLEAR(found);
        Py_XDECREF(number);
    }
    return found;
}

static PyObject *memory_of(PyObject *module, PyObject *capsule) {
    const struct network *net = PyCapsule_GetPointer(capsule, NETWORK);
    return net ? PyLong_FromLong(memory_size(net)) : NULL;
}

static PyMethodDef METHODS[] = {
    {"widths", widths, METH_NOARGS, NULL},
    {"network", network, METH_VARARGS, NULL},
    {"memory_size", memory_of, METH_O, NULL},
    {"step", step, METH_VARARGS, NULL},
    {"sums", sums, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "recurrence", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_recurrence(void) { return PyModuleDef_Init(&MODULE); }
