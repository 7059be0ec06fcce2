/*
** test_noproxy.c - no_proxy lists by table.
*/
#include "http/noproxy.h"

#include <string.h>

#include "check.h"

typedef struct noproxy_row {
  const char *list, *host;
  bool covered;
} noproxy_row;

static const noproxy_row rows[] = {
    /* nothing, everything */
    {"", "api.integrator.io", false},
    {" , ,, ", "api.integrator.io", false},
    {"*", "api.integrator.io", true},
    {"*", "[::1]", true},
    {"a.example, *", "api.integrator.io", true},
    {"*.io", "api.integrator.io", false},

    /* names, and those below them */
    {"api.integrator.io", "api.integrator.io", true},
    {"API.Integrator.IO", "api.integrator.io", true},
    {"integrator.io", "api.integrator.io", true},
    {".integrator.io", "api.integrator.io", true},
    {".integrator.io", "integrator.io", true},
    {"integrator.io.", "api.integrator.io", true},
    {"integrator.io", "api.integrator.io.", true},
    {"tegrator.io", "api.integrator.io", false},
    {"eu.api.integrator.io", "api.integrator.io", false},
    {"integrator", "api.integrator.io", false},
    {".", "api.integrator.io", false},
    {"localhost,integrator.io", "api.integrator.io", true},
    {"localhost integrator.io", "api.integrator.io", true},
    {"localhost\t,  integrator.io  ,", "api.integrator.io", true},
    {"10.0.0.0/8", "api.integrator.io", false},
    {"0.0.0.0/0", "api.integrator.io", false},

    /* addresses of IPv4 */
    {"127.0.0.1", "127.0.0.1", true},
    {"127.0.0.1", "127.0.0.2", false},
    {"0.0.1", "127.0.0.1", false},
    {".0.0.1", "127.0.0.1", false},
    {"127.0.0.0/8", "127.9.9.9", true},
    {"127.0.0.0/8", "128.0.0.0", false},
    {"10.1.2.3/31", "10.1.2.2", true},
    {"10.1.2.3/31", "10.1.2.4", false},
    {"10.1.2.3/32", "10.1.2.3", true},
    {"10.1.2.3/32", "10.1.2.2", false},
    {"10.1.2.3/33", "10.1.2.3", false},
    {"10.1.2.3/", "10.1.2.3", false},
    {"10.1.2.3/x", "10.1.2.3", false},
    {"10.1.2.3/-1", "10.1.2.3", false},
    {"10.1.2.3/4294967328", "10.1.2.3", false},
    {"0.0.0.0/0", "10.1.2.3", true},
    {"0.0.0.0/1", "127.1.2.3", true},
    {"0.0.0.0/1", "128.1.2.3", false},

    /* addresses of IPv6, however they are written */
    {"::1", "[::1]", true},
    {"[::1]", "[::1]", true},
    {"[::1]", "::1", true},
    {"0:0:0:0:0:0:0:1", "[::1]", true},
    {"[0000:0000:0000:0000:0000:0000:0000:0001]", "[::1]", true},
    {"::1", "[0:0:0:0:0:0:0:1]", true},
    {"FD00::ABCD", "[fd00::abcd]", true},
    {"::2", "[::1]", false},
    {"[::1", "[::1]", false},
    {"::/64", "[::1]", true},
    {"[::]/64", "[::1]", true},
    {"::/64", "[0:0:0:1::1]", false},
    {"::/0", "[fd00::1]", true},
    {"fd00::/8", "[fdff::1]", true},
    {"fd00::/8", "[fe00::1]", false},
    {"fe80::/10", "[febf::1]", true},
    {"fe80::/10", "[fec0::1]", false},
    {"fe80::1", "[fe80::1%25eth0]", true},
    {"::1/128", "[::1]", true},
    {"::1/129", "[::1]", false},
    {"::/64", "127.0.0.1", false},
    {"0.0.0.0/0", "[::1]", false},

    /* IPv4 within IPv6 */
    {"127.0.0.1", "[::ffff:127.0.0.1]", true},
    {"::ffff:7f00:1", "127.0.0.1", true},
    {"::ffff:127.0.0.0/104", "127.9.9.9", true},
    {"::ffff:127.0.0.0/104", "128.9.9.9", false},

    /* too long for an address */
    {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", "[::1]",
     false},
    {"[]", "[::1]", false},
    {"[", "[::1]", false},
};

int main(void) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const noproxy_row *row = &rows[i];
    char name[160];
    snprintf(name, sizeof name, "%s: %s", row->list, row->host);
    char *list = check_copy(row->list, strlen(row->list) + 1);
    char *host = check_copy(row->host, strlen(row->host) + 1);
    CHECK(name, cel_noproxy_covers(list, host) == row->covered);
    free(list);
    free(host);
  }
  return check_report();
}
