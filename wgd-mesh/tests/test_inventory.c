/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inventory and the ledger: what is taken, what is refused and with which
 * words, what is filled in and where; and that over random histories nothing
 * is ever given to two members.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "wgd-mesh/mesh_assign.h"

#define ROWS(a) (sizeof(a) / sizeof(*(a)))
#define KEYS                                                                   \
	"first-authority AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"       \
	"recovery AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static int parse(const char *text, struct mesh_inventory *ret,
		 struct mesh_why *why)
{
	const struct mesh_bytes bytes = {(char *)text, strlen(text)};

	return mesh_inventory_parse(&bytes, ret, why);
}

static void ledger_of(const char *text, struct mesh_ledger *ret)
{
	const struct mesh_bytes bytes = {(char *)text, strlen(text)};
	struct mesh_why why = {""};

	if (mesh_ledger_parse(&bytes, ret, &why))
		fail_msg("%s", why.text);
}

/* --- what is refused */

static const struct {
	const char *text;
	const char *reason; /* behind "members:"; NULL: taken */
} refused[] = {
	{"-x", "1: -x: not a name"},
	{"a/b", "1: a/b: not a name"},
	{"caf\xc3\xa9", "1: caf??: not a name"},
	{"\n# x\nb 1 x", "3: x: not a number, an address"},
	{"a 0", "1: 0: not a number from 1 to 4294967295"},
	{"a 4294967296", "1: 4294967296: not a number from 1"},
	{"a 01", "1: 01: not a number from 1"},
	{"a 1 2", "1: 2: not a number, an address"},
	{"a 10.0.0.1 2", "1: 2: not a number, an address"},
	{"a 1 10.0.0.1 10.0.0.1", "1: 10.0.0.1: stands twice"},
	{"a 1 10.0.0.1/0", "1: 10.0.0.1/0: not the length"},
	{"a 1 10.0.0.1/33", "1: 10.0.0.1/33: not a number, an address"},
	{"a 1 fe80::1", "1: fe80::1 is a link-local address"},
	{"a 1 127.0.0.1", "1: 127.0.0.1 is the loopback"},
	{"a 1 224.0.0.5", "1: 224.0.0.5 is a multicast"},
	{"a 1 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5",
	 "1: 10.0.0.5: a member has at most 4"},
	{"a hub", "1: a host is missing"},
	{"a hub 1.2.3", "1: 1.2.3: not an address or a name"},
	{"a hub 10.0.0.256", "1: 10.0.0.256: not an address or a name"},
	{"a hub x..y/", "1: x..y/: not an address or a name"},
	{"a hub 0.0.0.0", "1: 0.0.0.0: not an address or a name"},
	{"a hub 1::2::3", "1: 1::2::3: not an address or a name"},
	{"a hub 12345678901234567890123456789012345678901234567890123456789.e",
	 NULL},
	{"a hub 12345678901234567890123456789012345678901234567890123456789.efghi",
	 "1: 1234567890"},
	{"a hub h hub i", "1: hub: stands twice"},
	{"a hub h door", "1: a port is missing"},
	{"a hub h door 0", "1: 0: not a port"},
	{"a hub h door 65536", "1: 65536: not a port"},
	{"a hub h 10.0.0.1", "1: 10.0.0.1: not `hub` or `prefix`"},
	{"a door 3", "1: door: not a number, an address"},
	{"a prefix", "1: a prefix is missing"},
	{"a prefix 10.0.0.0", "1: 10.0.0.0: not a prefix such as"},
	{"a prefix 10.0.0.1/8",
	 "1: 10.0.0.1/8: has host bits; 10.0.0.0/8 is meant"},
	{"a prefix 127.0.0.0/8", "1: 127.0.0.0/8: cannot be behind a member"},
	{"a prefix ff02::/16", "1: ff02::/16: cannot be behind a member"},
	{"a prefix 10.0.0.0/8 le", "1: a length is missing behind `le`"},
	{"a prefix 10.0.0.0/8 le 7", "1: le 7: not a length from 8 to 32"},
	{"a prefix 10.0.0.0/8 le 33", "1: le 33: not a length from 8 to 32"},
	{"a prefix 2001:db8::/32 le 129",
	 "1: le 129: not a length from 32 to 128"},
	{"a prefix 10.0.0.0/8 24", "1: 24: not `hub` or `prefix`"},
	{"a prefix 10.0.0.0/8 prefix 10.0.0.0/8 le 9",
	 "1: 10.0.0.0/8: stands twice"},
	{"a 1 10.0.0.1\r\n", "1: a character that is none of text"},
	{"a\nb\na", "3: a stands in line 1 already"},
	{"a 7\nb 7", "2: number 7 stands in line 1 already"},
	{"a 10.0.0.1\nb 10.0.0.2 10.0.0.1",
	 "2: 10.0.0.1 stands in line 1 already"},
	{"# all of it\n\n  \t\nhub 1 10.0.0.1/24 2001:db8::1/64 hub hub.example door 4000 prefix 0.0.0.0/0 le 32 prefix ::/0 # c",
	 NULL},
	{"", NULL},
	{"a", NULL},
};

