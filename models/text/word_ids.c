/* The ids of a text's words, found in one pass over its UTF-8 bytes: what `Vocabulary.encode` does with a regular
 * expression and a dictionary, for every text where bytes alone tell the answer. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS = 1 << 16, LONGEST_LOWERED = 256 };
enum { IN_WORD = 1, SPACE = 2, CASED = 4 }; /* CASED: lower-casing changes it */
enum { APOSTROPHE = '\'', RIGHT_QUOTE = 0x2019, UNKNOWN = 1 };

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
    unsigned char kinds[KINDS];
};

static const char TABLE[] = "gatescope.word_ids";

static void free_table(PyObject *capsule) {
    struct table *table = PyCapsule_GetPointer(capsule, TABLE);
    if (!table) return;
    free(table->slots), free(table->entries), free(table->words), free(table);
}

/* FNV-1a (Fowler, Noll, Vo), a byte at a time. */
enum { BASIS = 0x811c9dc5u };
static uint32_t hashed(uint32_t hash, unsigned char byte) { return (hash ^ byte) * 0x01000193u; }

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
    return slot->entry ? table->entries[slot->entry - 1].id : -1;
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

/* The code point at `at`, below KINDS, and its bytes; size 0 for one beyond. The text is valid UTF-8. */
struct point {
    uint32_t code;
    int size;
};
static struct point point_at(const unsigned char *at) {
    if (at[0] < 0x80) return (struct point){at[0], 1};
    if (at[0] < 0xe0) return (struct point){(at[0] & 0x1fu) << 6 | (at[1] & 0x3fu), 2};
    if (at[0] < 0xf0) return (struct point){(at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu), 3};
    return (struct point){0, 0};
}

static int letter(unsigned char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

/* Where markup that begins at `at` ends; `at` where none does. */
static const unsigned char *past_markup(const unsigned char *at, const unsigned char *end) {
    const unsigned char *next = at + 1;
    if (next < end && *next == '/') next++;
    if (next >= end || !letter(*next)) return at;
    while (next < end && *next != '<' && *next != '>') next++;
    return next < end && *next == '>' ? next + 1 : at;
}

/* A word: where it ends, the hash of its bytes, whether letters of it have a small form, ASCII ones and others. */
struct word {
    const unsigned char *end;
    uint32_t hash;
    int capitals, other_capitals;
};

/* The word that begins at `at`, of which the first code point has been read. */
static struct word word_at(const struct table *table, const unsigned char *at, const unsigned char *end,
                           struct point first) {
    struct word word = {at, BASIS, 0, 0};
    unsigned char kind = table->kinds[first.code];
    struct point point = first;
    for (;;) {
        if (kind & CASED) *(point.size > 1 ? &word.other_capitals : &word.capitals) = 1;
        for (int i = 0; i < point.size; i++) word.hash = hashed(word.hash, *word.end++);
        if (!(table->kinds[first.code] & IN_WORD) || word.end >= end) return word;
        point = point_at(word.end);
        if (point.size && (kind = table->kinds[point.code]) & IN_WORD) continue;
        if (!point.size || (point.code != APOSTROPHE && point.code != RIGHT_QUOTE)) return word;
        if (word.end + point.size >= end) return word;
        const struct point after = point_at(word.end + point.size);
        if (!after.size || !(table->kinds[after.code] & IN_WORD)) return word;
    }
}

/* What one pass over a text has found: for each word its id, or, where `ids` is NULL, where it begins and ends. */
struct found {
    int64_t *ids, *spans;
    Py_ssize_t count;
    int undecided; /* bytes do not tell: a code point beyond, or an unknown word in capitals that are not ASCII */
};

static void note_id(const struct table *table, const unsigned char *at, struct word word, struct found *found) {
    const uint32_t size = (uint32_t)(word.end - at);
    int32_t id = id_of(table, word.hash, (const char *)at, size);
    if (id < 0 && word.other_capitals) found->undecided = 1;
    if (id < 0 && word.capitals && size <= table->longest) {
        if (size <= LONGEST_LOWERED)
            id = id_in_lower_case(table, (const char *)at, size);
        else
            found->undecided = 1;
    }
    found->ids[found->count++] = id < 0 ? UNKNOWN : id;
}

static void read_text(const struct table *table, const unsigned char *text, Py_ssize_t size, Py_ssize_t most,
                      struct found *found) {
    const unsigned char *at = text, *const end = text + size, *past;
    while (at < end && found->count < most && !found->undecided) {
        const struct point point = point_at(at);
        if (!point.size) {
            found->undecided = 1;
        } else if (table->kinds[point.code] & SPACE) {
            at += point.size;
        } else if (*at == '<' && (past = past_markup(at, end)) > at) {
            at = past;
        } else {
            const struct word word = word_at(table, at, end, point);
            if (found->ids)
                note_id(table, at, word, found);
            else
                found->spans[2 * found->count] = at - text, found->spans[2 * found->count++ + 1] = word.end - text;
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
    if (!numbers) return PyErr_NoMemory(), 0;
    *found = (struct found){spans ? NULL : numbers, spans ? numbers : NULL, 0, 0};
    read_text(table, (const unsigned char *)bytes, size, room, found);
    if (!found->undecided && spans) in_code_points((const unsigned char *)bytes, found);
    if (found->undecided) free(numbers);
    return !found->undecided;
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

static PyObject *table(PyObject *module, PyObject *args) {
    PyObject *words, *ids;
    Py_buffer kinds;
    uint32_t used = 0, slots = 64;
    size_t bytes = 1;
    if (!PyArg_ParseTuple(args, "O!O!y*", &PyTuple_Type, &words, &PyTuple_Type, &ids, &kinds)) return NULL;
    const Py_ssize_t count = PyTuple_Size(words);
    struct table *made = calloc(1, sizeof *made);
    PyObject *capsule = made ? PyCapsule_New(made, TABLE, free_table) : PyErr_NoMemory();
    if (!capsule) free(made);
    if (capsule && (kinds.len != KINDS || PyTuple_Size(ids) != count || count >= 1 << 30)) {
        PyErr_SetString(PyExc_ValueError, "a table needs an id a word, and a kind for each of 65536 code points");
        Py_CLEAR(capsule);
    }
    for (Py_ssize_t i = 0, size; capsule && i < count; i++) {
        if (PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, i), &size))
            bytes += size;
        else
            Py_CLEAR(capsule);
    }
    if (capsule) {
        while (slots < 1.5 * count) slots *= 2;
        memcpy(made->kinds, kinds.buf, KINDS);
        made->mask = slots - 1;
        made->slots = calloc(slots, sizeof *made->slots);
        made->entries = calloc(count + 1, sizeof *made->entries);
        made->words = malloc(bytes);
        if (!made->slots || !made->entries || !made->words || bytes > UINT32_MAX) {
            PyErr_NoMemory();
            Py_CLEAR(capsule);
        }
    }
    for (Py_ssize_t i = 0, size; capsule && i < count; i++) {
        const char *word = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, i), &size);
        const long id = PyLong_AsLong(PyTuple_GetItem(ids, i));
        if (PyErr_Occurred())
            Py_CLEAR(capsule);
        else
            add(made, word, (uint32_t)size, &used, (int32_t)id);
    }
    PyBuffer_Release(&kinds);
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
