/* The ids of a text's words, found in one pass over its UTF-8 bytes: what `Vocabulary.encode_by_pattern` does with a
 * regular expression and a dictionary. What a code point is comes from `Pattern.kinds`. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdlib.h>
#include <string.h>

#include "utf8_words.h"

enum { UNKNOWN = 1, ABSENT = -1, FAILED = -2, LONGEST_LOWERED = 256 };

struct entry {
    uint32_t start, size; /* of the word in `words` */
    int32_t id;
};

/* Words by the hash of their bytes, open addressing. Frequent words come first, so that they share cache lines. */
struct table {
    uint32_t count, mask, longest;
    struct slot {
        uint32_t hash, entry; /* number of the entry + 1; 0 is an empty slot */
    } *slots;
    struct entry *entries;
    char *words;
    PyObject *kinds_object, *fold;
    const unsigned char *kinds; /* of every code point */
};

static const char TABLE[] = "gatescope.word_ids";

static void free_table(PyObject *capsule) {
    struct table *table = PyCapsule_GetPointer(capsule, TABLE);
    if (!table) return;
    Py_XDECREF(table->kinds_object);
    Py_XDECREF(table->fold);
    free(table->slots);
    free(table->entries);
    free(table->words);
    free(table);
}

/* The slot of a word, or the empty one where it belongs. */
static struct slot *slot_of(const struct table *table, uint32_t hash, const char *word, uint32_t size) {
    for (uint32_t place = hash ^ hash >> 15;; place++) {
        struct slot *slot = table->slots + (place & table->mask);
        if (!slot->entry) return slot;
        const struct entry *entry = table->entries + slot->entry - 1;
        if (slot->hash == hash && entry->size == size && !memcmp(table->words + entry->start, word, size)) return slot;
    }
}

static int32_t id_of(const struct table *table, uint32_t hash, const char *word, uint32_t size) {
    const struct slot *slot = slot_of(table, hash, word, size);
    return slot->entry ? table->entries[slot->entry - 1].id : ABSENT;
}

/* The id of a word of which only ASCII letters change in small letters. */
static int32_t id_in_lower_case(const struct table *table, const char *word, uint32_t size) {
    char lowered[LONGEST_LOWERED];
    uint32_t hash = BASIS;
    for (uint32_t i = 0; i < size; i++) {
        lowered[i] = word[i] >= 'A' && word[i] <= 'Z' ? word[i] + ('a' - 'A') : word[i];
        hash = hashed(hash, lowered[i]);
    }
    return id_of(table, hash, lowered, size);
}

static int32_t id_of_string(const struct table *table, PyObject *string) {
    Py_ssize_t size;
    const char *word = PyUnicode_AsUTF8AndSize(string, &size);
    if (!word) return FAILED;
    uint32_t hash = BASIS;
    for (Py_ssize_t i = 0; i < size; i++) hash = hashed(hash, word[i]);
    return id_of(table, hash, word, (uint32_t)size);
}

/* The id of a word as the pattern folds it; FAILED with an error set where that can't be done. */
static int32_t id_when_folded(const struct table *table, const char *word, uint32_t size) {
    PyObject *typed = PyUnicode_DecodeUTF8(word, size, NULL);
    PyObject *folded = typed ? PyObject_CallFunctionObjArgs(table->fold, typed, NULL) : NULL;
    const int32_t id = folded ? id_of_string(table, folded) : FAILED;
    Py_XDECREF(folded);
    Py_XDECREF(typed);
    return id;
}

/* The id of a word as typed, else as folded. */
static int32_t id_of_word(const struct table *table, const char *start, struct word word) {
    const uint32_t size = (uint32_t)((const char *)word.end - start);
    const int32_t id = id_of(table, word.hash, start, size);
    if (id != ABSENT) return id;
    const int capitals = word.ascii & FOLDED;
    if (word.others & FOLDED || (capitals && size > LONGEST_LOWERED)) return id_when_folded(table, start, size);
    return capitals && size <= table->longest ? id_in_lower_case(table, start, size) : ABSENT;
}

/* What one pass over a text has found: for each word its id, or, where `ids` is NULL, where it begins and ends. */
struct found {
    int64_t *ids, *spans;
    Py_ssize_t count;
    int failed; /* with an error set */
};

static void note_id(const struct table *table, const unsigned char *at, struct word word, struct found *found) {
    const int32_t id = id_of_word(table, (const char *)at, word);
    found->failed = id == FAILED;
    found->ids[found->count++] = id < 0 ? UNKNOWN : id;
}

static void note_span(const unsigned char *text, const unsigned char *at, struct word word, struct found *found) {
    int64_t *span = found->spans + 2 * found->count++;
    span[0] = at - text;
    span[1] = word.end - text;
}

static void read_text(const struct table *table, const unsigned char *text, Py_ssize_t size, Py_ssize_t most,
                      struct found *found) {
    const unsigned char *at = text, *const end = text + size, *past;
    while (at < end && found->count < most && !found->failed) {
        const struct point point = point_at(at);
        if (table->kinds[point.code] & SPACE) {
            at += point.size;
        } else if (*at == '<' && (past = past_markup(at, end)) > at) {
            at = past;
        } else {
            const struct word word = word_at(table->kinds, at, end, point);
            if (found->ids)
                note_id(table, at, word, found);
            else
                note_span(text, at, word, found);
            at = word.end;
        }
    }
}

/* From bytes to code points: every byte that continues a code point counts for nothing. */
static void in_code_points(const unsigned char *text, struct found *found) {
    Py_ssize_t byte = 0, continuing = 0;
    for (Py_ssize_t i = 0; i < 2 * found->count; i++) {
        for (; byte < found->spans[i]; byte++) continuing += (text[byte] & 0xc0) == 0x80;
        found->spans[i] -= continuing;
    }
}