static void test_refused(void **state)
{
	struct mesh_inventory inv;
	struct mesh_why why;
	size_t i;

	for (i = 0; i < ROWS(refused); i++) {
		int rc = parse(refused[i].text, &inv, &why);

		print_message("# %zu\n", i);
		if (!refused[i].reason) {
			if (rc)
				fail_msg("%s", why.text);
			mesh_inventory_free(&inv);
			continue;
		}
		assert_int_equal(rc, -EINVAL);
		assert_memory_equal(why.text, "members:", 8);
		if (strncmp(why.text + 8, refused[i].reason,
			    strlen(refused[i].reason)))
			fail_msg("%s", why.text);
		assert_null(strchr(why.text, '\n'));
	}
}

static void test_fields(void **state)
{
	struct mesh_inventory inv;
	struct mesh_why why;
	const struct mesh_member *m;
	char text[MESH_PREFIX_STRLEN];

	assert_int_equal(
		parse("x\n\nh 3 10.0.0.1/24 2001:db8::1 hub h.example door 4000 prefix 192.168.0.0/16 le 24 prefix ::/0\n",
		      &inv, &why),
		0);
	assert_int_equal(inv.n_lines, 3);
	assert_int_equal(inv.n_members, 2);
	assert_null(mesh_inventory_find(&inv, "H"));
	m = mesh_inventory_find(&inv, "h");
	assert_ptr_equal(m, &inv.members[1]);
	assert_int_equal(m->line, 3);
	assert_int_equal(m->number, 3);
	assert_int_equal(m->n_addresses, 2);
	assert_int_equal(m->addresses[0].len, 24);
	assert_int_equal(m->addresses[1].len, 0);
	assert_string_equal(m->host, "h.example");
	assert_int_equal(m->door, 4000);
	assert_int_equal(m->n_prefixes, 2);
	assert_string_equal(mesh_prefix_str(&m->prefixes[0], text),
			    "192.168.0.0/16 le 24");
	assert_string_equal(mesh_prefix_str(&m->prefixes[1], text), "::/0");
	m = mesh_inventory_find(&inv, "x");
	assert_int_equal(m->number, 0);
	assert_string_equal(m->host, "");
	mesh_inventory_free(&inv);
	assert_int_equal(parse("h hub h", &inv, &why), 0);
	assert_int_equal(inv.members[0].door, MESH_DOOR);
	mesh_inventory_free(&inv);
}

/* --- filling in */

