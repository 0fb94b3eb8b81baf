/* The Python module `models.network.recurrence`: arrays come as buffers of C-contiguous float32, int64 or int32. What
 * their shapes are stands in recurrence.pyi; nothing is computed before they are seen to be so. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

static const char NETWORK[] = "gatescope.network";

/* A network and the word vectors that it does not copy: they stay in the array that Python holds. */
struct handle {
    struct gs_network net;
    Py_buffer vectors;
};

static void free_network(PyObject *capsule) {
    struct handle *handle = PyCapsule_GetPointer(capsule, NETWORK);
    if (!handle) return;
    for (int layer = 0; layer < GS_MOST_LAYERS; layer++) {
        free(handle->net.layer[layer].input);
        free(handle->net.layer[layer].recurrent);
        free(handle->net.layer[layer].bias);
    }
    free(handle->net.table);
    free(handle->net.filled);
    free(handle->net.zeros);
    free(handle->net.head);
    free(handle->net.head_bias);
    if (handle->vectors.obj) PyBuffer_Release(&handle->vectors);
    free(handle);
}

/* Functions that return an int return false with an error set where they fail. */

static int fail_value(const char *reason) {
    PyErr_SetString(PyExc_ValueError, reason);
    return 0;
}

/* Room for `size` floats at the start of a cache line: of a large one, only what is used takes memory. */
static int allocate(Py_ssize_t size, float **array) {
    if (!posix_memalign((void **)array, GS_LINE, (size ? size : 1) * sizeof(float))) return 1;
    *array = NULL;
    PyErr_NoMemory();
    return 0;
}

static int has_size(const Py_buffer *buffer, Py_ssize_t size) {
    if (buffer->len == size * (Py_ssize_t)sizeof(float)) return 1;
    PyErr_Format(PyExc_ValueError, "an array of %zd bytes where %zd floats belong", buffer->len, size);
    return 0;
}

/* A copy of `size` floats out of a buffer. */
static int copy(PyObject *source, Py_ssize_t size, float **array) {
    Py_buffer buffer;
    if (PyObject_GetBuffer(source, &buffer, PyBUF_C_CONTIGUOUS) < 0) return 0;
    const int fits = has_size(&buffer, size) && allocate(size, array);
    if (fits) memcpy(*array, buffer.buf, buffer.len);
    PyBuffer_Release(&buffer);
    return fits;
}

static int copy_layers(struct gs_network *net, PyObject *layers) {
    const struct gs_cell cell = gs_cells[net->cell];
    for (net->layers = 0; net->layers < PyTuple_Size(layers); net->layers++) {
        struct gs_layer *layer = net->layer + net->layers;
        PyObject *item = PyTuple_GetItem(layers, net->layers), *bias, *input, *recurrent;
        if (!PyArg_ParseTuple(item, "iOOO", &layer->inputs, &bias, &input, &recurrent) ||
            !copy(bias, gs_sums_size(net), &layer->bias) ||
            !copy(input, (Py_ssize_t)cell.input_gates * net->units * layer->inputs, &layer->input) ||
            !copy(recurrent, (Py_ssize_t)cell.recurrent_gates * net->units * net->hidden, &layer->recurrent))
            return 0;
    }
    return 1;
}

static int copy_head(struct gs_network *net, PyObject *head, PyObject *head_bias) {
    return copy(head, (Py_ssize_t)net->classes * gs_reductions(net->pooling) * net->units, &net->head) &&
           copy(head_bias, net->classes, &net->head_bias);
}

static int make_table(struct gs_network *net) {
    net->filled = calloc(net->words + 1, 1);
    if (net->filled) return allocate(net->words * gs_sums_size(net), &net->table);
    PyErr_NoMemory();
    return 0;
}

static int make_zeros(struct gs_network *net) {
    if (!allocate(net->units, &net->zeros)) return 0;
    memset(net->zeros, 0, net->units * sizeof(float));
    return 1;
}

