/* Linear recurrences over all units at once. */

#define Py_LIMITED_API 0x030b0000
#include <Python.h>

/* states[t] = write[t] + keep[t] * states[t - 1], or, backwards, write[t] + keep[t + 1] * states[t + 1]. */
static void scan_rows(const float *keep, const float *write, float *states, Py_ssize_t rows, Py_ssize_t size,
                      int backwards) {
    const Py_ssize_t step = backwards ? -size : size;
    Py_ssize_t row = backwards ? (rows - 1) * size : 0;
    for (Py_ssize_t unit = 0; unit < size; unit++) states[row + unit] = write[row + unit];
    while (--rows > 0) {
        const float *share = keep + (backwards ? row : row + step), *before = states + row;
        row += step;
        for (Py_ssize_t unit = 0; unit < size; unit++)
            states[row + unit] = write[row + unit] + share[unit] * before[unit];
    }
}

static PyObject *scan(PyObject *Py_UNUSED(module), PyObject *args) {
    PyObject *arrays[3];
    Py_buffer buffer[3];
    Py_ssize_t size;
    int backwards, taken = 0;
    if (!PyArg_ParseTuple(args, "OOOnp", arrays, arrays + 1, arrays + 2, &size, &backwards)) return NULL;
    while (taken < 3 &&
           !PyObject_GetBuffer(arrays[taken], buffer + taken, PyBUF_C_CONTIGUOUS | (taken == 2 ? PyBUF_WRITABLE : 0)))
        taken++;
    if (taken == 3) {
        const Py_ssize_t bytes = buffer[0].len, row = size * (Py_ssize_t)sizeof(float);
        if (size < 1 || !bytes || bytes % row || buffer[1].len != bytes || buffer[2].len != bytes)
            PyErr_SetString(PyExc_ValueError, "three arrays of rows of one size are needed");
        else
            scan_rows(buffer[0].buf, buffer[1].buf, buffer[2].buf, bytes / row, size, backwards);
    }
    while (taken) PyBuffer_Release(buffer + --taken);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

/* sums += x W, four inputs at a time. */
static void add_product(const float *x, const float *weights, float *sums, Py_ssize_t size) {
    Py_ssize_t k = 0;
    for (; k + 4 <= size; k += 4) {
        const float *row = weights + k * size;
        for (Py_ssize_t unit = 0; unit < size; unit++)
            sums[unit] += x[k] * row[unit] + x[k + 1] * row[size + unit] + x[k + 2] * row[2 * size + unit] +
                          x[k + 3] * row[3 * size + unit];
    }
    for (; k < size; k++)
        for (Py_ssize_t unit = 0; unit < size; unit++) sums[unit] += x[k] * weights[k * size + unit];
}

/* From the last row to the first: state = readout (grad_hidden + later) + kept, grad = state slope, kept = state keep,
 * later = (grad reset) W. All are [rows, size], `weights` [size, size]; `spare` holds three rows of zeros. */
static void scan_gradient(const float *grad_hidden, const float *readout, const float *keep, const float *slope,
                          const float *reset, const float *weights, float *grad, float *spare, Py_ssize_t rows,
                          Py_ssize_t size) {
    float *kept = spare, *later = spare + size, *reset_grad = spare + 2 * size;
    for (Py_ssize_t at = (rows - 1) * size; at >= 0; at -= size) {
        for (Py_ssize_t unit = 0; unit < size; unit++) {
            const float state = readout[at + unit] * (grad_hidden[at + unit] + later[unit]) + kept[unit];
            grad[at + unit] = state * slope[at + unit];
            kept[unit] = state * keep[at + unit];
            reset_grad[unit] = grad[at + unit] * reset[at + unit];
            later[unit] = 0;
        }
        add_product(reset_grad, weights, later, size);
    }
}

static PyObject *backward_scan(PyObject *Py_UNUSED(module), PyObject *args) {
    enum { GRAD_HIDDEN, READOUT, KEEP, SLOPE, RESET, WEIGHTS, GRAD, COUNT };
    PyObject *arrays[COUNT];
    Py_buffer buffer[COUNT];
    int taken = 0, fits = 1;
    if (!PyArg_ParseTuple(args, "OOOOOOO", arrays, arrays + 1, arrays + 2, arrays + 3, arrays + 4, arrays + 5,
                          arrays + 6))
        return NULL;
    while (taken < COUNT && !PyObject_GetBuffer(arrays[taken], buffer + taken,
                                                PyBUF_C_CONTIGUOUS | PyBUF_ND | (taken == GRAD ? PyBUF_WRITABLE : 0)))
        taken++;
    if (taken == COUNT) {
        const Py_buffer *weights = buffer + WEIGHTS;
        const Py_ssize_t size = weights->ndim == 2 && weights->shape[0] == weights->shape[1] ? weights->shape[0] : 0;
        const Py_ssize_t row = size * (Py_ssize_t)sizeof(float);
        for (int i = 0; i < COUNT; i++)
            fits &= size && buffer[i].itemsize == sizeof(float) && (i == WEIGHTS || buffer[i].len == buffer[GRAD].len);
        fits = fits && buffer[GRAD].len % row == 0;
        float *spare = fits ? PyMem_Calloc(3 * size, sizeof *spare) : NULL;
        if (!fits)
            PyErr_SetString(PyExc_ValueError, "arrays [T, H] and weights [H, H] are needed");
        else if (!spare)
            PyErr_NoMemory();
        else
            scan_gradient(buffer[GRAD_HIDDEN].buf, buffer[READOUT].buf, buffer[KEEP].buf, buffer[SLOPE].buf,
                          buffer[RESET].buf, weights->buf, buffer[GRAD].buf, spare, buffer[GRAD].len / row, size);
        PyMem_Free(spare);
    }
    while (taken) PyBuffer_Release(buffer + --taken);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef METHODS[] = {
    {"scan", scan, METH_VARARGS, NULL},
    {"backward_scan", backward_scan, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "scans", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_scans(void) { return PyModuleDef_Init(&MODULE); }