static const struct {
	const char *ledger; /* behind its keys */
	const char *text, *filled;
	const char *reason; /* refused: all of it */
} assigned[] = {
	/* numbers go up, addresses are the network's plus the number */
	{"network 10.99.0.0/16\n", "a\nb prefix 10.1.0.0/16 # c\n",
	 "a 1 10.99.0.1\nb 2 10.99.0.2 prefix 10.1.0.0/16 # c\n"},
	{"network 10.99.0.0/16\nnetwork fd00:99::/64\n", "a#c",
	 "a 1 10.99.0.1 fd00:99::1#c\n"},
	/* what is there stays, blanks and all */
	{"network 10.99.0.0/16\n", " \ta  5\t# x\n\n#b\nb   10.99.0.9",
	 " \ta  5 10.99.0.5\t# x\n\n#b\nb 6   10.99.0.9\n"},
	/* what a later line says is not taken before it */
	{"network 10.99.0.0/16\n", "a\nb 1 10.99.0.2\n",
	 "a 2 10.99.0.1\nb 1 10.99.0.2\n"},
	{"network 10.99.0.0/16\n", "a\nb 10.99.0.1\n",
	 "a 1 10.99.0.2\nb 2 10.99.0.1\n"},
	/* members that are gone keep theirs */
	{"network 10.99.0.0/16\nmember 1 old 10.99.0.1\nmember 2 older 10.99.0.3\n",
	 "a", "a 3 10.99.0.2\n"},
	/* a name gets its own again */
	{"network 10.99.0.0/16\nmember 1 a 10.99.0.77\nmember 9 b 10.99.0.3\n",
	 "a\nc\n", "a 1 10.99.0.77\nc 10 10.99.0.10\n"},
	/* a small network: no address of its own, no broadcast */
	{"network 10.0.0.0/30\n", "a 200\nb 201\n",
	 "a 200 10.0.0.1\nb 201 10.0.0.2\n"},
	{"network 10.0.0.0/30\n", "a 200\nb 201\nc", NULL,
	 "members:3: c: 10.0.0.0/30 has no address left"},
	{"network 10.0.0.0/31\n", "a\nb", "a 1 10.0.0.1\nb 2 10.0.0.0\n"},
	{"network 10.99.0.0/16\n", "a 1 10.1.0.1", NULL,
	 "members:1: a: 10.1.0.1 is in none of the mesh's networks: write the length of its own behind it"},
	{"network 10.99.0.0/16\n", "a 1 10.1.0.1/24\n", "a 1 10.1.0.1/24\n"},
	{"network 10.99.0.0/16\nmember 7 b 10.99.0.7\n", "a 7", NULL,
	 "members:1: a: number 7 was given to b; leave it out"},
	{"network 10.99.0.0/16\nmember 7 b 10.99.0.7\n", "a 8 10.99.0.7", NULL,
	 "members:1: a: 10.99.0.7 was given to b"},
	{"network 10.99.0.0/16\nmember 7 b 10.99.0.7\n", "a 10.99.0.7", NULL,
	 "members:1: a: 10.99.0.7 was given to b"},
	/* the highest number was written by somebody: gaps are left */
	{"network 10.99.0.0/16\n", "a 4294967295\nb 2\nc\n",
	 "a 4294967295 10.99.0.1\nb 2 10.99.0.2\nc 1 10.99.0.3\n"},
	{"network 10.99.0.0/16\nmember 1 a hub 1\nmember 2 b hub 2\nmember 3 c hub 3\nmember 4 d hub 4\nmember 5 e hub 5\nmember 6 f hub 6\nmember 7 g hub 7\nmember 8 h hub 8\n",
	 "i hub h.example", NULL,
	 "members:1: i: all 8 hub numbers are given; a hub that is built anew keeps its name, and with it its number"},
};

static void test_assign(void **state)
{
	struct mesh_inventory inv;
	struct mesh_ledger ledger;
	struct mesh_bytes text;
	struct mesh_why why;
	size_t i, filled;
	char all[2048];
	int rc;

	for (i = 0; i < ROWS(assigned); i++) {
		print_message("# %zu\n", i);
		snprintf(all, sizeof(all), KEYS "%s", assigned[i].ledger);
		ledger_of(all, &ledger);
		assert_int_equal(parse(assigned[i].text, &inv, &why), 0);
		rc = mesh_assign(&inv, &ledger, &filled, &why);
		if (assigned[i].reason) {
			assert_int_equal(rc, -EINVAL);
			assert_string_equal(why.text, assigned[i].reason);
		} else {
			if (rc)
				fail_msg("%s", why.text);
			mesh_inventory_text(&inv, &text);
			assert_string_equal(text.b, assigned[i].filled);
			mesh_bytes_free(&text);
			/* and now there is nothing to fill in */
			assert_int_equal(
				mesh_assign(&inv, &ledger, &filled, &why), 0);
			assert_int_equal(filled, 0);
		}
		mesh_inventory_free(&inv);
		mesh_ledger_free(&ledger);
	}
}

