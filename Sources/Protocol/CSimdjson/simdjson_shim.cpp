#include "simdjson_shim.h"

#include <simdjson.h>

namespace {
// One parser a thread: its buffers are reused, which saves five allocations a document.
thread_local simdjson::dom::parser parser;
// Documents up to this many bytes leave their buffers to the next one.
constexpr size_t retained_bytes_max = 1 << 20;
}  // namespace

extern "C" enum apus_json_outcome apus_json_parse(
    const uint8_t *bytes, size_t length, struct apus_json_document *document, const char **message) {
    simdjson::error_code error = parser.parse(reinterpret_cast<const char *>(bytes), length, true).error();
    *message = simdjson::error_message(error);
    switch (error) {
        case simdjson::SUCCESS:
            document->tape = parser.doc.tape.get();
            document->strings = parser.doc.string_buf.get();
            return APUS_JSON_OK;
        case simdjson::DEPTH_ERROR:
            return APUS_JSON_TOO_DEEP;
        case simdjson::CAPACITY:
        case simdjson::MEMALLOC:
            return APUS_JSON_TOO_LARGE;
        default:
            return APUS_JSON_MALFORMED;
    }
}

extern "C" void apus_json_done(void) {
    if (parser.capacity() > retained_bytes_max) {
        parser = simdjson::dom::parser();
    }
}
