/*
** noproxy.c - which hosts a no_proxy list keeps from a proxy.
*/
#include "http/noproxy.h"

#include <stddef.h>
#include <string.h>

#include <arpa/inet.h> /* inet_pton */
#include <strings.h>   /* strncasecmp */

#define MAPPED_BITS 96 /* in front of an IPv4 address within an IPv6 one */

/* Part of a text. */
typedef struct noproxy_span {
  const char *text;
  size_t len;
} noproxy_span;

/* An address. An IPv4 address that is written as IPv6 counts as IPv4. */
typedef struct noproxy_address {
  unsigned char bytes[16];
  unsigned bits; /* 32 or 128 */
  bool mapped;   /* an IPv4 address that was written as IPv6 */
} noproxy_address;

/* Reads an address; brackets and a zone ("%eth0") do not count. */
static bool noproxy_read_address(noproxy_span s, noproxy_address *a) {
  static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
  char text[INET6_ADDRSTRLEN];
  if (s.len > 2 && s.text[0] == '[' && s.text[s.len - 1] == ']')
    s = (noproxy_span){s.text + 1, s.len - 2};
  const char *zone = memchr(s.text, '%', s.len);
  if (zone != NULL)
    s.len = (size_t)(zone - s.text);
  if (s.len == 0 || s.len >= sizeof text)
    return false;
  memcpy(text, s.text, s.len);
  text[s.len] = '\0';
  *a = (noproxy_address){.bits = 32};
  if (inet_pton(AF_INET, text, a->bytes) == 1)
    return true;
  a->bits = 128;
  if (inet_pton(AF_INET6, text, a->bytes) != 1)
    return false;
  if (memcmp(a->bytes, mapped, sizeof mapped) == 0) {
    memmove(a->bytes, a->bytes + sizeof mapped, 4);
    a->bits = 32;
    a->mapped = true;
  }
  return true;
}

/* Reads the length of a network's prefix. */
static bool noproxy_read_bits(noproxy_span s, unsigned *bits) {
  *bits = 0;
  if (s.len == 0 || s.len > 3)
    return false;
  for (size_t i = 0; i < s.len; i++) {
    if (s.text[i] < '0' || s.text[i] > '9')
      return false;
    *bits = *bits * 10 + (unsigned)(s.text[i] - '0');
  }
  return true;
}

static bool noproxy_same_bits(const unsigned char *a, const unsigned char *b,
                              unsigned bits) {
  unsigned whole = bits / 8;
  unsigned rest = bits % 8;
  return memcmp(a, b, whole) == 0 &&
         (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* Whether an entry, an address or a network, covers an address. */
static bool noproxy_covers_address(noproxy_span entry,
                                   const noproxy_address *host) {
  noproxy_address network;
  noproxy_span address = entry;
  const char *slash = memchr(entry.text, '/', entry.len);
  if (slash != NULL)
    address.len = (size_t)(slash - entry.text);
  if (!noproxy_read_address(address, &network) || network.bits != host->bits)
    return false;
  unsigned bits = network.bits;
  if (slash != NULL) {
    noproxy_span rest = {slash + 1, entry.len - address.len - 1};
    if (!noproxy_read_bits(rest, &bits))
      return false;
    if (network.mapped)
      bits = bits > MAPPED_BITS ? bits - MAPPED_BITS : 0;
  }
  return bits <= network.bits &&
         noproxy_same_bits(network.bytes, host->bytes, bits);
}

static noproxy_span noproxy_trim_dot(noproxy_span name) {
  if (name.len > 1 && name.text[name.len - 1] == '.')
    name.len--;
  return name;
}

/* Whether an entry, a name, covers a name. */
static bool noproxy_covers_name(noproxy_span entry, noproxy_span host) {
  entry = noproxy_trim_dot(entry);
  if (entry.len > 1 && *entry.text == '.')
    entry = (noproxy_span){entry.text + 1, entry.len - 1};
  if (entry.len > host.len)
    return false;
  size_t before = host.len - entry.len;
  return strncasecmp(host.text + before, entry.text, entry.len) == 0 &&
         (before == 0 || host.text[before - 1] == '.');
}

bool cel_noproxy_covers(const char *list, const char *host) {
  static const char separators[] = ", \t";
  noproxy_span name = {host, strlen(host)};
  noproxy_address address;
  bool is_address = noproxy_read_address(name, &address);
  name = noproxy_trim_dot(name);
  for (list += strspn(list, separators); *list != '\0';
       list += strspn(list, separators)) {
    noproxy_span entry = {list, strcspn(list, separators)};
    list += entry.len;
    if ((entry.len == 1 && *entry.text == '*') ||
        (is_address ? noproxy_covers_address(entry, &address)
                    : noproxy_covers_name(entry, name)))
      return true;
  }
  return false;
}