/* Hub numbers go with the member, and are given once. */
static void test_hubs(void **state)
{
	struct mesh_inventory inv;
	struct mesh_ledger ledger;
	struct mesh_why why;
	size_t filled;

	ledger_of(KEYS "network 10.99.0.0/16\nmember 4 gone hub 1\n", &ledger);
	assert_int_equal(parse("a hub h\nb\nc hub i\n", &inv, &why), 0);
	assert_int_equal(mesh_assign(&inv, &ledger, &filled, &why), 0);
	assert_int_equal(mesh_ledger_name(&ledger, "a")->hub, 2);
	assert_int_equal(mesh_ledger_name(&ledger, "b")->hub, 0);
	assert_int_equal(mesh_ledger_name(&ledger, "c")->hub, 3);
	assert_int_equal(mesh_ledger_hub(&ledger), 4);
	mesh_inventory_free(&inv);
	mesh_ledger_free(&ledger);
}

/* Who is revoked does not come back under the old number by its name. */
static void test_revoked(void **state)
{
	struct mesh_inventory inv;
	struct mesh_ledger ledger;
	struct mesh_why why;
	size_t filled;

	ledger_of(KEYS "network 10.99.0.0/16\nmember 4 a 10.99.0.4\n", &ledger);
	ledger.given[0].revoked = true;
	assert_int_equal(parse("a\n", &inv, &why), 0);
	assert_int_equal(mesh_assign(&inv, &ledger, &filled, &why), 0);
	assert_int_equal(inv.members[0].number, 5);
	assert_int_equal(mesh_ledger_name(&ledger, "a")->number, 5);
	mesh_inventory_free(&inv);
	mesh_ledger_free(&ledger);
}

/*
 * Random histories: members come, go, come back, some with numbers and
 * addresses that a person wrote; after each step the ledger goes through its
 * file.  The oracle is a plain list of who ever had what.
 */
struct had {
	char name[8];
	char what[WG_ADDR_STRLEN];
};

static struct had had[4096];
static size_t n_had;

static void remember(const char *name, const char *what)
{
	size_t i;

	for (i = 0; i < n_had; i++)
		if (strcmp(had[i].what, what) == 0) {
			if (strcmp(had[i].name, name))
				fail_msg("%s is %s's, and was %s's", what, name,
					 had[i].name);
			return;
		}
	assert_true(n_had < ROWS(had));
	snprintf(had[n_had].name, sizeof(had->name), "%s", name);
	snprintf(had[n_had++].what, sizeof(had->what), "%s", what);
}

static void remember_all(const struct mesh_inventory *inv)
{
	char what[WG_ADDR_STRLEN];
	unsigned i, k;

	for (i = 0; i < inv->n_members; i++) {
		const struct mesh_member *m = &inv->members[i];

		snprintf(what, sizeof(what), "%u", m->number);
		remember(m->name, what);
		assert_true(m->n_addresses > 0);
		for (k = 0; k < m->n_addresses; k++)
			remember(m->name,
				 wg_addr_str(&m->addresses[k].addr, what));
	}
}

static void through_file(struct mesh_ledger *ledger)
{
	struct mesh_bytes first, second;
	struct mesh_ledger again;
	struct mesh_why why;

	mesh_ledger_text(ledger, &first);
	if (mesh_ledger_parse(&first, &again, &why))
		fail_msg("%s", why.text);
	mesh_ledger_text(&again, &second);
	assert_string_equal(first.b, second.b);
	mesh_bytes_free(&first);
	mesh_bytes_free(&second);
	mesh_ledger_free(ledger);
	*ledger = again;
}

static void random_members(char *text)
{
	char line[64];
	unsigned i;

	*text = '\0';
	for (i = 0; i < 12; i++) {
		if (random() % 3 == 0)
			continue;
		snprintf(line, sizeof(line), "n%u", i);
		if (random() % 16 == 0)
			sprintf(line + strlen(line), " %lu", 1 + random() % 40);
		if (random() % 16 == 0)
			sprintf(line + strlen(line), " 10.9.0.%lu",
				1 + random() % 60);
		strcat(strcat(text, line), "\n");
	}
}

