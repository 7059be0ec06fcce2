/*
** anchors.c - reads bundles of trust anchors, and looks into the system's
** directory of them.
*/
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* memfd_create */
#endif

#include "http/anchors.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <curl/curl.h>
#include <curl/mprintf.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h> /* memfd_create */
#include <sys/stat.h>
#include <unistd.h> /* access, close, read, write */

#define MAX_ANCHORS ((size_t)16777216) /* bytes */

static const char no_certificate[] = "the file holds no certificate (PEM)";

void cel_anchors_init(cel_anchors *a, const cel_allocator *alloc) {
  *a = (cel_anchors){.fd = -1};
  cel_buf_init(&a->text, alloc, MAX_ANCHORS);
}

void cel_anchors_free(cel_anchors *a) {
  if (a->fd >= 0)
    close(a->fd);
  a->fd = -1;
  cel_buf_free(&a->text);
}

/* {====== Files */

/* Opens a regular file. Others are refused: opening a pipe would wait for a
   writer, opening a device may do something. On failure returns a negative
   number and sets *wrong. */
static int open_file(const char *name, const char **wrong) {
  struct stat st;
  *wrong = "the file cannot be opened";
  if (stat(name, &st) != 0)
    return -1;
  if (!S_ISREG(st.st_mode)) {
    *wrong = "this is no regular file";
    return -1;
  }
  int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
    close(fd);
    fd = -1;
  }
  return fd;
}

/* Appends all that can be read from a descriptor, and closes it. Returns NULL
   or what is wrong. */
static const char *append_all(cel_buf *b, int fd) {
  char chunk[16384];
  ssize_t n;
  int status = CEL_BUF_OK;
  do {
    n = read(fd, chunk, sizeof chunk);
    if (n > 0)
      status = cel_buf_append(b, chunk, (size_t)n);
  } while (status == CEL_BUF_OK && (n > 0 || (n < 0 && errno == EINTR)));
  close(fd);
  if (status == CEL_BUF_NOMEM)
    return CEL_NO_MEMORY;
  if (status == CEL_BUF_FULL)
    return "the file is larger than 16 MiB";
  return n < 0 ? "the file cannot be read" : NULL;
}

/* The same for the file of that name. */
static const char *append_file(cel_buf *b, const char *name) {
  const char *wrong;
  int fd = open_file(name, &wrong);
  return fd < 0 ? wrong : append_all(b, fd);
}

static bool is_no_memory(const char *wrong) {
  return wrong != NULL && strcmp(wrong, CEL_NO_MEMORY) == 0;
}

/* The first place of needle in text, or NULL. */
static const char *find_text(const char *text, size_t len, const char *needle,
                             size_t n) {
  while (n > 0 && len >= n) {
    const char *p = memchr(text, needle[0], len - n + 1);
    if (p == NULL || memcmp(p, needle, n) == 0)
      return p;
    len -= (size_t)(p + 1 - text);
    text = p + 1;
  }
  return NULL;
}

/* }====== */

/* {====== What is in the directory and not in the bundle */

/* Gives the next certificate of a PEM text as a hash of its base64, which does
   not depend on how that is broken into lines. False where there is no other
   certificate. */
static bool next_certificate(const char **at, const char *end, uint64_t *sum) {
  static const char begin[] = "-----BEGIN ";
  const char *p = find_text(*at, (size_t)(end - *at), begin, sizeof begin - 1);
  if (p != NULL)
    p = memchr(p, '\n', (size_t)(end - p));
  if (p == NULL)
    return false;
  *sum = 0xCBF29CE484222325u; /* FNV-1a */
  for (; p < end && *p != '-'; p++)
    if ((unsigned char)*p > ' ')
      *sum = (*sum ^ (unsigned char)*p) * 0x100000001B3u;
  *at = p;
  return true;
}

