/* The Python module `models.network.recurrence`: arrays come as buffers of C-contiguous float32, int64 or int32. What their
 * shapes are stands in recurrence.pyi; nothing is computed before they are seen to be so. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

static const char NETWORK[] = "gatescope.network";

/* A network and the word vectors that it does not copy: they stay in the array that Python holds. */
struct held {
    struct network net;
    Py_buffer vectors;
};

static void free_network(PyObject *capsule) {
    struct held *held = PyCapsule_GetPointer(capsule, NETWORK);
    if (!held) return;
    for (int layer = 0; layer < MOST_LAYERS; layer++) {
        free(held->net.layer[layer].input), free(held->net.layer[layer].recurrent), free(held->net.layer[layer].bias);
    }
    free(held->net.table), free(held->net.filled), free(held->net.zeros);
    free(held->net.head), free(held->net.head_bias);
    if (held->vectors.obj) PyBuffer_Release(&held->vectors);
    free(held);
}

/* Room for `size` floats at the start of a cache line: of a large one, only what is used takes memory. */
static int room_for(Py_ssize_t size, float **room) {
    if (!posix_memalign((void **)room, LINE, (size ? size : 1) * sizeof(float))) return 1;
    *room = NULL;
    return PyErr_NoMemory(), 0;
}

static int sized(const Py_buffer *buffer, Py_ssize_t size) {
    if (buffer->len == size * (Py_ssize_t)sizeof(float)) return 1;
    return PyErr_Format(PyExc_ValueError, "an array of %zd bytes where %zd floats belong", buffer->len, size), 0;
}

/* A copy of `size` floats out of a buffer. False and an error set where it is not such a buffer. */
static int copied(PyObject *source, Py_ssize_t size, float **copy) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(source, &buffer, PyBUF_C_CONTIGUOUS) < 0) return 0;
    const int fits = sized(&buffer, size) && room_for(size, copy);
    if (fits) memcpy(*copy, buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return fits;
}

static int copied_layers(struct network *net, PyObject *layers, int gates) {
    for (net->layers = 0; net->layers < PyTuple_Size(layers); net->layers++) {
        struct layer *layer = net->layer + net->layers;
        PyObject *bias, *input, *recurrent;
        if (!PyArg_ParseTuple(PyTuple_GetItem(layers, net->layers), "iOOO", &layer->inputs, &bias, &input, &recurrent) ||
            !copied(bias, sums_size(net), &layer->bias) ||
            !copied(input, (Py_ssize_t)gates * net->units * layer->inputs, &layer->input) ||
            !copied(recurrent, (Py_ssize_t)gates * net->units * net->hidden, &layer->recurrent))
            return 0;
    }
    return 1;
}

static int with_table(struct network *net) {
    net->filled = calloc(net->words + 1, 1);
    if (!net->filled) return PyErr_NoMemory(), 0;
    return room_for(net->words * sums_size(net), &net->table);
}

static PyObject *network(PyObject *module, PyObject *args) {
    int width, tabled;
    PyObject *layers, *vectors, *head, *head_bias;
    struct held *held = calloc(1, sizeof *held);
    PyObject *capsule = held ? PyCapsule_New(held, NETWORK, free_network) : PyErr_NoMemory();
    if (!capsule) return free(held), NULL;
    struct network *net = &held->net;
    int made = PyArg_ParseTuple(args, "iiiiinpOO!OO", &width, &net->cell, &net->pooling, &net->hidden, &net->classes,
                                &net->words, &tabled, &vectors, &PyTuple_Type, &layers, &head, &head_bias);
    if (made && (!(net->step = step_of(width)) || net->cell < RNN || net->cell > GRU || PyTuple_Size(layers) < 1 ||
                 PyTuple_Size(layers) > MOST_LAYERS))
        made = (PyErr_SetString(PyExc_ValueError, "no such network on this machine"), 0);
    if (made) {
        const int gates = net->cell == GRU ? 3 : net->cell == LSTM ? 4 : 1;
        const int wide = net->cell == RNN ? 4 * width : width, block = wide > LINE / 4 ? wide : LINE / 4;
        const int parts = net->pooling == (MAX | MEAN) ? 2 : 1;
        net->units = (net->hidden + block - 1) / block * block;
        made = copied_layers(net, layers, gates) && !PyObject_GetBuffer(vectors, &held->vectors, PyBUF_C_CONTIGUOUS) &&
               sized(&held->vectors, net->words * net->layer[0].inputs) &&
               copied(head, (Py_ssize_t)net->classes * parts * net->units, &net->head) &&
               copied(head_bias, net->classes, &net->head_bias) && (!tabled || with_table(net)) &&
               room_for(net->units, &net->zeros);
    }
    if (!made) return Py_DECREF(capsule), NULL;
    memset(net->zeros, 0, net->units * sizeof(float));
    net->vectors = held->vectors.buf;
    return capsule;
}