static void test_history(void **state)
{
	unsigned seed = time(NULL), run, step, good = 0, bad = 0;

	print_message("# seed %u\n", seed);
	srandom(seed);
	for (run = 0; run < 100; run++) {
		struct mesh_ledger ledger;

		n_had = 0;
		ledger_of(KEYS "network 10.9.0.0/26\nnetwork fd00::/64\n",
			  &ledger);
		for (step = 0; step < 20; step++) {
			struct mesh_inventory inv;
			struct mesh_bytes saved;
			struct mesh_why why;
			char text[1024];
			size_t filled;

			random_members(text);
			if (parse(text, &inv, &why))
				continue; /* two the same */
			mesh_ledger_text(&ledger, &saved);
			if (!mesh_assign(&inv, &ledger, &filled, &why)) {
				good++;
				remember_all(&inv);
				through_file(&ledger);
			} else {
				/* as the tool: nothing of it is kept */
				bad++;
				mesh_ledger_free(&ledger);
				ledger_of(saved.b, &ledger);
			}
			mesh_bytes_free(&saved);
			mesh_inventory_free(&inv);
		}
		mesh_ledger_free(&ledger);
	}
	print_message("# %u taken, %u refused\n", good, bad);
	assert_true(good > 100 && bad > 100);
}

/*
 * Rows of words that a line could have, and some that it could not: whatever is
 * taken is written back as it was, and what is refused has a line.
 */
static void test_noise(void **state)
{
	static const char *const words[] = {
		"a",
		"b1",
		"c",
		"hub",
		"prefix",
		"le",
		"door",
		"7",
		"4294967295",
		"10.0.0.1",
		"10.0.0.2/24",
		"10.0.0.0/8",
		"0.0.0.0/0",
		"::/0",
		"2001:db8::/32",
		"2001:db8::9",
		"24",
		"128",
		"h.example",
		"#",
		"\n",
		"\n",
		"\n",
		"\t",
		"",
		"/",
		"\x01",
		"\xff",
		"-1",
		"99999999999",
	};
	unsigned seed = time(NULL), run, i, taken = 0, line, lines;

	print_message("# seed %u\n", seed);
	srandom(seed);
	for (run = 0; run < 50000; run++) {
		struct mesh_inventory inv;
		struct mesh_bytes back;
		struct mesh_why why;
		char text[1024] = "";

		for (i = random() % 12; i; i--)
			strcat(strcat(text, words[random() % ROWS(words)]),
			       " ");
		strcat(text, "\n");
		for (i = lines = 0; text[i]; i++)
			lines += text[i] == '\n';
		if (parse(text, &inv, &why)) {
			assert_int_equal(
				sscanf(why.text, "members:%u: ", &line), 1);
			assert_in_range(line, 1, lines);
			for (i = 0; why.text[i]; i++)
				assert_in_range(why.text[i], ' ', '~');
			continue;
		}
		taken++;
		mesh_inventory_text(&inv, &back);
		assert_string_equal(back.b, text);
		mesh_bytes_free(&back);
		mesh_inventory_free(&inv);
	}
	print_message("# %u taken\n", taken);
	assert_in_range(taken, 1000, 49000);
}

/* --- the ledger's file */

static const struct {
	const char *text, *reason;
} ledgers[] = {
	{"", "ledger:1: the file ends without"},
	{"network 10.99.0.0/16\n", "ledger:2: the file ends without"},
	{"network 10.99.0.1/16\n", "ledger:1: not a network"},
	{"network\n", "ledger:1: not a network"},
	{"network 0.0.0.0/0\n", "ledger:1: not a network"},
	{"network 10.1.0.0/16\nnetwork 10.0.0.0/8\n",
	 "ledger:2: a network that overlaps another one"},
	{"network 10.0.0.0/16 x\n", "ledger:1: words too many"},
	{"nonsense 1\n", "ledger:1: a word that no ledger has"},
	{"recovery abc\n", "ledger:1: not a key"},
	{KEYS KEYS, "ledger:3: stands twice"},
	{"serial -1\n", "ledger:1: no number"},
	{"serial 4294967296\n", "ledger:1: no number"},
	{"list\n", "ledger:1: no number"},
	{"authority x\n", "ledger:1: no number"},
	{"member 0 a\n", "ledger:1: not a number"},
	{"member 1\n", "ledger:1: not a name"},
	{"member 1 /\n", "ledger:1: not a name"},
	{"member 1 a\nmember 1 b\n",
	 "ledger:2: a number that was given already"},
	{"member 1 a 10.0.0.1\nmember 2 b 10.0.0.1\n",
	 "ledger:2: an address that was given already"},
	{"member 1 a hub 9\n", "ledger:1: not a hub number"},
	{"member 1 a hub\n", "ledger:1: not a hub number"},
	{"member 1 a x\n", "ledger:1: not an address"},
};