/* The hashes of all certificates of a text; false when memory ran out. */
static bool list_sums(const cel_buf *text, cel_buf *sums) {
  const char *at = text->data;
  uint64_t sum;
  while (text->len > 0 && next_certificate(&at, text->data + text->len, &sum))
    if (cel_buf_append(sums, &sum, sizeof sum) != CEL_BUF_OK)
      return false;
  return true;
}

static bool holds(const cel_buf *sums, uint64_t sum) {
  for (size_t i = 0; i < sums->len; i += sizeof sum)
    if (memcmp(sums->data + i, &sum, sizeof sum) == 0)
      return true;
  return false;
}

/* As c_rehash makes them, and OpenSSL looks for them: 9d66eef0.0 */
static bool is_hashed_name(const char *name) {
  return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
         name[9] != '\0' && name[9 + strspn(name + 9, "0123456789")] == '\0';
}

/* Whether a file of the directory holds a certificate whose hash is not among
   `sums`. A file that cannot be read counts as empty. Negative when memory ran
   out. */
static int file_adds(cel_buf *scratch, const cel_buf *sums, int directory,
                     const char *name) {
  int fd = directory < 0
               ? -1
               : openat(directory, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  scratch->len = 0;
  const char *wrong = fd < 0 ? NULL : append_all(scratch, fd);
  if (is_no_memory(wrong))
    return -1;
  const char *at = scratch->data;
  uint64_t sum;
  while (scratch->len > 0 &&
         next_certificate(&at, scratch->data + scratch->len, &sum))
    if (!holds(sums, sum))
      return 1;
  return 0;
}

static int directory_adds(cel_buf *scratch, const cel_buf *sums,
                          const char *path) {
  int adds = 0;
  DIR *d = opendir(path);
  struct dirent *entry;
  while (d != NULL && adds == 0 && (entry = readdir(d)) != NULL)
    if (is_hashed_name(entry->d_name))
      adds = file_adds(scratch, sums, dirfd(d), entry->d_name);
  if (d != NULL)
    closedir(d);
  return adds;
}

/* What the process has found out. It holds as long as neither bundle nor
   directory changes. */
typedef struct known {
  struct stat bundle, directory;
  bool adds;
  bool valid;
} known;

static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;
static known newest;

#ifdef __APPLE__
#define MTIME(st) ((st)->st_mtimespec)
#else
#define MTIME(st) ((st)->st_mtim)
#endif

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
         a->st_size == b->st_size && MTIME(a).tv_sec == MTIME(b).tv_sec &&
         MTIME(a).tv_nsec == MTIME(b).tv_nsec;
}

/* Looks at the files that `now` names, if they are not those that are known;
   false when memory ran out. */
static bool look_up(known *now) {
  pthread_mutex_lock(&known_lock);
  bool valid = newest.valid && is_same(&newest.bundle, &now->bundle) &&
               is_same(&newest.directory, &now->directory);
  if (valid)
    now->adds = newest.adds;
  pthread_mutex_unlock(&known_lock);
  return valid;
}

static void keep(const known *now) {
  pthread_mutex_lock(&known_lock);
  newest = *now;
  newest.valid = true;
  pthread_mutex_unlock(&known_lock);
}

/* Whether the directory is needed as well as the bundle, which may be NULL;
   negative when memory ran out. */
static int needs_directory(const cel_allocator *alloc, const char *bundle,
                           const char *directory) {
  known now = {.adds = false};
  cel_buf text;
  cel_buf sums;
  if (stat(directory, &now.directory) != 0)
    return 0;
  if (bundle != NULL && stat(bundle, &now.bundle) != 0)
    bundle = NULL;
  if (look_up(&now))
    return now.adds;
  cel_buf_init(&text, alloc, MAX_ANCHORS);
  cel_buf_init(&sums, alloc, MAX_ANCHORS);
  const char *wrong = bundle == NULL ? NULL : append_file(&text, bundle);
  int adds = -1;
  if (!is_no_memory(wrong) && list_sums(&text, &sums))
    adds = directory_adds(&text, &sums, directory);
  cel_buf_free(&text);
  cel_buf_free(&sums);
  now.adds = adds > 0;
  if (adds >= 0)
    keep(&now);
  return adds;
}