/* Read up to `most` words of a text; false, and an error set or not, where that can't be done. */
static int read_words(PyObject *args, int spans, struct found *found, Py_ssize_t *most) {
    PyObject *capsule, *text;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "OUn", &capsule, &text, most)) return 0;
    const struct table *table = PyCapsule_GetPointer(capsule, TABLE);
    const char *bytes = table ? PyUnicode_AsUTF8AndSize(text, &size) : NULL;
    if (table && !bytes) PyErr_Clear(); /* a lone surrogate */
    if (!bytes) return 0;
    const Py_ssize_t room = *most < 0 ? 0 : *most < size ? *most + 1 : size;
    int64_t *numbers = malloc((room + 1) * (spans ? 2 : 1) * sizeof *numbers);
    if (!numbers) {
        PyErr_NoMemory();
        return 0;
    }
    *found = (struct found){spans ? NULL : numbers, spans ? numbers : NULL, 0, 0};
    read_text(table, (const unsigned char *)bytes, size, room, found);
    if (spans) in_code_points((const unsigned char *)bytes, found);
    if (found->failed) free(numbers);
    return !found->failed;
}

static PyObject *encode(PyObject *module, PyObject *args) {
    struct found found;
    Py_ssize_t most;
    if (!read_words(args, 0, &found, &most)) return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    const Py_ssize_t kept = found.count < most ? found.count : most;
    PyObject *ids = PyBytes_FromStringAndSize((const char *)found.ids, kept * sizeof *found.ids);
    free(found.ids);
    return ids ? Py_BuildValue("NO", ids, found.count > most ? Py_True : Py_False) : NULL;
}

static PyObject *spans(PyObject *module, PyObject *args) {
    struct found found;
    Py_ssize_t most;
    if (!read_words(args, 1, &found, &most)) return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    const Py_ssize_t kept = found.count < most ? found.count : most;
    PyObject *places = PyBytes_FromStringAndSize((const char *)found.spans, 2 * kept * sizeof *found.spans);
    free(found.spans);
    return places;
}

/* The bytes of all words; -1 with an error set where one is no text of UTF-8. */
static Py_ssize_t bytes_of(PyObject *words) {
    Py_ssize_t bytes = 0;
    for (Py_ssize_t i = 0, size; i < PyTuple_Size(words); i++) {
        if (!PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, i), &size)) return -1;
        bytes += size;
    }
    return bytes;
}

/* Make room for `count` words of `bytes` together; false with an error set where there is none. */
static int make_room(struct table *table, Py_ssize_t count, Py_ssize_t bytes) {
    uint32_t slots = 64;
    while (slots < 1.5 * count) slots *= 2;
    table->mask = slots - 1;
    table->slots = calloc(slots, sizeof *table->slots);
    table->entries = calloc(count + 1, sizeof *table->entries);
    table->words = malloc(bytes + 1);
    if (table->slots && table->entries && table->words && bytes <= UINT32_MAX) return 1;
    PyErr_NoMemory();
    return 0;
}

/* Put a word in where it is not there yet. */
static void add(struct table *table, const char *word, uint32_t size, uint32_t *used, int32_t id) {
    uint32_t hash = BASIS;
    for (uint32_t i = 0; i < size; i++) hash = hashed(hash, word[i]);
    struct slot *slot = slot_of(table, hash, word, size);
    if (slot->entry) return;
    memcpy(table->words + *used, word, size);
    table->entries[table->count] = (struct entry){*used, size, id};
    *slot = (struct slot){hash, ++table->count};
    *used += size;
    table->longest = size > table->longest ? size : table->longest;
}

/* Put all words in; false with an error set where an id is no number. */
static int fill(struct table *table, PyObject *words, PyObject *ids) {
    uint32_t used = 0;
    for (Py_ssize_t i = 0, size; i < PyTuple_Size(words); i++) {
        const char *word = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, i), &size);
        const long id = PyLong_AsLong(PyTuple_GetItem(ids, i));
        if (PyErr_Occurred()) return 0;
        add(table, word, (uint32_t)size, &used, (int32_t)id);
    }
    return 1;
}

static PyObject *table(PyObject *module, PyObject *args) {
    PyObject *words, *ids, *kinds, *fold;
    if (!PyArg_ParseTuple(args, "O!O!SO", &PyTuple_Type, &words, &PyTuple_Type, &ids, &kinds, &fold)) return NULL;
    const Py_ssize_t count = PyTuple_Size(words), bytes = bytes_of(words);
    if (bytes < 0) return NULL;
    if (PyBytes_Size(kinds) != CODE_POINTS || PyTuple_Size(ids) != count || count >= 1 << 30)
        return PyErr_Format(PyExc_ValueError, "a table needs an id a word, and kinds as Pattern.kinds has them");
    struct table *made = calloc(1, sizeof *made);
    if (!made) return PyErr_NoMemory();
    made->kinds_object = Py_NewRef(kinds);
    made->kinds = (const unsigned char *)PyBytes_AsString(kinds);
    made->fold = Py_NewRef(fold);
    PyObject *capsule = PyCapsule_New(made, TABLE, free_table);
    if (!capsule) {
        Py_DECREF(kinds);
        Py_DECREF(fold);
        free(made);
    } else if (!make_room(made, count, bytes) || !fill(made, words, ids)) {
        Py_CLEAR(capsule);
    }
    return capsule;
}

static PyMethodDef METHODS[] = {
    {"table", table, METH_VARARGS, NULL},
    {"encode", encode, METH_VARARGS, NULL},
    {"spans", spans, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "word_ids", .m_size = 0, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_word_ids(void) { return PyModuleDef_Init(&MODULE); }