static void test_ledger(void **state)
{
	struct mesh_ledger ledger = {.serial = 7};
	struct mesh_why why;
	size_t i;

	for (i = 0; i < ROWS(ledgers); i++) {
		const struct mesh_bytes bytes = {(char *)ledgers[i].text,
						 strlen(ledgers[i].text)};

		print_message("# %zu\n", i);
		assert_int_equal(mesh_ledger_parse(&bytes, &ledger, &why),
				 -EINVAL);
		if (strncmp(why.text, ledgers[i].reason,
			    strlen(ledgers[i].reason)))
			fail_msg("%s", why.text);
		assert_int_equal(ledger.serial, 7);
	}
}

/* --- warnings */

static const struct {
	const char *text;
	const char *warnings; /* each with a newline */
} overlaps[] = {
	{"a prefix 10.0.0.0/8\nb prefix 11.0.0.0/8", ""},
	{"a prefix 10.0.0.0/8 prefix 10.1.0.0/16", ""},
	{"a prefix 0.0.0.0/0\nb prefix 10.0.0.0/8\nc prefix 0.0.0.0/0", ""},
	{"a prefix 0.0.0.0/0 le 32",
	 "members:1: 0.0.0.0/0 le 32 lets a have any prefix of others up to /32\n"},
	{"a prefix 10.1.0.0/16\nb prefix 10.0.0.0/8",
	 "members:2: 10.0.0.0/8 of b covers 10.1.0.0/16 of a (line 1)\n"},
	{"a prefix 10.1.0.0/16\n\nb prefix 10.1.0.0/16",
	 "members:1: 10.1.0.0/16 of a covers 10.1.0.0/16 of b (line 3)\n"},
	{"a 1 10.9.0.1/16\nb 2 10.9.0.2/16 prefix 10.9.0.0/24",
	 "members:2: 10.9.0.0/24 of b covers 10.9.0.1 of a (line 1)\n"},
	{"a prefix 10.0.0.0/8\nb prefix 10.1.0.0/16\nc prefix 10.1.2.0/24\nd prefix 10.2.0.0/16",
	 "members:1: 10.0.0.0/8 of a covers 10.1.0.0/16 of b (line 2)\n"
	 "members:1: 10.0.0.0/8 of a covers 10.1.2.0/24 of c (line 3)\n"
	 "members:2: 10.1.0.0/16 of b covers 10.1.2.0/24 of c (line 3)\n"
	 "members:1: 10.0.0.0/8 of a covers 10.2.0.0/16 of d (line 4)\n"},
	{"a prefix 2001:db8::/32\nb prefix 2001:db8:1::/48",
	 "members:1: 2001:db8::/32 of a covers 2001:db8:1::/48 of b (line 2)\n"},
};

static void note(void *arg, const char *text)
{
	strcat(strcat(arg, text), "\n");
}

static void test_overlaps(void **state)
{
	char warnings[4096];
	struct mesh_inventory inv;
	struct mesh_why why;
	size_t i, n, k, lines;

	for (i = 0; i < ROWS(overlaps); i++) {
		*warnings = '\0';
		print_message("# %zu\n", i);
		assert_int_equal(parse(overlaps[i].text, &inv, &why), 0);
		n = mesh_overlaps(&inv, note, warnings);
		assert_string_equal(warnings, overlaps[i].warnings);
		for (k = lines = 0; warnings[k]; k++)
			lines += warnings[k] == '\n';
		assert_int_equal(n, lines);
		mesh_inventory_free(&inv);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_fields),
		cmocka_unit_test(test_assign),	 cmocka_unit_test(test_hubs),
		cmocka_unit_test(test_revoked),	 cmocka_unit_test(test_history),
		cmocka_unit_test(test_noise),	 cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_overlaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
