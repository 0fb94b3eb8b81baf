/* Recurrences over time, all units at once. Arrays are [rows, size], C-contiguous float32. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <math.h>
#include <string.h>

/* What `gradient_scan.h` reads and writes: all [rows, size], but `weights` [size, size] and `spare` [3, size], zeros.
 */
struct gradient_scan {
    const float *grad_hidden, *readout, *keep, *slope, *reset, *weights;
    float *grad, *spare;
    Py_ssize_t rows, size;
};

#define WIDTH 4
#define TARGET
#define NAME(x) x##_4
#include "gradient_scan.h"

#if defined(__x86_64__)
#define WIDTH 8
#define TARGET __attribute__((target("avx2,fma")))
#define NAME(x) x##_8
#include "gradient_scan.h"

#define WIDTH 16
#define TARGET __attribute__((target("avx512f,prefer-vector-width=512")))
#define NAME(x) x##_16
#include "gradient_scan.h"
#endif

/* In the widest vectors of this machine. */
static void scan_gradient(const struct gradient_scan *of) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return scan_gradient_16(of);
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return scan_gradient_8(of);
#endif
    scan_gradient_4(of);
}

/* states[t] = write[t] + keep[t] * states[t - 1], or, backwards, write[t] + keep[t + 1] * states[t + 1]. */
static void scan_rows(const float *keep, const float *write, float *states, Py_ssize_t rows, Py_ssize_t size,
                      int backwards) {
    const Py_ssize_t step = backwards ? -size : size;
    Py_ssize_t row = backwards ? (rows - 1) * size : 0;
    memcpy(states + row, write + row, size * sizeof(float));
    while (--rows > 0) {
        const float *share = keep + (backwards ? row : row + step), *before = states + row;
        row += step;
        for (Py_ssize_t unit = 0; unit < size; unit++)
            states[row + unit] = write[row + unit] + share[unit] * before[unit];
    }
}

/* largest[t] = the larger of values[t] and largest[t - 1]. */
static void scan_largest(const float *values, float *largest, Py_ssize_t rows, Py_ssize_t size) {
    memcpy(largest, values, size * sizeof(float));
    for (Py_ssize_t at = size; at < rows * size; at++) {
        const float before = largest[at - size];
        largest[at] = values[at] > before ? values[at] : before;
    }
}

/* ratio = gate tanh / x, where `tanh` is that of x: `gate` where x is next to 0. */
static void divide(const float *restrict gate, const float *restrict tanh, const float *restrict x,
                   float *restrict ratio, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        const float over = fabsf(x[i]) < 1e-4f ? 1.f : tanh[i], under = fabsf(x[i]) < 1e-4f ? 1.f : x[i];
        ratio[i] = gate[i] * over / under;
    }
}

/* Arrays of one call; the last is written to. */
enum { MOST_ARRAYS = 7 };

struct arrays {
    Py_buffer buffer[MOST_ARRAYS];
    int count;
};

static void release(struct arrays *arrays) {
    while (arrays->count) PyBuffer_Release(arrays->buffer + --arrays->count);
}

/* Take `count` arrays. False, with an error set and none taken, where one is no [rows, size] as the last one is; the
 * one at `square`, if any, is [size, size]. */
static int acquire(struct arrays *arrays, PyObject *const sources[], int count, int square) {
    for (arrays->count = 0; arrays->count < count; arrays->count++) {
        const int flags = PyBUF_C_CONTIGUOUS | PyBUF_ND | (arrays->count == count - 1 ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(sources[arrays->count], arrays->buffer + arrays->count, flags) < 0) {
            release(arrays);
            return 0;
        }
    }
    const Py_buffer *last = arrays->buffer + count - 1;
    const Py_ssize_t size = last->ndim == 2 ? last->shape[1] : 0;
    int fits = size && last->shape[0];
    for (int i = 0; fits && i < count; i++) {
        const Py_buffer *one = arrays->buffer + i;
        fits = one->ndim == 2 && one->itemsize == sizeof(float) && one->shape[1] == size &&
               one->shape[0] == (i == square ? size : last->shape[0]);
    }
    if (fits) return 1;
    release(arrays);
    PyErr_SetString(PyExc_ValueError, "arrays [T, H] of float32, T >= 1, and weights [H, H] are needed");
    return 0;
}

