extern "C" int apus_simdjson_placeholder(void) { return 0; }
