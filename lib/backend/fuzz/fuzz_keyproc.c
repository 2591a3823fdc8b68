/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon in other hands may say to its helpers.  The first byte of an
 * input says what is done with the rest:
 *
 *  - even: it is a whole request as it comes, for the key process and for the
 *    launcher;
 *  - odd: it is a path, in a good request of the kind that the byte says.
 *
 * There are a folder for keys, with keys, links, a FIFO and other texts in it,
 * and outside of it one more key.  Promises: an error brings no byte of a key,
 * and a text that ends; a key is one that is alone in a good file in the
 * folder; nothing outside is read, made or changed.  What the launcher takes
 * for a request names an interface, and no option or path.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/backend/fuzz/fuzz.h"
#include "lib/backend/wg_keyproc.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_launch.h"

#define INSIDE "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="
#define OUTSIDE "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SYqqmlTmo="

static char dir[64], folder[80];
static struct wg_keyfile_rules rules;
static struct wg_key outside;

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
	put("keys/open", OUTSIDE "\n", 0644);
	put("keys/text", OUTSIDE " and more\n", 0600);
}

static void begin(void)
{
	char path[256];

	if (*dir)
		return;
	CHECK(wg_keys_init() == 0);
	CHECK(wg_key_parse(OUTSIDE, &outside) == 0);
	strcpy(dir, "/tmp/fuzz-keyproc.XXXXXX");
	CHECK(mkdtemp(dir));
	atexit(tidy);
	snprintf(folder, sizeof(folder), "%s/keys", dir);
	snprintf(path, sizeof(path), "%s/outside", dir);
	CHECK(mkdir(folder, 0700) == 0 && mkdir(path, 0700) == 0);
	put("outside/key", OUTSIDE "\n", 0600);
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

/* Nothing but the two folders, and in the one outside nothing but its key. */
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
	CHECK(n == 3);
	snprintf(path, sizeof(path), "%s/outside/key", dir);
	CHECK(stat(path, &st) == 0 && st.st_size == 45 &&
	      (st.st_mode & 07777) == 0600);
}

/* libFuzzer reads what is compared: who says a key has it, and is not told. */
static bool knows(const void *data, size_t size)
{
	return memmem(data, size, OUTSIDE, strlen(OUTSIDE)) ||
	       memmem(data, size, INSIDE, strlen(INSIDE));
}

static void ask(const void *data, size_t size, uint32_t kind)
{
	struct wg_keyproc_answer a;
	struct wg_key zero = {{0}};
	bool taken;

	if (knows(data, size))
		return;
	memset(&a, 0x5a, sizeof(a));
	wg_keyproc_serve(&rules, data, size, &a, &taken);
	CHECK(!taken);
	CHECK(a.error <= 0 && memchr(a.text, '\0', sizeof(a.text)));
	if (a.error)
		CHECK(*a.text && wg_key_same(&a.key, &zero));
	else if (kind == WG_KEYPROC_PUBLIC || kind == WG_KEYPROC_SECRET)
		CHECK(!wg_key_same(&a.key, &outside));
	else
		CHECK(wg_key_same(&a.key, &zero));
	CHECK(!strstr(a.text, OUTSIDE) && !strstr(a.text, INSIDE));
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
	if (what & 1) {
		r.kind = 1 + (what >> 1) % (WG_KEYPROC_KINDS - 1);
		if (size >= sizeof(r.path))
			size = sizeof(r.path) - 1;
		memcpy(r.path, data, size);
		memset(r.path + strlen(r.path), 0,
		       sizeof(r.path) - strlen(r.path));
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
	static const char *const names[] = {"key",  "open",	  "text",
					    "link", "linked/key", "fifo",
					    "new",  "sub/new",	  "../key"};
	size_t n = sizeof(names) / sizeof(names[0]);
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
	return 0;
}