static PyObject *scan(PyObject *Py_UNUSED(module), PyObject *args) {
    enum { KEEP, WRITE, STATES, COUNT };
    PyObject *sources[COUNT];
    struct arrays arrays;
    int backwards;
    if (!PyArg_ParseTuple(args, "OOOp", sources, sources + 1, sources + 2, &backwards) ||
        !acquire(&arrays, sources, COUNT, -1))
        return NULL;
    const Py_buffer *buffer = arrays.buffer;
    scan_rows(buffer[KEEP].buf, buffer[WRITE].buf, buffer[STATES].buf, buffer->shape[0], buffer->shape[1], backwards);
    release(&arrays);
    Py_RETURN_NONE;
}

static PyObject *running_max(PyObject *Py_UNUSED(module), PyObject *args) {
    enum { VALUES, LARGEST, COUNT };
    PyObject *sources[COUNT];
    struct arrays arrays;
    if (!PyArg_ParseTuple(args, "OO", sources, sources + 1) || !acquire(&arrays, sources, COUNT, -1)) return NULL;
    const Py_buffer *buffer = arrays.buffer;
    scan_largest(buffer[VALUES].buf, buffer[LARGEST].buf, buffer->shape[0], buffer->shape[1]);
    release(&arrays);
    Py_RETURN_NONE;
}

static PyObject *tanh_ratio(PyObject *Py_UNUSED(module), PyObject *args) {
    enum { GATE, TANH, X, RATIO, COUNT };
    PyObject *sources[COUNT];
    struct arrays arrays;
    if (!PyArg_ParseTuple(args, "OOOO", sources, sources + 1, sources + 2, sources + 3) ||
        !acquire(&arrays, sources, COUNT, -1))
        return NULL;
    const Py_buffer *buffer = arrays.buffer;
    divide(buffer[GATE].buf, buffer[TANH].buf, buffer[X].buf, buffer[RATIO].buf, buffer->shape[0] * buffer->shape[1]);
    release(&arrays);
    Py_RETURN_NONE;
}

static PyObject *backward_scan(PyObject *Py_UNUSED(module), PyObject *args) {
    enum { GRAD_HIDDEN, READOUT, KEEP, SLOPE, RESET, WEIGHTS, GRAD, COUNT };
    PyObject *sources[COUNT];
    struct arrays arrays;
    if (!PyArg_ParseTuple(args, "OOOOOOO", sources, sources + 1, sources + 2, sources + 3, sources + 4, sources + 5,
                          sources + 6) ||
        !acquire(&arrays, sources, COUNT, WEIGHTS))
        return NULL;
    const Py_buffer *buffer = arrays.buffer;
    const Py_ssize_t rows = buffer->shape[0], size = buffer->shape[1];
    float *spare = PyMem_Calloc(3 * size, sizeof *spare);
    const struct gradient_scan of = {
        .grad_hidden = buffer[GRAD_HIDDEN].buf,
        .readout = buffer[READOUT].buf,
        .keep = buffer[KEEP].buf,
        .slope = buffer[SLOPE].buf,
        .reset = buffer[RESET].buf,
        .weights = buffer[WEIGHTS].buf,
        .grad = buffer[GRAD].buf,
        .spare = spare,
        .rows = rows,
        .size = size,
    };
    if (spare) scan_gradient(&of);
    PyMem_Free(spare);
    release(&arrays);
    if (!spare) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"scan", scan, METH_VARARGS, NULL},
    {"running_max", running_max, METH_VARARGS, NULL},
    {"tanh_ratio", tanh_ratio, METH_VARARGS, NULL},
    {"backward_scan", backward_scan, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "scans", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_scans(void) { return PyModuleDef_Init(&MODULE); }
