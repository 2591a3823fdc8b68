/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getopt_long(3) with a table of the command's own, so an option that is
 * another command's is refused.  No option has a short form: they are rare, and
 * their long names can be read in a script a year later.
 */
#include "wgd-mesh/mesh_args.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/core/wg_item_value.h"

static const struct {
	const char *name, *value, *what;
	bool repeats;
} options[MESH_OPTIONS] = {
	[MESH_ADDRESS] = {"address", "ADDRESS",
			  "its address; may be given four times", true},
	[MESH_ALL] = {"all", NULL, "everybody who was never invited or signed"},
	[MESH_CLOCK] = {"clock-is-right", NULL,
			"go on though later things were signed already"},
	[MESH_CONFIG] = {"config", "FILE",
			 "the startup file; default /etc/frr/frr.conf"},
	[MESH_DOOR_PORT] = {"door", "PORT", "UDP port of the hub's door"},
	[MESH_FOR] = {"for", "TIME",
		      "how long it is good: 90m, 12h, 3d; default 72h"},
	[MESH_HUB] = {"hub", "HOST",
		      "it is a hub, and this its address or name"},
	[MESH_JSON] = {"json", NULL, "for programs"},
	[MESH_KEY_FILE] = {"mesh-key-file", "FILE",
			   "the paper's rows of the mesh are in FILE"},
	[MESH_MEMORY] =
		{"memory", "MIB",
		 "what a guess of the passphrase costs, 8 to 4096 MiB; default 256"},
	[MESH_MESH] = {"mesh", "NAME",
		       "what the mesh is called on this machine"},
	[MESH_MESH_NAME] =
		{"mesh-name", "NAME",
		 "what sites are to call the mesh; default: the folder's name"},
	[MESH_NETWORK] = {"network", "PREFIX",
			  "addresses are from this; may be given four times",
			  true},
	[MESH_NEW_KEY] =
		{"new-key", NULL,
		 "go on though the interface has peers: they must be told its new key"},
	[MESH_NEW_PASSPHRASE] = {"new-passphrase-file", "FILE",
				 "the new one is FILE's first line"},
	[MESH_NUMBER] = {"number", "N", "its number"},
	[MESH_OUT] = {"out", "FOLDER", "a file for each, FOLDER/NAME, 0600"},
	[MESH_PASSPHRASE] =
		{"passphrase-file", "FILE",
		 "the passphrase is FILE's first line; /dev/fd/N is one, too"},
	[MESH_PREFIX] =
		{"prefix", "'P[ le N]'",
		 "it may have P, and what is in P up to /N; may be given often",
		 true},
	[MESH_QR] = {"qr", NULL, "draw it, too, for a camera"},
	[MESH_RECOVERY] = {"recovery-file", "FILE",
			   "the paper's rows of the recovery key are in FILE"},
	[MESH_STATE] = {"state", "FOLDER",
			"wgd's state; default /var/lib/frr/wireguard"},
	[MESH_VOID] =
		{"void", NULL,
		 "all that earlier authorities signed is void: after a theft"},
	[MESH_VTYSH] = {"vtysh", "PROGRAM", "default: vtysh, by the PATH"},
	[MESH_WAIT] = {"wait", "SECONDS",
		       "how long to wait for the mesh, 0 to 3600; default 30"},
};

#define HELP MESH_OPTIONS

int mesh_name_check(const char *what, const char *name, char *ret,
		    struct mesh_why *why)
{
	const struct wg_item_tlv tlv = {WG_ITEM_MESH_NAME,
					{(const uint8_t *)name, strlen(name)}};

	if (wg_item_value_check(&tlv))
		return mesh_because(
			why, MESH_USAGE,
			"%s: no name of a mesh, which is 1 to 63 of A-Z a-z 0-9 _ . - and begins with none of the last two",
			what);
	strcpy(ret, name);
	return 0;
}