/* Fill the network from the arguments of `network`, see recurrence.pyi. */
static int fill_network(struct handle *handle, PyObject *args) {
    struct gs_network *net = &handle->net;
    int width, tabled;
    PyObject *layers, *vectors, *head, *head_bias;
    if (!PyArg_ParseTuple(args, "iiiiinpOO!OO", &width, &net->cell, &net->pooling, &net->hidden, &net->classes,
                          &net->words, &tabled, &vectors, &PyTuple_Type, &layers, &head, &head_bias))
        return 0;
    net->step = gs_step_of(width);
    if (!net->step || net->cell < 0 || net->cell >= GS_CELLS || net->pooling < 1 || net->pooling >= GS_POOLINGS ||
        PyTuple_Size(layers) < 1 || PyTuple_Size(layers) > GS_MOST_LAYERS)
        return fail_value("no such network on this machine");
    const int wide = 4 * width / gs_cells[net->cell].sums;
    const int block = wide > GS_LINE / 4 ? wide : GS_LINE / 4;
    net->units = (net->hidden + block - 1) / block * block;
    if (!copy_layers(net, layers) || PyObject_GetBuffer(vectors, &handle->vectors, PyBUF_C_CONTIGUOUS)) return 0;
    net->vectors = handle->vectors.buf;
    return has_size(&handle->vectors, net->words * net->layer[0].inputs) && copy_head(net, head, head_bias) &&
           (!tabled || make_table(net)) && make_zeros(net);
}

static PyObject *network(PyObject *Py_UNUSED(module), PyObject *args) {
    struct handle *handle = calloc(1, sizeof *handle);
    if (!handle) return PyErr_NoMemory();
    PyObject *capsule = PyCapsule_New(handle, NETWORK, free_network);
    if (!capsule) free(handle);
    if (capsule && !fill_network(handle, args)) Py_CLEAR(capsule);
    return capsule;
}

static struct gs_network *network_of(PyObject *capsule) {
    struct handle *handle = PyCapsule_GetPointer(capsule, NETWORK);
    return handle ? &handle->net : NULL;
}

/* The buffers that `step` is given. */
enum { IDS, LENGTHS, CARRY, BEFORE, AFTER, ANSWERS, OVER_TIME };

struct buffers {
    Py_buffer buffer[OVER_TIME + 2 * GS_MOST_LAYERS];
    int count;
};

static int acquire(struct buffers *buffers, PyObject *source, int flags) {
    if (PyObject_GetBuffer(source, buffers->buffer + buffers->count, PyBUF_C_CONTIGUOUS | flags) < 0) return 0;
    buffers->count++;
    return 1;
}

static void release(struct buffers *buffers) {
    while (buffers->count) PyBuffer_Release(buffers->buffer + --buffers->count);
}

static Py_ssize_t items(const struct buffers *buffers, int which, Py_ssize_t size) {
    return buffers->buffer[which].len / size;
}

/* Nothing is computed that would read or write past an array: what is wrong, or NULL. */
static const char *fault_of(const struct gs_network *net, const struct buffers *buffers) {
    const int64_t *ids = buffers->buffer[IDS].buf, *carry = buffers->buffer[CARRY].buf;
    const int32_t *lengths = buffers->buffer[LENGTHS].buf;
    const Py_ssize_t batch = items(buffers, LENGTHS, 4), row = gs_state_size(net) * sizeof(float);
    Py_ssize_t words = 0, longest = 0;
    if (!batch) return "a chunk needs a row";
    if (items(buffers, CARRY, 8) != batch || buffers->buffer[AFTER].len != batch * row ||
        buffers->buffer[BEFORE].len % row || items(buffers, ANSWERS, 4) != 2 * batch * net->classes)
        return "arrays of one chunk have different numbers of rows";
    for (Py_ssize_t b = 0; b < batch; b++) {
        if (lengths[b] < 1) return "a row needs a word";
        if (carry[b] < -1 || carry[b] >= buffers->buffer[BEFORE].len / row)
            return "a row goes on from one that is not there";
        words += lengths[b];
        longest = lengths[b] > longest ? lengths[b] : longest;
    }
    if (items(buffers, IDS, 8) != words) return "lengths and words differ";
    for (Py_ssize_t i = 0; i < words; i++)
        if (ids[i] < 0 || ids[i] >= net->words) return "a word id outside of the vocabulary";
    const int over_time = buffers->count - OVER_TIME;
    if (over_time && over_time != net->layers && over_time != 2 * net->layers)
        return "what is kept over time has another number of layers";
    for (int i = 0; i < over_time; i++) {
        const int size = i < net->layers ? net->hidden : gs_cells[net->cell].values * net->units;
        if (items(buffers, OVER_TIME + i, 4) != longest * batch * size)
            return "what is kept over time has another shape";
    }
    return NULL;
}

