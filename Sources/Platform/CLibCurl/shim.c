int apus_curl_placeholder(void) { return 0; }
