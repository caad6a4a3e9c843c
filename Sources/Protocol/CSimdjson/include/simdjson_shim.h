#pragma once
// The C face of simdjson: parses a document into its flat tape, which Swift walks.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// A parsed document. Both pointers belong to the calling thread's parser and are valid until this thread's next
// call of apus_json_parse or apus_json_done.
struct apus_json_document {
    // One 64-bit word an element: the type character in the top byte, its payload in the lower 56 bits.
    const uint64_t *tape;
    // A string's payload is the offset here of its 32-bit length, which its bytes follow.
    const uint8_t *strings;
};

enum apus_json_outcome { APUS_JSON_OK = 0, APUS_JSON_MALFORMED = 1, APUS_JSON_TOO_DEEP = 2, APUS_JSON_TOO_LARGE = 3 };

// Parses `length` bytes. On anything but APUS_JSON_OK, `message` is a static sentence saying what is wrong.
enum apus_json_outcome apus_json_parse(
    const uint8_t *bytes, size_t length, struct apus_json_document *document, const char **message);

// Tells that the document has been read, so that the buffers of a large one are given back.
void apus_json_done(void);

#ifdef __cplusplus
}
#endif
