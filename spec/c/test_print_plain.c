/*
** test_print_plain.c - json_print.c as systems without 128-bit integers have
** it, under other names.
*/
#define CEL_JSON_NO_INT128
#define cel_json_print_integer plain_print_integer
#define cel_json_print_float   plain_print_float

#include "json/json_print.c" /* NOLINT(bugprone-suspicious-include) */
