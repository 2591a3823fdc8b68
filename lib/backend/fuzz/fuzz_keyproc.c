/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon in other hands may say to its helpers.  The first byte of an
 * input says what is done with the rest:
 *
 *  - even: it is a whole request as it comes, for the key process and for the
 *    launcher;
 *  - odd: it is a path, in a good request of the kind that the byte says; or,
 *    if its highest bit is set, what is in a file that is read then.
 *
 * There are a folder for keys, with keys, seeds, links, a FIFO and other texts
 * in it, and outside of it one more key and seed.  Promises: an error brings no
 * byte of a key, and a text that ends and tells nothing of one; a key is one
 * that is alone in a good file in the folder, in one of two forms and no other;
 * what was put is what is read then; nothing outside is read, made or changed.
 * What the launcher takes for a request names an interface, and no option or
 * path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_keyproc.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_launch.h"
#include "lib/backend/wg_sign.h"

#define INSIDE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define OUTSIDE "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SYqqmlTmo="
#define SEED_INSIDE "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
#define SEED_OUTSIDE "TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs="

static char dir[64], folder[80];
static struct wg_keyfile_rules rules;
/* what is outside: key, seed, and the key of the seed */
static struct wg_key outside[3];

static void put(const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) > 0);
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static void empty(const char *path)
{
	char name[512];
	struct dirent *e;
	DIR *d = opendir(path);

	while (d && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (unlink(name) < 0) {
			empty(name);
			rmdir(name);
		}
	}
	if (d)
		closedir(d);
}

static void tidy(void)
{
	empty(dir);
	rmdir(dir);
}

/* What is inside, as it was at first. */
static void fill(void)
{
	empty(folder);
	put("keys/key", INSIDE "\n", 0600);
	put("keys/seed", WG_SEED_PREFIX SEED_INSIDE "\n", 0600);
	put("keys/open", OUTSIDE "\n", 0644);
	put("keys/text", OUTSIDE " and more\n", 0600);
	put("keys/open-seed", WG_SEED_PREFIX SEED_OUTSIDE "\n", 0640);
	put("keys/two-seeds",
	    WG_SEED_PREFIX SEED_OUTSIDE "\n" WG_SEED_PREFIX SEED_OUTSIDE "\n",
	    0600);
}

static void begin(void)
{
	struct wg_sign_key sign;
	char path[256];

	if (*dir)
		return;
	CHECK(wg_keys_init() == 0);
	CHECK(wg_key_parse(OUTSIDE, &outside[0]) == 0);
	CHECK(wg_key_parse(SEED_OUTSIDE, &outside[1]) == 0);
	wg_sign_of_seed(outside[1].b, &sign);
	wg_sign_x25519_secret(&sign, &outside[2]);
	strcpy(dir, "/tmp/fuzz-keyproc.XXXXXX");
	CHECK(mkdtemp(dir));
	atexit(tidy);
	snprintf(folder, sizeof(folder), "%s/keys", dir);
	snprintf(path, sizeof(path), "%s/outside", dir);
	CHECK(mkdir(folder, 0700) == 0 && mkdir(path, 0700) == 0);
	put("outside/key", OUTSIDE "\n", 0600);
	put("outside/seed", WG_SEED_PREFIX SEED_OUTSIDE "\n", 0600);
	rules = (struct wg_keyfile_rules){{folder}, 1, geteuid(), geteuid()};
	fill();
}

static void links(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/link", folder);
	if (symlink("../outside/key", path) < 0)
		CHECK(errno == EEXIST);
	snprintf(path, sizeof(path), "%s/linked", folder);
	if (symlink("../outside", path) < 0)
		CHECK(errno == EEXIST);
	snprintf(path, sizeof(path), "%s/fifo", folder);
	if (mkfifo(path, 0600) < 0)
		CHECK(errno == EEXIST);
}

/* Nothing but the two folders, and in the one outside nothing but its two. */
static void check_outside(void)
{
	char path[256];
	struct stat st;
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	CHECK(stat(dir, &st) == 0 && st.st_nlink == 4);
	snprintf(path, sizeof(path), "%s/outside", dir);
	d = opendir(path);
	CHECK(d);
	while ((e = readdir(d)))
		n++;
	closedir(d);
	CHECK(n == 4);
	snprintf(path, sizeof(path), "%s/outside/seed", dir);
	CHECK(stat(path, &st) == 0 && st.st_size == 53 &&
	      (st.st_mode & 07777) == 0600);
	snprintf(path, sizeof(path), "%s/outside/key", dir);
	CHECK(stat(path, &st) == 0 && st.st_size == 45 &&
	      (st.st_mode & 07777) == 0600);
}

