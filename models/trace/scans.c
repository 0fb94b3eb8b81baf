/* One linear recurrence, over all units at once. */

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

static PyObject *scan(PyObject *module, PyObject *args) {
    PyObject *arrays[3];
    Py_buffer buffer[3];
    Py_ssize_t size;
    int backwards, taken = 0;
    if (!PyArg_ParseTuple(args, "OOOnp", arrays, arrays + 1, arrays + 2, &size, &backwards)) return NULL;
    while (taken < 3 && !PyObject_GetBuffer(arrays[taken], buffer + taken,
                                            PyBUF_C_CONTIGUOUS | (taken == 2 ? PyBUF_WRITABLE : 0)))
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

static PyMethodDef METHODS[] = {{"scan", scan, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "scans", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_scans(void) { return PyModuleDef_Init(&MODULE); }