/* Whether the TLS library is OpenSSL or a variant of it. Others read
   directories by rules of their own, so their directories are not looked
   into. */
static bool reads_hashed_names(void) {
  const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return tls != NULL &&
         (strstr(tls, "OpenSSL") != NULL || strstr(tls, "LibreSSL") != NULL ||
          strstr(tls, "BoringSSL") != NULL);
}

/* }====== */

/* {====== Joining */

/* Puts the joined anchors into an anonymous file in memory: libcurl caches
   parsed anchors only if they have a file name. Where there are no such files,
   the text itself is given to libcurl. */
static void name_anchors(cel_anchors *a) {
#if defined(__linux__) && defined(MFD_CLOEXEC)
  size_t done = 0;
  ssize_t n = 1;
  a->fd = memfd_create("celigo-anchors", MFD_CLOEXEC);
  if (a->fd < 0)
    return;
  for (; n > 0 && done < a->text.len; done += (size_t)(n > 0 ? n : 0))
    n = write(a->fd, a->text.data + done, a->text.len - done);
  curl_msnprintf(a->name, sizeof a->name, "/proc/self/fd/%d", a->fd);
  if (done == a->text.len && access(a->name, R_OK) == 0) {
    cel_buf_free(&a->text);
  } else {
    close(a->fd);
    a->fd = -1;
  }
#else
  (void)a;
#endif
}

/* libcurl takes one bundle: so the default bundle, if there is one, and the
   extra anchors are joined. If the extra file holds the whole default bundle,
   that file is used as it is. */
static const char *join(cel_anchors *a, const char *bundle,
                        const char *ca_file) {
  static const char mark[] = "-----BEGIN ";
  const char *wrong = bundle == NULL ? NULL : append_file(&a->text, bundle);
  if (is_no_memory(wrong))
    return wrong;
  if (wrong != NULL)
    a->text.len = 0;
  size_t defaults = a->text.len;
  if (cel_buf_append(&a->text, "\n", 1) != CEL_BUF_OK)
    return CEL_NO_MEMORY;
  wrong = append_file(&a->text, ca_file);
  if (wrong != NULL)
    return wrong;
  const char *extra = a->text.data + defaults + 1;
  size_t len = a->text.len - defaults - 1;
  if (find_text(extra, len, mark, sizeof mark - 1) == NULL)
    return no_certificate;
  if (defaults > 0 && find_text(extra, len, a->text.data, defaults) != NULL)
    cel_buf_free(&a->text);
  else
    name_anchors(a);
  return NULL;
}

const char *cel_anchors_check(cel_anchors *a, const char *ca_file) {
  const char *wrong = ca_file == NULL ? NULL : join(a, NULL, ca_file);
  cel_anchors_free(a);
  return wrong;
}

const char *cel_anchors_read(cel_anchors *a, const char *ca_file) {
  const char *bundle = NULL;
  const char *directory = NULL;
  const char *wrong = NULL;
  int needed = 0;
  CURL *c = curl_easy_init();
  if (c == NULL)
    return CEL_NO_MEMORY;
  curl_easy_getinfo(c, CURLINFO_CAINFO, &bundle);
  curl_easy_getinfo(c, CURLINFO_CAPATH, &directory);
  if (directory != NULL)
    needed = reads_hashed_names()
                 ? needs_directory(a->text.alloc, bundle, directory)
                 : 1;
  a->directory = needed > 0;
  a->only_directory =
      needed > 0 && (bundle == NULL || access(bundle, R_OK) != 0);
  if (needed < 0)
    wrong = CEL_NO_MEMORY;
  else if (ca_file != NULL)
    wrong = join(a, bundle, ca_file);
  curl_easy_cleanup(c);
  return wrong;
}

/* }====== */