/* libFuzzer reads what is compared: who says a key has it, and is not told. */
static bool knows(const void *data, size_t size)
{
	static const char *const texts[] = {INSIDE, OUTSIDE, SEED_INSIDE,
					    SEED_OUTSIDE};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (memmem(data, size, texts[i], strlen(texts[i])))
			return true;
	return false;
}

/* Anything of a secret that was in a file, or came with the request. */
static bool tells(const char *text, const struct wg_key *seed)
{
	char own[WG_KEY_STRLEN];

	wg_key_str(seed, own);
	return knows(text, strlen(text)) || strstr(text, own);
}

/* An answer with a secret: it is of no file outside. */
static bool is_outside(const struct wg_key *key)
{
	size_t i;

	for (i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		if (wg_key_same(key, &outside[i]))
			return true;
	return false;
}

/* What was put, read again. */
static void check_put(const struct wg_keyproc_request *put)
{
	struct wg_keyproc_request r = *put;
	struct wg_keyproc_answer a;
	struct stat st;
	bool taken;

	CHECK(lstat(r.path, &st) == 0 && S_ISREG(st.st_mode) &&
	      (st.st_mode & 07777) == 0600 && st.st_size == 53);
	r.kind = WG_KEYPROC_SEED;
	memset(&r.seed, 0, sizeof(r.seed));
	wg_keyproc_serve(&rules, &r, sizeof(r), &a, &taken);
	CHECK(a.error == 0 && wg_key_same(&a.key, &put->seed));
}

static void ask(const void *data, size_t size, uint32_t kind)
{
	const struct wg_keyproc_request *r = data;
	struct wg_keyproc_answer a;
	struct wg_key zero = {{0}}, seed = zero;
	char own[WG_KEY_STRLEN];
	bool taken;

	if (knows(data, size))
		return;
	if (size >= offsetof(struct wg_keyproc_request, path))
		seed = r->seed;
	if (memmem(data, size, wg_key_str(&seed, own), sizeof(own) - 1))
		return;
	memset(&a, 0x5a, sizeof(a));
	wg_keyproc_serve(&rules, data, size, &a, &taken);
	CHECK(!taken);
	CHECK(a.error <= 0 && memchr(a.text, '\0', sizeof(a.text)));
	if (a.error)
		CHECK(*a.text && wg_key_same(&a.key, &zero));
	else if (kind == WG_KEYPROC_PUBLIC || kind == WG_KEYPROC_SECRET ||
		 kind == WG_KEYPROC_SEED)
		CHECK(!wg_key_same(&a.key, &zero) && !is_outside(&a.key));
	else
		CHECK(wg_key_same(&a.key, &zero));
	CHECK(!tells(a.text, &seed));
	if (!a.error && kind == WG_KEYPROC_PUT_SEED)
		check_put(r);
}

/* What a file may have in it: a naive reader, which agrees. */
static int form_of(const char *text, size_t len, struct wg_key *ret)
{
	char line[64], again[64];
	bool is_seed = len >= 8 && memcmp(text, WG_SEED_PREFIX, 8) == 0;

	if (len && text[len - 1] == '\n')
		len--;
	if (len != (is_seed ? 52 : 44) || memchr(text, '\0', len))
		return -1;
	memcpy(line, text, len);
	line[len] = '\0';
	if (wg_key_parse(line + (is_seed ? 8 : 0), ret) < 0)
		return -1;
	wg_key_str(ret, again);
	CHECK(strcmp(again, line + (is_seed ? 8 : 0)) == 0);
	return is_seed;
}

/* A file in the folder that has this in it. */
static void read_text(const uint8_t *text, size_t len)
{
	static const uint32_t kinds[] = {WG_KEYPROC_SECRET, WG_KEYPROC_PUBLIC,
					 WG_KEYPROC_CHECK, WG_KEYPROC_SEED};
	static char said[WG_KEYFILE_ERR];
	struct wg_keyproc_request r = {0};
	struct wg_keyproc_answer a[4];
	struct wg_key want, pub;
	char path[256];
	int form = form_of((const char *)text, len, &want), fd;
	bool taken;
	size_t i;

	snprintf(path, sizeof(path), "%s/given", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
	snprintf(r.path, sizeof(r.path), "%s", path);
	for (i = 0; i < 4; i++) {
		r.kind = kinds[i];
		wg_keyproc_serve(&rules, &r, sizeof(r), &a[i], &taken);
		CHECK((a[i].error == 0) ==
		      (r.kind == WG_KEYPROC_SEED ? form == 1 : form >= 0));
		CHECK(!a[i].error || wg_key_is_zero(&a[i].key));
		/* what is said depends on nothing that is in the file */
		if (form < 0 && !*said)
			strcpy(said, a[i].text);
		CHECK(form >= 0 || strcmp(a[i].text, said) == 0);
		CHECK(form < 0 || !tells(a[i].text, &want));
	}
	if (form < 0)
		return;
	CHECK(form == 1 ? wg_key_same(&a[3].key, &want)
			: wg_key_same(&a[0].key, &want));
	wg_key_public(&a[0].key, &pub);
	CHECK(wg_key_same(&a[1].key, &pub) && wg_key_is_zero(&a[2].key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned made;
	struct wg_keyproc_request r = {0};
	struct wg_launch_request *l;
	uint8_t what;

	begin();
	links();
	if (size == 0)
		return 0;
	what = *data++;
	size--;
	if ((what & 0x81) == 0x81) {
		read_text(data, size);
		return 0;
	}
	if (what & 1) {
		r.kind = 1 + (what >> 1) % (WG_KEYPROC_KINDS - 1);
		if (size >= sizeof(r.path))
			size = sizeof(r.path) - 1;
		memcpy(r.path, data, size);
		memset(r.path + strlen(r.path), 0,
		       sizeof(r.path) - strlen(r.path));
		if (r.kind == WG_KEYPROC_PUT_SEED)
			memset(&r.seed, what | 1, sizeof(r.seed));
		ask(&r, sizeof(r), r.kind);
		check_outside();
		if (r.kind >= WG_KEYPROC_NEW_PRIVATE && ++made % 64 == 0)
			fill();
		return 0;
	}
	if (size >= sizeof(r))
		memcpy(&r, data, sizeof(r));
	/* of its own, so that what is behind it is nobody's */
	l = malloc(size ? size : 1);
	CHECK(l);
	memcpy(l, data, size);
	ask(l, size, r.kind);
	check_outside();
	if (wg_launch_is_well_formed(l, size) && l->kind != WG_LAUNCH_CHECK)
		CHECK(strlen(l->ifname) < sizeof(l->ifname) && *l->ifname &&
		      *l->ifname != '-' && *l->ifname != '.' &&
		      !strchr(l->ifname, '/') &&
		      strlen(l->program) < sizeof(l->program));
	free(l);
	return 0;
}

size_t fuzz_seed(size_t i, uint8_t *buf, size_t size)
{
	static const char *const names[] = {
		"key",	"seed",	      "open",	     "text",	  "open-seed",
		"link", "linked/key", "linked/seed", "two-seeds", "fifo",
		"new",	"sub/new",    "mesh/a/new",  "a/b/c/new", "../key"};
	static const char *const texts[] = {
		INSIDE "\n", WG_SEED_PREFIX SEED_INSIDE "\n",
		WG_SEED_PREFIX SEED_INSIDE, "ed25519:\n"};
	size_t n = sizeof(names) / sizeof(names[0]);
	size_t n_texts = sizeof(texts) / sizeof(texts[0]);
	struct wg_keyproc_request r = {.kind = WG_KEYPROC_SECRET};
	struct wg_launch_request l = {.kind = WG_LAUNCH_START,
				      .ifname = "wg0",
				      .program = "/usr/bin/wireguard-go"};

	begin();
	if (i < n * (WG_KEYPROC_KINDS - 1)) {
		*buf = 1 + 2 * (i / n);
		return 1 + snprintf((char *)buf + 1, size - 1, "%s/%s", folder,
				    names[i % n]);
	}
	*buf = 0;
	if (i == n * (WG_KEYPROC_KINDS - 1)) {
		snprintf(r.path, sizeof(r.path), "%s/key", folder);
		memcpy(buf + 1, &r, sizeof(r));
		return 1 + sizeof(r);
	}
	if (i == n * (WG_KEYPROC_KINDS - 1) + 1) {
		memcpy(buf + 1, &l, sizeof(l));
		return 1 + sizeof(l);
	}
	i -= n * (WG_KEYPROC_KINDS - 1) + 2;
	if (i == 0) {
		r.kind = WG_KEYPROC_PUT_SEED;
		memset(&r.seed, 7, sizeof(r.seed));
		snprintf(r.path, sizeof(r.path), "%s/mesh/b/put", folder);
		memcpy(buf + 1, &r, sizeof(r));
		return 1 + sizeof(r);
	}
	if (i <= n_texts) {
		*buf = 0x81;
		return 1 +
		       snprintf((char *)buf + 1, size - 1, "%s", texts[i - 1]);
	}
	return 0;
}