static struct network *network_of(PyObject *capsule) {
    struct held *held = PyCapsule_GetPointer(capsule, NETWORK);
    return held ? &held->net : NULL;
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

static PyObject *step(PyObject *module, PyObject *args) {
    PyObject *capsule, *arrays[OVER_TIME], *over_time;
    struct given given = {.count = 0};
    const struct network *net = NULL;
    if (!PyArg_ParseTuple(args, "OOOOOOOO!", &capsule, arrays, arrays + 1, arrays + 2, arrays + 3, arrays + 4, arrays + 5,
                          &PyTuple_Type, &over_time) ||
        !(net = network_of(capsule)))
        return NULL;
    int taken = PyTuple_Size(over_time) <= MOST_LAYERS;
    for (int i = IDS; taken && i < OVER_TIME; i++) taken = take(&given, arrays[i], i < AFTER ? 0 : PyBUF_WRITABLE);
    for (Py_ssize_t i = 0; taken && i < PyTuple_Size(over_time); i++)
        taken = take(&given, PyTuple_GetItem(over_time, i), PyBUF_WRITABLE);
    const char *fault = taken ? wrong(net, &given) : NULL;
    if (fault) PyErr_SetString(PyExc_ValueError, fault);
    if (taken && !fault) {
        const Py_buffer *buffer = given.buffer;
        const Py_ssize_t batch = items(&given, LENGTHS, 4);
        float *answers = buffer[ANSWERS].buf;
        struct chunk chunk = {net, batch, buffer[IDS].buf, buffer[LENGTHS].buf, buffer[CARRY].buf, buffer[BEFORE].buf,
                              buffer[AFTER].buf, answers, answers + batch * net->classes, {NULL}};
        for (int i = OVER_TIME; i < given.count; i++) chunk.over_time[i - OVER_TIME] = buffer[i].buf;
        int room;
        Py_BEGIN_ALLOW_THREADS
        room = compute(&chunk);
        Py_END_ALLOW_THREADS
        if (!room) PyErr_NoMemory();
    }
    release(&given);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyObject *sums(PyObject *module, PyObject *args) {
    PyObject *capsule, *arrays[4];
    int layer;
    struct given given = {.count = 0};
    if (!PyArg_ParseTuple(args, "OiOOOO", &capsule, &layer, arrays, arrays + 1, arrays + 2, arrays + 3)) return NULL;
    const struct network *net = network_of(capsule);
    if (!net) return NULL;
    for (int i = 0; i < 4; i++)
        if (!take(&given, arrays[i], i == 3 ? PyBUF_WRITABLE : 0)) return release(&given), NULL;
    const int64_t *ids = given.buffer[0].buf;
    const Py_ssize_t words = items(&given, 0, 8), size = sums_size(net);
    int fits = layer >= 0 && layer < net->layers && items(&given, 2, 4) == words * net->hidden &&
               items(&given, 3, 4) == words * size && (layer == 0 || items(&given, 1, 4) == words * net->hidden);
    for (Py_ssize_t t = 0; fits && t < words; t++) fits = ids[t] >= 0 && ids[t] < net->words;
    int room = 1;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        room = gate_sums(net, layer, words, ids, given.buffer[1].buf, given.buffer[2].buf, given.buffer[3].buf);
        Py_END_ALLOW_THREADS
    }
    release(&given);
    if (!fits) return PyErr_SetString(PyExc_ValueError, "arrays of one review do not fit each other, or a word id is outside of the vocabulary"), NULL;
    if (!room) return PyErr_NoMemory();
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
    const struct network *net = network_of(capsule);
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