static int acquire_all(struct buffers *buffers, PyObject *const arrays[], PyObject *over_time) {
    if (PyTuple_Size(over_time) > 2 * GS_MOST_LAYERS) return fail_value("more layers than there can be");
    for (int i = IDS; i < OVER_TIME; i++)
        if (!acquire(buffers, arrays[i], i < AFTER ? 0 : PyBUF_WRITABLE)) return 0;
    for (Py_ssize_t i = 0; i < PyTuple_Size(over_time); i++)
        if (!acquire(buffers, PyTuple_GetItem(over_time, i), PyBUF_WRITABLE)) return 0;
    return 1;
}

static int compute(const struct gs_network *net, const struct buffers *buffers) {
    const Py_buffer *buffer = buffers->buffer;
    struct gs_chunk chunk = {
        .net = net,
        .batch = items(buffers, LENGTHS, 4),
        .ids = buffer[IDS].buf,
        .lengths = buffer[LENGTHS].buf,
        .carry = buffer[CARRY].buf,
        .before = buffer[BEFORE].buf,
        .after = buffer[AFTER].buf,
        .logits = buffer[ANSWERS].buf,
    };
    chunk.probabilities = chunk.logits + chunk.batch * net->classes;
    for (int i = OVER_TIME; i < buffers->count; i++) {
        const int layer = i - OVER_TIME;
        if (layer < net->layers)
            chunk.over_time[layer] = buffer[i].buf;
        else
            chunk.values[layer - net->layers] = buffer[i].buf;
    }
    if (buffers->count > OVER_TIME) chunk.value_stride = items(buffers, OVER_TIME, 4) / net->hidden * net->units;
    int allocated;
    Py_BEGIN_ALLOW_THREADS allocated = gs_compute(&chunk);
    Py_END_ALLOW_THREADS if (!allocated) PyErr_NoMemory();
    return allocated;
}

static PyObject *step(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *capsule, *arrays[OVER_TIME], *over_time;
    struct buffers buffers = {.count = 0};
    if (!PyArg_ParseTuple(args, "OOOOOOOO!", &capsule, arrays, arrays + 1, arrays + 2, arrays + 3, arrays + 4,
                          arrays + 5, &PyTuple_Type, &over_time))
        return NULL;
    const struct gs_network *net = network_of(capsule);
    int done = net && acquire_all(&buffers, arrays, over_time);
    const char *fault = done ? fault_of(net, &buffers) : NULL;
    if (fault) done = fail_value(fault);
    done = done && compute(net, &buffers);
    release(&buffers);
    if (!done) return NULL;
    Py_RETURN_NONE;
}

static PyObject *widths(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing)) {
    PyObject *found = PyList_New(0);
    for (int width = 16; found && width >= 4; width /= 2) {
        PyObject *number = gs_step_of(width) ? PyLong_FromLong(width) : NULL;
        if (number && PyList_Append(found, number) < 0) Py_CLEAR(found);
        Py_XDECREF(number);
    }
    return found;
}

static PyObject *state_size(PyObject *Py_UNUSED(module), PyObject *capsule) {
    const struct gs_network *net = network_of(capsule);
    return net ? PyLong_FromLong(gs_state_size(net)) : NULL;
}

static PyMethodDef METHODS[] = {
    {"widths", widths, METH_NOARGS, NULL},
    {"network", network, METH_VARARGS, NULL},
    {"state_size", state_size, METH_O, NULL},
    {"step", step, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "recurrence", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_recurrence(void) { return PyModuleDef_Init(&MODULE); }