const char *mesh_args_value(const struct mesh_args *args,
			    enum mesh_option option)
{
	return args->given[option] ? args->value[option][0] : NULL;
}

static void help(const struct mesh_command *c)
{
	char left[64];
	unsigned i;

	printf("usage: wgd-mesh %s [OPTION...] %s%s%s\n\n%s.\n%s\n", c->name,
	       c->subject, *c->words ? " " : "", c->words, c->what, c->more);
	for (i = 0; i < MESH_OPTIONS; i++) {
		if (!(c->options & 1u << i))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", options[i].name,
			 options[i].value ? " " : "",
			 options[i].value ? options[i].value : "");
		printf("  %-26s  %s\n", left, options[i].what);
	}
	printf("  %-26s  %s\n", "--help", "print this and exit");
}

static int usage(const struct mesh_command *c, struct mesh_why *why,
		 const char *what, const char *which)
{
	return mesh_because(why, MESH_USAGE, "%s: %s%s; see wgd-mesh %s --help",
			    c->name, what, which, c->name);
}

static int take(const struct mesh_command *c, unsigned option,
		struct mesh_args *args, struct mesh_why *why)
{
	unsigned most = options[option].repeats ? MESH_TIMES : 1;

	if (args->given[option] == most)
		return usage(c, why, "too often: --", options[option].name);
	args->value[option][args->given[option]++] = optarg ? optarg : "";
	return 0;
}

int mesh_args_parse(const struct mesh_command *c, int argc, char **argv,
		    struct mesh_args *ret, struct mesh_why *why)
{
	struct option table[MESH_OPTIONS + 2] = {{"help", 0, NULL, HELP}};
	struct mesh_args args = {0};
	unsigned i, n = 1;
	int option;

	for (i = 0; i < MESH_OPTIONS; i++)
		if (c->options & 1u << i)
			table[n++] = (struct option){options[i].name,
						     options[i].value != NULL,
						     NULL, i};
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":", table, NULL)) >= 0) {
		if (option == '?')
			return usage(c, why,
				     "no such option: ", argv[optind - 1]);
		if (option == ':')
			return usage(c, why, "a value is missing behind ",
				     argv[optind - 1]);
		if (option == HELP) {
			help(c);
			return 1;
		}
		if (take(c, option, &args, why))
			return MESH_USAGE;
	}
	if (optind == argc || !*argv[optind])
		return usage(c, why, "missing: ", c->subject);
	args.subject = argv[optind++];
	args.words = argv + optind;
	args.n_words = argc - optind;
	if (args.n_words < c->least)
		return usage(c, why, "missing: ", c->words);
	if (args.n_words > c->most)
		return usage(c, why, "one too many: ", args.words[c->most]);
	*ret = args;
	return 0;
}

/* --- values */

int mesh_args_number(const struct mesh_args *args, enum mesh_option option,
		     uint32_t least, uint32_t most, uint32_t *ret,
		     struct mesh_why *why)
{
	const char *text = mesh_args_value(args, option);
	unsigned long long n;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < least ||
	    n > most)
		return mesh_because(why, MESH_USAGE,
				    "--%s %.40s: not a number from %u to %u",
				    options[option].name, text, least, most);
	*ret = n;
	return 0;
}

int mesh_args_time(const struct mesh_args *args, enum mesh_option option,
		   uint32_t *ret, struct mesh_why *why)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}};
	const char *text = mesh_args_value(args, option);
	unsigned long n;
	uint32_t seconds = 0;
	unsigned i;
	char *end;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	for (i = 0; i < 3; i++)
		if (*end == units[i].unit && !end[1])
			seconds = units[i].seconds;
	if (*text < '0' || *text > '9' || !seconds || !n ||
	    n > 30ul * 86400 / seconds)
		return mesh_because(
			why, MESH_USAGE,
			"--%s %.40s: not a time such as 90m, 12h or 3d, of at most 30 days",
			options[option].name, text);
	*ret = n * seconds;
	return 0;
}
