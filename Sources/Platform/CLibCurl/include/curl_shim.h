#pragma once
// Typed faces of libcurl's variadic functions, which Swift cannot import.
#include <curl/curl.h>

typedef size_t (*apus_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef curl_socket_t (*apus_curl_socket_callback)(void *context, curlsocktype purpose, struct curl_sockaddr *address);

CURLcode apus_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode apus_curl_set_size(CURL *handle, CURLoption option, curl_off_t value);
CURLcode apus_curl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode apus_curl_set_pointer(CURL *handle, CURLoption option, const void *value);
CURLcode apus_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);
CURLcode apus_curl_set_body_callback(CURL *handle, apus_curl_data_callback callback, void *context);
CURLcode apus_curl_set_header_callback(CURL *handle, apus_curl_data_callback callback, void *context);
CURLcode apus_curl_set_read_callback(CURL *handle, apus_curl_data_callback callback, void *context);
CURLcode apus_curl_set_socket_callback(CURL *handle, apus_curl_socket_callback callback, void *context);
CURLcode apus_curl_get_pointer(CURL *handle, CURLINFO info, void **value);
CURLcode apus_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value);
CURLMcode apus_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

// Writes an IPv4 (4 bytes) or IPv6 (16 bytes) address in network order; 0 when `text` is neither.
int apus_parse_ip_address(const char *text, unsigned char bytes[16]);
