/* Where the words of a UTF-8 text begin and end, by what kinds of code points it has: as `pattern.py` defines them. */

#include <stdint.h>

enum { CODE_POINTS = 0x110000 };
enum { LETTER = 1, SPACE = 2, FOLDED = 4, MARK = 8, CLUSTER = 16, SYMBOL = 32, FLAG = 64 }; /* as in pattern.py */
enum { APOSTROPHE = '\'', RIGHT_QUOTE = 0x2019, ZERO_WIDTH_JOINER = 0x200d };

/* FNV-1a (Fowler, Noll, Vo), a byte at a time. */
enum { BASIS = 0x811c9dc5u };
static uint32_t hashed(uint32_t hash, unsigned char byte) { return (hash ^ byte) * 0x01000193u; }

/* A code point and its bytes. */
struct point {
    uint32_t code;
    int size;
};

/* The code point at `at`. The text is valid UTF-8. */
static struct point point_at(const unsigned char *at) {
    if (at[0] < 0x80) return (struct point){at[0], 1};
    if (at[0] < 0xe0) return (struct point){(at[0] & 0x1fu) << 6 | (at[1] & 0x3fu), 2};
    if (at[0] < 0xf0) return (struct point){(at[0] & 0x0fu) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu), 3};
    return (struct point){
        (at[0] & 0x07u) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3fu), 4};
}

static int ascii_letter(unsigned char byte) { return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'; }

/* Where markup that begins at `at` ends; `at` where none does. */
static const unsigned char *past_markup(const unsigned char *at, const unsigned char *end) {
    const unsigned char *next = at + 1;
    if (next < end && *next == '/') next++;
    if (next >= end || !ascii_letter(*next)) return at;
    while (next < end && *next != '<' && *next != '>') next++;
    return next < end && *next == '>' ? next + 1 : at;
}

/* A word: where it ends, the hash of its bytes, the kinds of its ASCII letters together, and those of all others. */
struct word {
    const unsigned char *end;
    uint32_t hash;
    unsigned char ascii, others;
};

static void take(struct word *word, const unsigned char *kinds, struct point point) {
    for (int i = 0; i < point.size; i++) word->hash = hashed(word->hash, *word->end++);
    word->others |= kinds[point.code];
}

static int inner_apostrophe(const unsigned char *kinds, const unsigned char *end, const unsigned char *at,
                            struct point point) {
    if (point.code != APOSTROPHE && point.code != RIGHT_QUOTE) return 0;
    return at + point.size < end && kinds[point_at(at + point.size).code] & LETTER;
}

/* Letters with their marks, and apostrophes between letters. */
static void take_letters(struct word *word, const unsigned char *kinds, const unsigned char *end) {
    while (word->end < end) {
        const unsigned char byte = *word->end;
        if (byte < 0x80 && kinds[byte] & LETTER) {
            word->ascii |= kinds[byte];
            word->hash = hashed(word->hash, byte);
            word->end++;
            continue;
        }
        if (byte < 0x80 && byte != APOSTROPHE) return;
        const struct point point = point_at(word->end);
        const int belongs = kinds[point.code] & (LETTER | MARK) || inner_apostrophe(kinds, end, word->end, point);
        if (!belongs) return;
        take(word, kinds, point);
    }
}

/* The marks of one letter or symbol, and the symbols that are joined to it. */
static void take_marks(struct word *word, const unsigned char *kinds, const unsigned char *end, int joins) {
    for (uint32_t before = 0; word->end < end;) {
        const struct point point = point_at(word->end);
        const int joined = joins && before == ZERO_WIDTH_JOINER && kinds[point.code] & SYMBOL;
        if (!joined && !(kinds[point.code] & MARK)) return;
        take(word, kinds, point);
        before = point.code;
    }
}

/* The word that begins at `at` with `point`, which is no white space. */
static struct word word_at(const unsigned char *kinds, const unsigned char *at, const unsigned char *end,
                           struct point point) {
    struct word word = {at, BASIS, 0, 0};
    const unsigned char kind = kinds[point.code];
    if (kind & LETTER) {
        take_letters(&word, kinds, end);
        return word;
    }
    take(&word, kinds, point);
    if (kind & (CLUSTER | SYMBOL)) take_marks(&word, kinds, end, kind & SYMBOL);
    if (kind & FLAG && word.end < end && kinds[point_at(word.end).code] & FLAG) take(&word, kinds, point_at(word.end));
    return word;
}
