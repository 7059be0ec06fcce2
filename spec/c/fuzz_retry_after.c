/*
** fuzz_retry_after.c - libFuzzer target: Retry-After and HTTP-date on any
** bytes, at any time. The first eight bytes are the clock, the rest is the
** value. Seeds are in spec/fixtures/fuzz/retry_after.
*/
#include "retry/retry.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "time/http_date.h"

static void require(int holds) {
  if (!holds)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int64_t clock = 0;
  if (size < sizeof clock)
    return 0;
  memcpy(&clock, data, sizeof clock);
  const char *value = (const char *)data + sizeof clock;
  size_t len = size - sizeof clock;

  double seconds = cel_retry_after(value, len, (time_t)clock);
  require(isfinite(seconds));

  int64_t date = 0;
  if (!cel_http_date_parse(value, len, (time_t)clock, &date))
    return 0;
  require(seconds >= 0);
  /* Years 0000 to 9999, and a leap second at the end of the last. */
  require(date >= INT64_C(-62167219200) && date <= INT64_C(253402300800));
  /* A second earlier a date is at least as far off; one without its century
     may have been another date then. */
  if (clock > INT64_MIN && memchr(value, '-', len) == NULL)
    require(cel_retry_after(value, len, (time_t)(clock - 1)) >= seconds);
  return 0;
}
